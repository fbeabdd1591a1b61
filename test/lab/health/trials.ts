/** Every trial of `lab health`, in the order in which they run. */
import { isCheckType, type CheckTypeName } from '../../../health/registry.ts';
import { LabError } from '../lab-error.ts';
import { CHARON_TRIALS } from './trials-charon.ts';
import { HOST_TRIALS } from './trials-host.ts';
import { PATH_TRIALS } from './trials-path.ts';
import { ROUTING_TRIALS } from './trials-routing.ts';
import { SESSION_TRIALS } from './trials-sessions.ts';
import type { Trial } from './trial.ts';

export const TRIALS: readonly Trial[] = [
  ...SESSION_TRIALS,
  ...CHARON_TRIALS,
  ...PATH_TRIALS,
  ...HOST_TRIALS,
  ...ROUTING_TRIALS,
];

/** The type of the check that a trial is about: that of its own entry, or of the lab's configuration. */
export function typeOf({ check }: Pick<Trial, 'check'>): CheckTypeName {
  const type = check.startsWith('ike-') ? 'ike-probe' : check;
  if (!isCheckType(type)) throw new Error(`trial of check ${check}: there is no type "${type}"`);
  return type;
}

/**
 * By names of checks, their types, or, if it is none of these, words of causes.
 * @throws LabError naming the checks there are, also if only one of the texts fits nothing
 */
export function chooseTrials(only: readonly string[] | undefined): readonly Trial[] {
  if (only === undefined) return TRIALS;
  const isCalled = (trial: Trial, text: string): boolean => trial.check === text || typeOf(trial) === text;
  const fitting = only.map((text) => {
    const called = TRIALS.filter((trial) => isCalled(trial, text));
    return called.length > 0 || text === '' ? called : TRIALS.filter(({ cause }) => cause.includes(text));
  });
  const lost = only.filter((_, index) => fitting[index]?.length === 0);
  if (lost.length > 0) {
    const names = [...new Set(TRIALS.map(({ check }) => check))].join(', ');
    throw new LabError('LAB_ARGUMENT', `no trial is of "${lost.join('", "')}"; there are: ${names}`);
  }
  return TRIALS.filter((trial) => fitting.some((trials) => trials.includes(trial)));
}
