/** Every fault there is. */
import type { Fault } from './fault.ts';
import { CALM_FAULTS, OTHER_FAULTS } from './faults-calm.ts';
import { FAST_FAULTS } from './faults-fast.ts';
import { SCARCITY_FAULTS } from './faults-scarcity.ts';
import { WITHDRAW_FAULTS } from './faults-withdraw.ts';

export const FAULTS: readonly Fault[] = [
  ...CALM_FAULTS,
  ...WITHDRAW_FAULTS,
  ...SCARCITY_FAULTS,
  ...FAST_FAULTS,
  ...OTHER_FAULTS,
];
