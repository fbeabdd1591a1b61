/**
 * Rise and fall in one integer, 0..rise+fall-1 (keepalived's trick: no impossible combination exists).
 *
 *     0 … rise-1        down; a pass climbs, a fail snaps to 0
 *     rise … rise+fall-1  up; a fail sinks, a pass snaps to the top
 *
 * So `rise` and `fall` count consecutive results. Unknown moves nothing.
 */
import type { Verdict } from './check.ts';

export interface Thresholds {
  readonly rise: number;
  readonly fall: number;
}

/** The level a check starts from: down, so that it has to earn its rise. */
export const START_LEVEL = 0;

export function nextLevel(level: number, verdict: Verdict, { rise, fall }: Thresholds): number {
  const top = rise + fall - 1;
  if (verdict === 'unknown') return level;
  if (verdict === 'pass') return level + 1 >= rise ? top : level + 1;
  return level - 1 < rise ? 0 : level - 1;
}

export const isUp = (level: number, { rise }: Thresholds): boolean => level >= rise;

/** Between the ends: the next results decide, so they should come sooner. */
export const isMoving = (level: number, { rise, fall }: Thresholds): boolean =>
  level > 0 && level < rise + fall - 1;
