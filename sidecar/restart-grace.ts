/**
 * `strongswan.restart_grace_ms`: a charon that is gone may come back (a crash that systemd mends, an upgrade), and with
 * kernel ESP its sessions go on meanwhile. For so long what stands is kept. Pure.
 *
 * It buys no trust: evidence does not get fresher, so the lease ends it in any case when the last proof that charon
 * lives is older than lease.max_age_seconds. And it is no cover for a charon that crashes again and again.
 */
import type { PrefixState } from './prefix.ts';
import type { Cause, CheckPolicy, CheckState } from './verdict.ts';

/** A charon that goes again sooner than this gets no second grace. */
export const GRACE_AGAIN_MS = 60_000;

type States = ReadonlyMap<string, CheckState>;
type Policies = ReadonlyMap<string, CheckPolicy>;

/** When charon went, last time that a grace began; undefined: long ago. */
export function graceSince(
  since: number | undefined,
  before: States,
  after: States,
  policies: Policies,
  now: number,
): number | undefined {
  if (since !== undefined && now < since + GRACE_AGAIN_MS) return since;
  return isGone(after, policies) && !isGone(before, policies) ? now : undefined;
}

/** Nothing of class gone but what a restart of charon passes through; of less, all may be a consequence of it. */
export const isRestarting = (names: readonly string[], states: States): boolean =>
  names.every((name) => {
    const down = states.get(name)?.down;
    return down?.class !== 'gone' || down.reason === 'charon-gone' || down.reason === 'no-connections';
  });

const isGone = (states: States, policies: Policies): boolean =>
  [...policies].some(([name, { proves }]) => proves && states.get(name)?.down?.reason === 'charon-gone');

export const isHeld = ({ reason }: PrefixState): boolean => reason === 'restart-grace';

/** For the journal: the phase stays, and somebody should know all the same. */
export const graceCause = ({ cause }: PrefixState): Cause => ({
  class: 'advisory',
  ...cause,
  reason: 'restart-grace',
});
