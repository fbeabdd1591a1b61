// file: health/vici/bad.ts
// tool: lint
// says: health/vici/ is a package of its own
import type { Result } from '../check.ts';
export const bad = (result: Result): string => result.check;
