/** What would change the state of a prefix next, one sentence each: for `explain`. Pure. */
import type { Class } from '../health/reason.ts';
import { isUp, type Thresholds } from '../health/hysteresis.ts';
import { duration } from './duration.ts';
import type { Policy, State } from './decision.ts';
import { activeOther, betterFor } from './fleet/better.ts';
import { isFlapHeld } from './flap.ts';
import { unforced } from './force.ts';
import type { PrefixPolicy, PrefixState } from './prefix.ts';
import { causeBehind, causeOf, isStale, type CheckPolicy, type CheckState } from './verdict.ts';

export function nextSteps(prefix: string, state: State, policy: Policy, now: number): string[] {
  const shown = state.prefixes.get(prefix);
  const rule = policy.prefixes.find((each) => each.prefix === prefix);
  if (shown === undefined || rule === undefined || state.stopping) return [];
  const steps: string[] = [];
  if (shown.force !== undefined) {
    const left = inWords(shown.force.intent.endsAt - now);
    steps.push(`the order ends in ${left}, or with \`swancast release\``);
    if (shown.force.isInEffect) return steps;
  }
  const { drain } = state.sessions;
  if (shown.drain !== undefined && drain !== undefined) {
    const { endsAt } = drain.intent;
    const end = endsAt === undefined ? '' : `in ${inWords(endsAt - now)}, or `;
    steps.push(`the checks decide again ${end}with \`swancast undrain\``);
    return steps;
  }
  const at = unforced(shown);
  let isProofAwaited = false;
  const mayStepDown = (level: Class): boolean =>
    policy.fleet === undefined ||
    betterFor(rule, policy.prefixes, { class: level, since: -Infinity }, state.fleet, policy.fleet, now) !==
      undefined;
  for (const name of rule.checks) {
    const [check, limits] = [state.checks.get(name), policy.checks.get(name)];
    // A consequence comes right by itself: only its cause is worth a step.
    if (check === undefined || limits === undefined) continue;
    if (causeBehind(name, state.checks, policy.checks) !== undefined) continue;
    const step = stepUp(name, check, limits, at, now) ?? stepDown(name, check, limits, at, now, mayStepDown);
    if (step === undefined) continue;
    steps.push(step);
    isProofAwaited ||= limits.proves;
  }
  if (at.cause?.reason === 'evidence-stale' && !isProofAwaited) {
    const proofs = [...policy.checks].flatMap(([name, { proves }]) => (proves ? [name] : []));
    steps.push(`charon is proved alive by a pass of ${proofs.join(' or ')}`);
  }
  if (at.holdUntil > now && at.phase !== 'announced') {
    steps.push(`the hold-down ends in ${inWords(at.holdUntil - now)}`);
  }
  if (isFlapHeld(at, now)) {
    const left = inWords(at.flapHoldUntil - now);
    steps.push(`the flap hold ends in ${left}, or with \`swancast release ${prefix}\``);
  }
  steps.push(...fleetSteps(rule, at, state, policy, now));
  if (hasNoRoute(at) && state.lease === undefined) steps.push('the guard answers on the lease socket');
  if (at.phase === 'adopted') {
    steps.push(`withdrawn in ${inWords(at.since + policy.lease.handoverMs - now)} unless earned before`);
  }
  return steps;
}

/** What the other gateways could change. */
function fleetSteps(
  rule: PrefixPolicy,
  at: PrefixState,
  { fleet: view }: State,
  { fleet, prefixes }: Policy,
  now: number,
): string[] {
  if (fleet === undefined) return [];
  if (at.yielding && at.phase === 'announced') {
    const holder = activeOther(view, rule.prefix, fleet, now) ?? 'every other gateway';
    return [`first choice again when ${holder} does not have the prefix any more`];
  }
  const level = at.verdict;
  if (level !== 'not-serving' && level !== 'impaired') return [];
  const worse = stateUnder(level) ?? 'degraded';
  const ours = { class: level, since: at.worseAt };
  const better = betterFor(rule, prefixes, ours, view, fleet, now);
  if (better === undefined) {
    if (view?.settled !== true) return ['every other gateway has been asked once'];
    return at.lastFor === undefined || at.phase === worse
      ? []
      : [`${worse} when another gateway announces it and is better off`];
  }
  return at.phase === worse ? [`it stands in when ${better} is lost or no better off any more`] : [];
}

const hasNoRoute = ({ phase }: PrefixState): boolean => phase === 'cold' || phase === 'withdrawn';

/** What this check has to do for a better state. */
function stepUp(
  name: string,
  check: CheckState,
  policy: CheckPolicy,
  { phase }: PrefixState,
  now: number,
): string | undefined {
  if (!isUp(check.level, policy) && (check.down !== undefined || policy.required)) {
    const missing = policy.rise - check.level;
    return `${name} passes ${missing === 1 ? 'once more' : `${missing} times in a row`}`;
  }
  if (isStale(check, policy, now)) return `${name} comes to an answer again`;
  const isAwaited = check.result === undefined && phase !== 'announced' && phase !== 'degraded';
  return isAwaited ? `${name} gives its first result` : undefined;
}

/** What this check is about to do for a worse one. */
function stepDown(
  name: string,
  check: CheckState,
  policy: CheckPolicy,
  { phase }: PrefixState,
  now: number,
  mayStepDown: (level: Class) => boolean,
): string | undefined {
  const { result } = check;
  if (result === undefined || result.verdict === 'pass' || phase === 'cold' || phase === 'withdrawn') return;
  if (result.verdict === 'unknown') {
    if (phase === 'degraded' || policy.class === 'advisory' || !mayStepDown('impaired')) return undefined;
    const left = duration((check.knownAt + policy.maxAgeMs - now) / 1000);
    return `degraded in ${left} unless ${name} comes to an answer before (${result.reason})`;
  }
  if (!isUp(check.level, policy)) return undefined;
  const level = causeOf(result, policy).class;
  const worse = stateUnder(level);
  if (worse === undefined || worse === phase || (level !== 'gone' && !mayStepDown(level))) return undefined;
  const left = failuresLeft(check.level, policy);
  return `${worse} if ${name} fails ${left === 1 ? 'once more' : `${left} more times`} (${result.reason})`;
}

/** How many failures in a row an upright check still bears, the last of which brings it down. */
const failuresLeft = (level: number, { rise }: Thresholds): number => level - rise + 1;

function stateUnder(level: Class): 'withdrawn' | 'degraded' | undefined {
  switch (level) {
    case 'gone':
    case 'not-serving':
      return 'withdrawn';
    case 'impaired':
      return 'degraded';
    case 'advisory':
      return undefined;
  }
}

const inWords = (ms: number): string => duration(ms / 1000);
