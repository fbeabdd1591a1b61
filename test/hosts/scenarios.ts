/** All scenarios of `hosts rollout`, in their order: each finds the hosts as the one before left them. */
import { ROLLING } from './scenarios-rolling.ts';
import { DAYS } from './scenarios-days.ts';
import { ACCIDENTS, SECRETS } from './scenarios-changes.ts';
import { DRAINS } from './scenarios-drains.ts';
import { REMOVAL } from './scenarios-removal.ts';
import type { Scenario } from './scenario.ts';
import { LabError } from '../lab/lab-error.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...ROLLING,
  ...ACCIDENTS,
  ...DAYS,
  ...DRAINS,
  ...SECRETS,
  ...REMOVAL,
];

/** Without it there is nothing to do anything to. */
const ALWAYS = 'first-install';

/**
 * @param only names, or their beginnings; undefined: all
 * @param quick those alone that `make test` runs
 * @throws LabError LAB_ARGUMENT for what there is not
 */
export function chooseScenarios(only: readonly string[] | undefined, quick: boolean): readonly Scenario[] {
  const stranger = only?.find((name) => !SCENARIOS.some((scenario) => scenario.name.startsWith(name)));
  if (stranger !== undefined) {
    const known = SCENARIOS.map(({ name }) => name).join(', ');
    throw new LabError('LAB_ARGUMENT', `there is no scenario "${stranger}"; there are: ${known}`);
  }
  return SCENARIOS.filter(
    ({ name, quick: isQuick = false }) =>
      name === ALWAYS ||
      ((only === undefined || only.some((start) => name.startsWith(start))) && (!quick || isQuick)),
  );
}
