/**
 * What may be left of the time before this gateway was withdrawn. Its clients may be at another gateway by now, where
 * nobody knows these IKE_SAs, so that they end one by one by dead peer detection: no news. Pure.
 */

/** What is remembered of a withdrawal. */
export interface Withdrawal {
  /** The last look at which nothing was announced, monotonic milliseconds. */
  readonly withdrawnAt: number;
  /** The fewest of each that were seen since then: at most so many are left of those from before it. */
  readonly stale: ReadonlyMap<string, number>;
}

export const NEVER_WITHDRAWN: Withdrawal = { withdrawnAt: -Infinity, stale: new Map() };

/**
 * How many of each count may be from before the withdrawal; those that came since are at least the rest. Empty
 * `windowMs` after it: what is left then is alive.
 */
export function staleOf(
  counts: readonly { readonly key: string; readonly seen: number }[],
  { withdrawnAt, stale }: Withdrawal,
  at: number,
  windowMs: number,
): Withdrawal['stale'] {
  if (at - withdrawnAt > windowMs) return NEVER_WITHDRAWN.stale;
  return new Map(counts.map(({ key, seen }) => [key, Math.min(stale.get(key) ?? seen, seen)]));
}
