/** What would change the state of a prefix next, one sentence each: for `explain`. Pure. */
import { isUp } from '../health/hysteresis.ts';
import { duration } from './duration.ts';
import type { Policy, State } from './decision.ts';
import { unforced } from './force.ts';

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
  const at = unforced(shown);
  for (const name of rule.checks) {
    const [check, limits] = [state.checks.get(name), policy.checks.get(name)];
    if (check === undefined || limits === undefined || isUp(check.level, limits)) continue;
    if (check.down === undefined && !limits.required) continue;
    const missing = limits.rise - check.level;
    steps.push(`${name} passes ${missing === 1 ? 'once more' : `${missing} times in a row`}`);
  }
  if (at.holdUntil > now && at.phase !== 'announced') {
    steps.push(`the hold-down ends in ${inWords(at.holdUntil - now)}`);
  }
  if (at.phase === 'cold' && state.lease === undefined) steps.push('the guard answers on the lease socket');
  if (at.phase === 'adopted') {
    steps.push(`withdrawn in ${inWords(at.since + policy.lease.handoverMs - now)} unless earned before`);
  }
  return steps;
}

const inWords = (ms: number): string => duration(ms / 1000);
