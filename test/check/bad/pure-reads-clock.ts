// file: sidecar/prefix.ts
// tool: lint
// says: a pure file has no clock and no timer
export const bad = (): number => Date.now();
