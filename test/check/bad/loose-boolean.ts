// file: sidecar/bad.ts
// tool: lint
// says: strict-boolean-expressions
export const bad = (name: string | undefined): string => (name ? name : 'none');
