// file: bgp/guard.ts
// tool: lint
// says: imports node: and its own files only
import { pino } from 'pino';
export const bad = pino;
