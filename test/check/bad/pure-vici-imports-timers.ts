// file: health/vici/message.ts
// tool: lint
// says: a pure file does no I/O
import { setTimeout as sleep } from 'node:timers/promises';
export const bad = sleep;
