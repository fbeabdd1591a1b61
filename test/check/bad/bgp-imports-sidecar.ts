// file: bgp/backoff.ts
// tool: lint
// says: bgp/ may not import health or sidecar/
import type { Reason } from '../sidecar/reason.ts';
export const bad = (reason: Reason): string => reason;
