import { describe, expect, it } from 'vitest';
import type { Policy } from '../../sidecar/decision.ts';
import { noFlaps, strike, toldClass, type FlapState, type HoldDownPolicy } from '../../sidecar/flap.ts';
import { explainText } from '../../sidecar/cli/explain.ts';
import { statusText } from '../../sidecar/cli/status.ts';
import { POLICY, Scenario, V4 } from './scenario.ts';
import { statusFor } from './status.fixture.ts';

const HOLD: HoldDownPolicy = {
  holdDownMs: 1000,
  holdDownMaxMs: 8000,
  quietMs: 60_000,
  flapLimit: 3,
  flapWindowMs: 30_000,
  flapHoldMs: 20_000,
};
const own = (state: FlapState, now: number): FlapState => strike(state, 'own', 'impaired', HOLD, now);

describe('strikes', () => {
  it('double the hold-down up to its maximum', () => {
    let state = noFlaps(0);
    const waits = [1, 2, 3, 4, 5, 6].map((now) => {
      state = own(state, now);
      return state.holdUntil - now;
    });
    expect(waits).toEqual([1000, 2000, 4000, 8000, 8000, 8000]);
  });

  it('for another count, but neither double nor shorten what runs', () => {
    const twice = own(own(noFlaps(0), 0), 0);
    const after = strike(twice, 'for-another', 'impaired', HOLD, 100);
    expect(after).toMatchObject({ flaps: 2, downs: [0, 0, 100], holdUntil: 2100 });
    expect(strike({ ...twice, holdUntil: 9000 }, 'for-another', 'impaired', HOLD, 100).holdUntil).toBe(9000);
  });

  it('that were only borne double, as that is what the others are told by, and do not count', () => {
    const borne = strike(noFlaps(0), 'borne', 'not-serving', HOLD, 0);
    expect(borne).toMatchObject({ flaps: 1, downs: [], holdUntil: 1000 });
    expect([toldClass(borne, undefined, 999), toldClass(borne, undefined, 1000)]).toEqual([
      'not-serving',
      undefined,
    ]);
  });

  it('begin a hold at the limit, within the window; what happens meanwhile does not make it longer', () => {
    const held = [0, 1000, 2000].reduce(own, noFlaps(0));
    expect(held.flapHoldUntil).toBe(22_000);
    expect(own(held, 3000).flapHoldUntil).toBe(22_000);
    const once = { ...HOLD, flapLimit: 1 };
    const first = strike(noFlaps(0), 'own', 'gone', once, 0);
    expect(strike(first, 'own', 'gone', once, 19_999).flapHoldUntil).toBe(20_000);
    // Another begins with as many steps down after it, of which those before it are none.
    const later = [23_000, 24_000].reduce(own, own(held, 3000));
    expect(later.flapHoldUntil).toBe(22_000);
    expect(own(later, 25_000).flapHoldUntil).toBe(45_000);
  });

  it('spread over more than the window begin none; nor does any with the limit 0', () => {
    expect([0, 1000, 31_000, 61_000].reduce(own, noFlaps(0)).flapHoldUntil).toBe(-Infinity);
    const never = { ...HOLD, flapLimit: 0 };
    const many = [0, 1, 2, 3, 4].reduce<FlapState>(
      (state, now) => strike(state, 'own', 'gone', never, now),
      noFlaps(0),
    );
    expect([many.flapHoldUntil, many.downs]).toEqual([-Infinity, []]);
  });
});

const POLICY_3: Policy = { ...POLICY, hold: { ...POLICY.hold, flapLimit: 3 } };
/** `n` times down for its SAs, and up again as soon as it may. */
const flapping = (n: number, run = new Scenario(POLICY_3).guard({}).healthy(1000)): Scenario => {
  for (let down = 1; down <= n; down += 1) {
    run.fail('sa-count', 'sa-collapse');
    if (down < n) run.healthy(16_500);
  }
  return run;
};

describe('a prefix that flaps', () => {
  it('is held degraded after so many steps down, for a bounded time', () => {
    const run = flapping(2).healthy(16_500);
    expect(run.phase()).toBe('announced (all-pass)');
    run.fail('sa-count', 'sa-collapse');
    expect(run.phase()).toBe('degraded (flap-hold)');
    expect(run.journal.at(-2)).toBe(`${V4} announced → degraded: flap-hold`);
    const [shown] = statusFor(run).prefixes;
    expect(shown).toMatchObject({ step_downs: 3, flap_limit: 3, flap_hold_seconds: 60 });
    expect(shown?.entered_by).toMatchObject({ reason: 'flap-hold', check: 'sa-count', value: 'sa-collapse' });
    expect(run.healthy(59_500).phase()).toBe('degraded (flap-hold)');
    expect(run.healthy(1000).phase()).toBe('announced (all-pass)');
  });

  it('is not withdrawn while it is held, but when charon is gone, and comes back degraded', () => {
    const run = flapping(3).healthy(1000);
    const { length } = run.journal;
    run.fail('sa-count', 'canary-no-traffic').fail('sa-count', 'canary-no-traffic');
    expect(run.phase()).toBe('degraded (flap-hold)');
    expect([run.journal.length, run.state.prefixes.get(V4)?.flaps]).toEqual([length, 3]);
    run.fail('charon', 'charon-gone');
    expect(run.phase()).toBe('withdrawn (charon-gone)');
    expect(run.healthy(18_000).phase()).toBe('degraded (flap-hold)');
  });

  it('is released by an operator, at once and from a clean slate', () => {
    const run = flapping(3)
      .pass('sa-count')
      .send({ type: 'release', prefixes: [V4] });
    expect([run.phase(), run.state.prefixes.get(V4)?.flaps]).toEqual(['announced (all-pass)', 0]);
    run.fail('sa-count', 'sa-collapse');
    expect(run.phase()).toBe('degraded (sa-collapse)');
  });

  it('beneath an order is released all the same', () => {
    const run = flapping(3)
      .pass('sa-count')
      .force('withdraw')
      .send({ type: 'release', prefixes: [V4] });
    expect(run.intent().phase()).toBe('announced (all-pass)');
  });

  it('is explained: how often, for how long, what to do', () => {
    const status = statusFor(flapping(3));
    const text = explainText(status);
    expect(text).toContain(`flaps 3 steps down of late of 3 that begin a flap hold; hold-down: 8 s left`);
    expect(text).toContain(`hold  at best degraded for 1 min, or until \`swancast release ${V4}\``);
    expect(text).toContain('cause');
    expect(text).toContain(`the flap hold ends in 1 min, or with \`swancast release ${V4}\``);
    expect(statusText(status)).toMatch(
      /FLAPPED +STEPS DOWN +HOLD-DOWN +FLAP HOLD\n192.0.2.1\/32 +3\/3 +8 s +1 min/u,
    );
  });
});
