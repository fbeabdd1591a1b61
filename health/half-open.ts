/** How many logins are under way, and charon's counters beside it: what the checks of half-open IKE_SAs look at. */
import type { CharonLink } from './charon-link.ts';
import { askCounters } from './counters.ts';
import type { Down } from './down.ts';
import type { Counters } from './strongswan.ts';

export interface HalfOpenLook {
  readonly kind: 'seen';
  /** When it was asked for, monotonic milliseconds. */
  readonly at: number;
  /** When charon started, wall clock in milliseconds. */
  readonly startedAt: number;
  readonly halfOpen: number;
  /** undefined without the plugin `counters`. */
  readonly counters: Counters | undefined;
}

/** An answer this young need not be asked for again. */
const FRESH_MS = 500;

export async function lookAtHalfOpen(
  link: Pick<CharonLink, 'ask' | 'recent'>,
  at: number,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<HalfOpenLook | Down> {
  const [look, counters] = await Promise.all([
    link.recent(FRESH_MS, deadlineMs, signal),
    link.ask(askCounters, deadlineMs, signal),
  ]);
  if (look.kind !== 'answered') return look;
  if (counters.kind !== 'answered') return counters;
  const { startedAt, ikeSas } = look.snapshot.stats;
  return { kind: 'seen', at, startedAt, halfOpen: ikeSas.halfOpen, counters: counters.answer };
}
