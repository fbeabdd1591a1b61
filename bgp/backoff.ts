/**
 * How long to wait before the next try: doubling, with jitter, from the start again after a stable time.
 * Pure: the caller brings the clock and the random number.
 */

export interface BackoffLimits {
  readonly firstMs: number;
  readonly maximumMs: number;
  /** A run that lasted this long counts as good: the next wait is the first one again. */
  readonly stableMs: number;
}

/** How many failures in a row; 0 at the start. */
export type BackoffState = number;

/**
 * The wait after a run of `ranMs` that failed. `random` is in 0..1; the wait lies between half and all of
 * the doubled step, so that many gateways that failed together do not come back together.
 */
export function nextDelay(
  failures: BackoffState,
  ranMs: number,
  random: number,
  limits: BackoffLimits,
): { readonly failures: BackoffState; readonly delayMs: number } {
  const before = ranMs >= limits.stableMs ? 0 : failures;
  // 2^30 is beyond every maximum; the cap keeps a long row of failures from running to Infinity.
  const step = Math.min(limits.maximumMs, limits.firstMs * 2 ** Math.min(before, 30));
  return { failures: before + 1, delayMs: (step * (1 + random)) / 2 };
}
