// file: bgp/bad.ts
// tool: lint
// says: bgp/ may not import health or sidecar/
import type { Result } from '../health/check.ts';
export const bad = (result: Result): string => result.check;
