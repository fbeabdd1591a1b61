// file: health/checks/bad.ts
// tool: lint
// says: health/ may not import bgp or sidecar/
import type { Announcement } from '../../bgp/announcement.ts';
export const bad = (a: Announcement): string => a.prefix;
