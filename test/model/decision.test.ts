/**
 * DOC: test/model/ plays thousands of random stories to the two state machines and holds every step against
 * a statement of what must be true that was written without looking at how they do it.
 *
 *   decision-*.ts  sidecar/step-all.ts, the sessions and the decision: -commands (what may happen), -driver (the clock), -history (the story),
 *                  -sessions (clients, drains) against -charon, -fleet (what is heard of others), -facts and
 *                  -strikes (what is true, counted naively),
 *                  -rules (what must hold), -policy (configurations)
 *   guard-*.ts     bgp/guard-core.ts, the same way, against a naive ExaBGP and a naive lease
 *
 * A failure prints the shrunk story and its seed; MODEL_SEED=… plays it again, MODEL_RUNS=… plays more.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEALTH_REASONS } from '../../health/reason.ts';
import { beginnings, decisionCommands, stayHealthy } from './decision-commands.ts';
import { Driver } from './decision-driver.ts';
import { History } from './decision-history.ts';
import { FAILURES, knobs, policyFor, UNKNOWNS } from './decision-policy.ts';
import { brokenRule } from './decision-rules.ts';
import { undrain } from './decision-sessions.ts';
import { TIMEOUT_MS, runs } from './runs.ts';

const START = 1000;

describe('the decision', () => {
  it(
    'keeps every rule in every story, and comes back from wherever it ended',
    () => {
      fc.assert(
        fc.property(knobs, beginnings, decisionCommands, (first, beginning, commands) => {
          const policy = policyFor(first);
          const story = new History(policy, START);
          const driver = new Driver(policy, START, (moment) => {
            story.note(moment);
            const broken = brokenRule(story);
            if (broken !== undefined) throw new Error(`${broken}, at ${moment.event.type}, ${moment.now} ms`);
          });
          beginning?.run(story, driver);
          fc.modelRun(() => ({ model: story, real: driver }), commands);
          if (story.stopped) return;
          // No end of a story leaves a prefix withdrawn for ever while its checks pass.
          driver.send({ type: 'lease', report: EMPTY });
          driver.send({ type: 'intent', intents: [] });
          undrain.run(story, driver);
          const { holdDownMaxMs, flapHoldMs } = driver.policy.hold;
          stayHealthy(driver, Math.max(holdDownMaxMs, flapHoldMs) + 1500);
          for (const { prefix } of driver.policy.prefixes) expect(story.standing(prefix)).toBe('announced');
        }),
        runs(2000),
      );
    },
    TIMEOUT_MS,
  );

  it('is told every reason that health has', () => {
    const told = new Set<string>([...Object.values(FAILURES).flat(), ...UNKNOWNS]);
    expect([...told].sort()).toEqual(Object.keys(HEALTH_REASONS).sort());
  });
});

const EMPTY = {
  generation: 0,
  lease: 'none',
  desired: [],
  acknowledged: [],
  neighbors: {},
  reasons: {},
} as const;
