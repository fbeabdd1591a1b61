// file: health/bad.ts
// tool: types
// says: Type 'undefined' is not assignable to type 'string'
export const bad = (list: readonly string[]): string => list[0];
