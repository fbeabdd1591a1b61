import { LabError } from '../lab-error.ts';
import { BREAKS } from './breaks.ts';
import { titleOf, type SessionExercise } from './exercise.ts';
import { GRACES } from './grace.ts';
import { MOVES } from './moves.ts';

/** In the order of the table; crash-grace is of interest in the virtual machine, and is not one of "all". */
export const SESSION_EXERCISES: readonly SessionExercise[] = [...MOVES, ...BREAKS];
const EVERY: readonly SessionExercise[] = [...SESSION_EXERCISES, ...GRACES];

/**
 * @param asked a name, for all of its variants; "NAME VARIANT"; "all"; several with "+" between
 * @throws LabError LAB_ARGUMENT for what there is not
 */
export function chooseExercises(asked: string): readonly SessionExercise[] {
  const names = asked.split('+').map((name) => name.trim());
  const fits = (name: string, exercise: SessionExercise): boolean =>
    name === exercise.name ||
    name === titleOf(exercise) ||
    (name === 'all' && SESSION_EXERCISES.includes(exercise));
  const stranger = names.find((name) => !EVERY.some((exercise) => fits(name, exercise)));
  if (stranger !== undefined) {
    const known = [...new Set(EVERY.map(({ name }) => name))].join(', ');
    throw new LabError('LAB_ARGUMENT', `there is no exercise "${stranger}"; there are: all, ${known}`);
  }
  return EVERY.filter((exercise) => names.some((name) => fits(name, exercise)));
}
