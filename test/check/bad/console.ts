// file: sidecar/bad.ts
// tool: lint
// says: no-console
console.log('to standard output');
export const bad = 1;
