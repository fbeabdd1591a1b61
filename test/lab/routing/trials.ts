/** Every trial of `lab routing`, in the order in which they run. */
import { LabError } from '../lab-error.ts';
import type { RoutingTrial } from './trial.ts';
import { BFD_TRIALS } from './bfd.ts';
import { DUAL_STACK_TRIALS } from './dual-stack.ts';
import { FLAP_TRIALS } from './flaps.ts';
import { GTSM_TRIALS } from './gtsm.ts';
import { LOCAL_ROUTER_TRIALS } from './local-router.ts';
import { PORT_HASH_TRIALS } from './port-hash.ts';
import { MEMBER_TRIALS } from './members.ts';
import { PREFIX_TRIALS } from './prefixes.ts';
import { ROLE_TRIALS } from './roles.ts';
import { SHARED_TRIALS } from './shared-failure.ts';
import { TWO_ROUTER_TRIALS } from './two-routers.ts';

export const TRIALS: readonly RoutingTrial[] = [
  ...DUAL_STACK_TRIALS,
  ...PREFIX_TRIALS,
  ...ROLE_TRIALS,
  ...TWO_ROUTER_TRIALS,
  ...FLAP_TRIALS,
  ...MEMBER_TRIALS,
  ...SHARED_TRIALS,
  ...BFD_TRIALS,
  ...GTSM_TRIALS,
  ...LOCAL_ROUTER_TRIALS,
  ...PORT_HASH_TRIALS,
];

/** By the whole name or its beginning. @throws LabError naming the trials there are, if one of the texts fits none */
export function chooseTrials(only: readonly string[] | undefined): readonly RoutingTrial[] {
  if (only === undefined) return TRIALS;
  const fits = ({ name }: RoutingTrial, text: string): boolean =>
    name === text || name.startsWith(`${text}-`);
  const lost = only.filter((text) => !TRIALS.some((trial) => fits(trial, text)));
  if (lost.length > 0) {
    const names = TRIALS.map(({ name }) => name).join(', ');
    throw new LabError('LAB_ARGUMENT', `no trial is called "${lost.join('", "')}"; there are: ${names}`);
  }
  return TRIALS.filter((trial) => only.some((text) => fits(trial, text)));
}
