// file: health/bad.ts
// tool: lint
// says: health/ may not import bgp or sidecar/
import type { Reason } from '../sidecar/reason.ts';
export const bad = (reason: Reason): string => reason;
