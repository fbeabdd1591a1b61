/** The status that a scenario would show, as of its clock. */
import { Journal } from '../../sidecar/journal.ts';
import { statusOf, type Status } from '../../sidecar/status.ts';
import type { Scenario } from './scenario.ts';

export const START = new Date('2026-01-01T00:00:00.000Z');

export function statusFor(run: Scenario): Status {
  const journal = new Journal();
  for (const { at, effect } of run.effects) {
    if (effect.type === 'journal') journal.add(effect.transition, new Date(START.getTime() + at));
  }
  const identity = {
    version: '0.0.0',
    gateway: 'gw1',
    startedAt: 1000,
    neighbors: ['10.1.1.1', 'fd00:1:1::1'],
  };
  return statusOf(run.state, run.policy, identity, journal.entries, run.now);
}
