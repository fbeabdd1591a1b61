/** One transition, as the log and the journal have it. Pure. */
import type { Transition } from './decision.ts';
import { explained } from './explained.ts';
import type { Phase } from './prefix.ts';
import type { Reason } from './reason.ts';

export interface TransitionStatus {
  readonly time: string;
  readonly prefix: string;
  readonly from: Phase;
  readonly to: Phase;
  readonly reason: Reason;
  readonly check?: string;
  readonly value?: string;
}

/** The token of a transition: without a cause nothing is wrong. */
export const transitionReason = ({ to, cause }: Transition): Reason =>
  cause?.reason ?? (to === 'adopted' ? 'adopted' : 'all-pass');

/** One transition as a log line: its level, its fields, its sentence. */
export function transitionLine(transition: Transition): {
  readonly level: 'info' | 'warn';
  readonly fields: object;
  readonly text: string;
} {
  const { prefix, from, to, cause } = transition;
  const why = explained(transitionReason(transition), cause);
  const isDown = to === 'withdrawn' || to === 'degraded';
  const level = isDown || WORTH_A_WARNING.has(why.reason) ? 'warn' : 'info';
  return { level, fields: { prefix, from, to, ...why }, text: `${prefix} ${to}: ${why.sentence}` };
}

/** Announced all the same, and somebody should know. */
const WORTH_A_WARNING: ReadonlySet<Reason> = new Set([
  'forced-announce',
  'forced-withdraw',
  'last-gateway',
  'restart-grace',
]);

export function transitionStatus(transition: Transition, time: string): TransitionStatus {
  const { prefix, from, to, cause } = transition;
  return {
    time,
    prefix,
    from,
    to,
    reason: transitionReason(transition),
    ...(cause?.check === undefined ? {} : { check: cause.check }),
    ...(cause?.value === undefined ? {} : { value: cause.value }),
  };
}
