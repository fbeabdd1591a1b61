/**
 * The opt-in profile: what it gains, and what it costs in false alarms. The burdens are those that the default
 * profile must bear without a withdrawal.
 */
import type { CalmFault, Fault, Setting, WithdrawFault } from './fault.ts';
import { CALM_FAULTS } from './faults-calm.ts';
import { CHARON_SIGSTOP } from './faults-withdraw.ts';

const BURDENS = ['cpu-hogs', 'reload-connections', 'reconnect-storm', 'slow-updown', 'dead-radius'];

const FROZEN: WithdrawFault = {
  ...CHARON_SIGSTOP,
  expect: 'withdrawn',
  name: 'charon-sigstop-fast',
  summary: 'charon frozen, fast profile',
  setting: 'fast',
  boundMs: 300,
};

const fastOf = (setting: Setting): Setting => (setting === 'stress' ? 'fast-stress' : 'fast');

export const FAST_FAULTS: readonly Fault[] = [
  FROZEN,
  ...CALM_FAULTS.filter(({ name }) => BURDENS.includes(name)).map(
    ({ name, summary, setting, ...rest }): CalmFault => ({
      ...rest,
      name: `${name}-fast`,
      summary: `${summary}; fast profile`,
      setting: fastOf(setting),
      expect: 'measured',
      // Clients that were moved in the middle of a login try it there for minutes.
      ...(setting === 'stress' ? { spoils: true } : {}),
    }),
  ),
];
