/** One step as seen from outside, and where it leaves a prefix. */
import type { Event, Policy, State } from '../../sidecar/decision.ts';
import type { StepAll } from '../../sidecar/step-all.ts';

/** One step of the decision as seen from outside; `look` is a moment at which nothing happened. */
export interface Moment {
  readonly event: Event | { readonly type: 'look' };
  readonly policy: Policy;
  readonly now: number;
  readonly effects: StepAll['effects'];
  readonly wakeAt: number | undefined;
  readonly state: State;
  /** The same story without any order of an operator; undefined as long as there was none. */
  readonly unordered: State | undefined;
}

/** Where a prefix stands: what it announces, if anything. */
export type Standing = 'none' | 'inherited' | 'announced' | 'degraded' | 'draining';

export const standingOf = (phase: string | undefined): Standing => {
  if (phase === 'announced' || phase === 'degraded' || phase === 'draining') return phase;
  return phase === 'adopted' ? 'inherited' : 'none';
};
