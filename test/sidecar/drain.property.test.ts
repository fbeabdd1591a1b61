/** Any story with drains and orders in it: what holds meanwhile, and that nothing of them is left afterwards. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { drainIntentOf } from '../../sidecar/sessions/drain-intent.ts';
import { wishesOf } from '../../sidecar/sessions/machine.ts';
import { inForce } from '../../sidecar/force.ts';
import { POLICY, Scenario, V4, V6 } from './scenario.ts';

const ACTS = {
  well: (run: Scenario) => run.pass('charon', 'ike-v4', 'ike-v6', 'sa-count'),
  'charon gone': (run: Scenario) => run.fail('charon', 'charon-gone'),
  'charon passes': (run: Scenario) => run.pass('charon'),
  'probe fails': (run: Scenario) => run.fail('ike-v4', 'ike-silent'),
  'probe passes': (run: Scenario) => run.pass('ike-v4'),
  collapse: (run: Scenario) => run.fail('sa-count', 'sa-collapse'),
  'link up': (run: Scenario) => run.send({ type: 'sessions', event: { type: 'link', isUp: true } }),
  'link down': (run: Scenario) => run.send({ type: 'sessions', event: { type: 'link', isUp: false } }),
  listing: (run: Scenario) =>
    run.send({
      type: 'sessions',
      event: { type: 'listing', startedAt: run.now, ikeSas: [], total: 0 },
    }),
  acknowledge: (run: Scenario) =>
    run.guard({ lease: 'held', acknowledged: run.state.announcements.map(({ prefix }) => prefix) }),
} as const;

const ORDERS = {
  drain: (run: Scenario) => order(run, undefined),
  'drain for 2 s': (run: Scenario) => order(run, 2),
  resume: (run: Scenario) => order(run, undefined, true),
  undrain: (run: Scenario) => undrain(run),
  announce: (run: Scenario) => run.force('announce'),
  withdraw: (run: Scenario) => run.force('withdraw'),
  release: (run: Scenario) => run.intent(),
} as const;

function order(run: Scenario, seconds: number | undefined, resumed = false): Scenario {
  const what = { who: 'alice', reason: 'kernel', move: 'terminate', to: undefined, seconds } as const;
  const intent = drainIntentOf(
    { ...what, ratePerSecond: 100, deadlineMs: 5000 },
    { now: run.now, time: run.now },
  );
  return run.send({ type: 'sessions', event: { type: 'drain', intent, resumed } });
}

const undrain = (run: Scenario): Scenario =>
  run.send({ type: 'sessions', event: { type: 'drain', intent: undefined, resumed: false } });

type Name = keyof typeof ACTS | keyof typeof ORDERS;
const isAct = (name: Name): name is keyof typeof ACTS => name in ACTS;
const names = [...Object.keys(ACTS), ...Object.keys(ORDERS)] as Name[];
const story = fc.array(fc.tuple(fc.constantFrom(...names), fc.integer({ min: 0, max: 900 })), {
  maxLength: 60,
});

it('withdraws whatever the checks say unless it is forced, and leaves no trace', () => {
  fc.assert(
    fc.property(story, (acts) => {
      const [run, twin] = [new Scenario().guard({}), new Scenario().guard({})];
      for (const [name, ms] of acts) {
        if (isAct(name)) for (const each of [run, twin]) ACTS[name](each);
        else ORDERS[name](run);
        for (const each of [run, twin]) each.wait(ms);
        const wish = wishesOf(run.state.sessions).outside;
        for (const prefix of [V4, V6]) {
          const at = run.state.prefixes.get(prefix);
          const isForced = at !== undefined && inForce(at) !== undefined;
          const meds = run.state.announcements.flatMap((route) =>
            route.prefix === prefix ? [route.med] : [],
          );
          if (isForced) expect(['announced', 'withdrawn']).toContain(at.phase);
          else if (wish === 'withdrawn') expect([at?.phase, meds]).toEqual(['drained', []]);
          else if (wish === 'draining') expect(at?.phase).toMatch(/^(?:draining|drained)$/u);
          else expect(at?.phase).not.toMatch(/^drain/u);
        }
      }
      for (const each of [undrain(run).intent(), twin]) each.wait(1);
      for (const prefix of [V4, V6]) {
        const [a, b] = [run, twin].map(({ state }) => state.prefixes.get(prefix));
        // Cold is what was never announced; an order may have been.
        expect(a?.phase.replace('cold', 'withdrawn')).toBe(b?.phase.replace('cold', 'withdrawn'));
        expect([a?.flaps, a?.verdict, a?.force, a?.drain]).toEqual([
          b?.flaps,
          b?.verdict,
          undefined,
          undefined,
        ]);
      }
      expect(run.routes).toEqual(twin.routes);
    }),
    { numRuns: 300 },
  );
});

it('has stories that get there', () => {
  const run = new Scenario().guard({});
  for (let round = 0; round < 4; round += 1) ACTS.well(run).wait(500);
  expect(ORDERS.drain(run).routes).toEqual([`${V4} 10000`, `${V6} 10000`]);
  expect(POLICY.prefixes).toHaveLength(2);
});
