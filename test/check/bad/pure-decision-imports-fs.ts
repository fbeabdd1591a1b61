// file: sidecar/decision.ts
// tool: lint
// says: a pure file does no I/O
import { readFileSync } from 'node:fs';
export const bad = readFileSync;
