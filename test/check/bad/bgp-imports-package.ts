// file: bgp/guard.ts
// tool: lint
// says: imports node: and its own files only
import { parse } from 'ipaddr.js';
export const bad = parse;
