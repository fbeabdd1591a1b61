// file: bgp/lease.ts
// tool: lint
// says: a pure file does no I/O
import { spawn } from 'node:child_process';
export const bad = spawn;
