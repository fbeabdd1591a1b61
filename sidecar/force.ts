/**
 * What an operator's order makes of a prefix. Pure.
 *
 * The machine of prefix.ts goes on beneath it as if there were no order, so that the checks decide at once when
 * the order ends, with no hold-down for what a person did, and `explain` can say what they would do meanwhile.
 *
 *   withdraw   nothing is announced, whatever the checks say
 *   announce   announced with the normal attributes, whatever the checks say; only two things beat it, since
 *              no order makes them better: charon gone, and no fresh proof that it lives (the guard would
 *              refuse such a lease anyway)
 */
import type { Intent } from './intent.ts';
import { noFlaps } from './flap.ts';
import { holdsRoute, type PrefixState } from './prefix.ts';
import type { Cause, Verdict } from './verdict.ts';

/** The prefix as its checks alone would have it: neither forced nor drained. */
export const unforced = (shown: PrefixState): PrefixState =>
  shown.force?.checks ?? shown.drain?.checks ?? shown;

/** The order that decides now; none while something beats it. */
export const inForce = ({ force }: PrefixState): Intent | undefined =>
  force?.isInEffect === true ? force.intent : undefined;

/** The same without what it has flapped, beneath an order too. */
export const withoutFlaps = (shown: PrefixState, now: number): PrefixState => {
  const forgiven = (of: PrefixState): PrefixState => ({ ...of, ...noFlaps(now) });
  const { force, drain } = shown;
  return {
    ...forgiven(shown),
    ...(force === undefined ? {} : { force: { ...force, checks: forgiven(force.checks) } }),
    ...(drain === undefined ? {} : { drain: { checks: forgiven(drain.checks) } }),
  };
};

/**
 * `own`: where the checks, and a drain above them, have it after this step. `shown`: what was in effect before it.
 * `isProved`: charon was proved alive within lease.max_age_seconds; `canAnnounce`: the guard is there.
 */
export function underForce(
  shown: PrefixState,
  own: PrefixState,
  intent: Intent | undefined,
  verdict: Verdict,
  { canAnnounce, isProved }: { readonly canAnnounce: boolean; readonly isProved: boolean },
  now: number,
): PrefixState {
  if (intent === undefined) {
    const isUnordered = shown.force === undefined && shown.drain === undefined && own.drain === undefined;
    return isUnordered ? own : takeOver(shown, own, undefined, now);
  }
  const isInEffect =
    intent.verb === 'withdraw' ||
    (verdict.class !== 'gone' && isProved && (canAnnounce || holdsRoute(shown)));
  const force = { intent, checks: unforced(own), isInEffect };
  if (!isInEffect) return takeOver(shown, own, force, now);
  const cause = forcedCause(intent);
  const phase = intent.verb === 'announce' ? 'announced' : 'withdrawn';
  return takeOver(
    shown,
    { ...own, phase, reason: cause.reason, cause, yielding: false, inherited: [] },
    force,
    now,
  );
}

const forcedCause = ({ verb, who, reason }: Intent): Cause => ({
  reason: verb === 'announce' ? 'forced-announce' : 'forced-withdraw',
  class: 'advisory',
  value: `${who}: ${reason}`,
});

/** What it stands by when an order begins or ends: what is the case now, but for what has a token of its own. */
const standsBy = ({ reason, cause, enteredBy }: PrefixState): Cause | undefined =>
  reason === 'last-gateway' || reason === 'flap-hold' || reason === 'yielding'
    ? enteredBy
    : (cause ?? enteredBy);

function takeOver(
  shown: PrefixState,
  next: PrefixState,
  force: PrefixState['force'],
  now: number,
): PrefixState {
  // `cold` means that nothing was announced yet, which an order may have changed.
  const phase = next.phase === 'cold' && shown.phase !== 'cold' ? 'withdrawn' : next.phase;
  const after = { ...next, phase, force };
  const begins = shown.phase !== phase || inForce(shown) !== inForce(after);
  if (!begins) return { ...after, since: shown.since, enteredBy: shown.enteredBy };
  // An adoption ends by its own clock, which began when the predecessor's route was found.
  return { ...after, since: phase === 'adopted' ? next.since : now, enteredBy: standsBy(next) };
}
