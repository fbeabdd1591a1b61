/** When the guard has to look again, and which of ExaBGP's answers is late. */
import type { GuardLimits, GuardState } from './guard-state.ts';
import type { Pending } from './reconcile.ts';

/** When a draining guard takes the pipe for quiet: after a silence, or after so much noise. */
export const drainedAt = ({ replyAt, phaseAt }: GuardState, { quietMs }: GuardLimits): number =>
  Math.min(replyAt + quietMs, phaseAt + 10 * quietMs);

/** The oldest command that should have been answered by now. */
export const latePending = (state: GuardState, now: number, limits: GuardLimits): Pending | undefined =>
  state.ledger.pending.find((pending) => now >= deadline(state, pending, limits));

/** When a `tick` is due at the latest; undefined when there is nothing to wait for. */
export function wakeAt(state: GuardState, limits: GuardLimits): number | undefined {
  const { phase, replyAt, lease, ledger } = state;
  if (phase === 'killing') return undefined;
  const times = ledger.pending.map((pending) => deadline(state, pending, limits));
  if (phase === 'draining') times.push(drainedAt(state, limits));
  if (phase === 'open' && ledger.pending.length === 0) times.push(replyAt + limits.probeEveryMs);
  if (lease.until !== undefined) times.push(lease.until);
  // While as many announcements as may be are unanswered, the next answer wakes us, not the clock.
  const full = ledger.pending.filter(({ kind }) => kind === 'announce').length >= limits.unackedMaximum;
  for (const { state: route, retryAt } of ledger.routes.values()) {
    if (!full && route === 'refused' && retryAt !== undefined) times.push(retryAt);
  }
  return times.length === 0 ? undefined : Math.min(...times);
}

function deadline({ phase }: GuardState, { kind, at }: Pending, limits: GuardLimits): number {
  if (phase !== 'open') return at + limits.coldSilenceMs;
  return at + (kind === 'withdraw' || kind === 'clear' ? limits.ackDeadlineMs : limits.silenceMs);
}
