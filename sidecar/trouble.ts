/**
 * Which checks of a prefix are not well, sorted by what that means: those that stand under its one cause, and
 * those that are something else. Pure.
 */
import type { Class } from '../health/reason.ts';
import type { Policy, State } from './decision.ts';
import type { PrefixPolicy } from './prefix.ts';
import { REASONS, type Reason } from './reason.ts';
import {
  causeBehind,
  causeOf,
  isStale,
  stale,
  type Cause,
  type CheckPolicy,
  type CheckState,
} from './verdict.ts';

/** One check that is not well, as people and tools are shown it. */
export interface Trouble {
  readonly check: string;
  readonly reason: Reason;
  readonly class: Class;
  readonly sentence: string;
  readonly value?: string;
  /** The check that is down and that this one depends on, directly or through others. */
  readonly depends_on?: string;
}

export interface Troubles {
  /** They say nothing of their own: mend the cause, and they follow. */
  readonly consequences: readonly Trouble[];
  /** They fail for themselves, and would stand there without the cause too; none is worse than it. */
  readonly others: readonly Trouble[];
}

/** `cause`: what the checks of this prefix are judged by now. */
export function troublesOf(
  rule: PrefixPolicy,
  cause: Cause | undefined,
  { checks: states }: State,
  { checks: policies }: Policy,
  now: number,
): Troubles {
  const consequences: Trouble[] = [];
  const others: Trouble[] = [];
  for (const check of rule.checks) {
    const state = states.get(check);
    const policy = policies.get(check);
    if (state === undefined || policy === undefined || check === cause?.check) continue;
    const behind = causeBehind(check, states, policies);
    const own = state.down ?? (isStale(state, policy, now) ? stale(check, policy, state.result) : undefined);
    if (behind !== undefined) {
      const said = own ?? lastWord(state, policy);
      if (said !== undefined) consequences.push({ ...troubleOf(check, said), depends_on: behind });
    } else if (own !== undefined) {
      const isWitness = cause?.reason === 'both-planes-silent' && WITNESSES.has(own.reason);
      (isWitness ? consequences : others).push(troubleOf(check, own));
    }
  }
  return { consequences, others };
}

/** What both planes being silent is made of. */
const WITNESSES: ReadonlySet<Reason> = new Set(['vici-silent', 'ike-silent']);

const lastWord = ({ result }: CheckState, policy: CheckPolicy): Cause | undefined =>
  result === undefined || result.verdict === 'pass' ? undefined : causeOf(result, policy);

const troubleOf = (check: string, { reason, class: level, value }: Cause): Trouble => ({
  check,
  reason,
  class: level,
  sentence: REASONS[reason].sentence,
  ...(value === undefined ? {} : { value }),
});
