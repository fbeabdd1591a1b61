// file: health/hysteresis.ts
// tool: lint
// says: a pure file does no I/O
import { connect } from 'node:net';
export const bad = connect;
