// file: health/bad.ts
// tool: types
// says: Type 'string' is not assignable to type 'number'
export const bad: number = 'one';
