/** "Step down only for someone better", step by step; settle.property.test.ts shows it on whole fleets. */
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../sidecar/decision.ts';
import { POLICY, Scenario, V4, V6 } from '../scenario.ts';
import { statusFor } from '../status.fixture.ts';
import { viewOf, type Said } from './member.fixture.ts';

const FLEET = { maxAgeMs: 5000, minimumOthers: 1, members: [{ name: 'gw2' }, { name: 'gw3' }] };
const WITH_FLEET: Policy = { ...POLICY, fleet: FLEET };
const fresh = (policy = WITH_FLEET): Scenario => new Scenario(policy).guard({});

/** Everybody is heard of in this moment. */
const hear = (run: Scenario, gw2: Said | undefined, settled = true): Scenario =>
  run.send({
    type: 'fleet',
    view: viewOf({ gw2: gw2 && { ...gw2, heardAt: run.now }, gw3: undefined }, settled),
  });
/** Asked since it fails. */
const answered = (run: Scenario, gw2: Said | undefined): Scenario => hear(run.wait(1), gw2);
const alone = (run: Scenario): Scenario => hear(run, undefined);
const announced = (gw2?: Said): Scenario => hear(fresh().healthy(1000), gw2);
/** The canary fails: not serving. */
const ill = (run: Scenario): Scenario => run.fail('sa-count', 'canary-no-traffic');
const impaired = (run: Scenario): Scenario => run.fail('sa-count', 'sa-collapse');
/** charon lives, whatever else fails. */
const living = (run: Scenario, ms: number): Scenario => {
  for (let passed = 0; passed < ms; passed += 500) run.pass('charon', 'ike-v4', 'ike-v6').wait(500);
  return run;
};
const GOOD = [`${V4} 100`, `${V6} 100`];
const POOR = [`${V4} 1000`, `${V6} 1000`];

describe('an announced prefix that fails', () => {
  it('steps down for somebody better', () => {
    expect([answered(ill(announced({})), {}).phase(), answered(impaired(announced({})), {}).phase()]).toEqual(
      ['withdrawn (canary-no-traffic)', 'degraded (sa-collapse)'],
    );
  });

  it('stays where nobody better is known, and says so with its cause', () => {
    const run = ill(announced());
    expect([run.phase(), run.routes]).toEqual(['announced (last-gateway)', GOOD]);
    expect(run.journal.at(-1)).toBe(`${V6} announced → announced: last-gateway`);
    const [shown] = statusFor(run).prefixes;
    expect(shown).toMatchObject({
      reason: 'last-gateway',
      verdict: 'not-serving',
      cause: { reason: 'canary-no-traffic', check: 'sa-count' },
      entered_by: { reason: 'last-gateway', value: 'canary-no-traffic' },
    });
    run.pass('sa-count');
    expect([run.phase(), run.journal.at(-1)]).toEqual([
      'announced (all-pass)',
      `${V6} announced → announced: all-pass`,
    ]);
  });

  it('stays too while not all were asked, and where the others are no better off', () => {
    expect(ill(fresh().healthy(1000)).phase()).toBe('announced (last-gateway)');
    expect(ill(announced({ class: 'not-serving' })).phase()).toBe('announced (last-gateway)');
  });

  it('stays until somebody was asked anew: what was said before it failed was said by all that fail with it', () => {
    const run = ill(announced({}));
    expect([run.phase(), run.routes, run.asked]).toEqual(['announced (canary-no-traffic)', GOOD, 1]);
    expect(answered(run, { class: 'not-serving' }).phase()).toBe('announced (last-gateway)');
    expect(run.asked).toBe(1);
  });

  it('is the last one when nobody who was better answers for as long as a word counts', () => {
    const run = living(ill(announced({})), 4500);
    expect(run.phase()).toBe('announced (canary-no-traffic)');
    expect(living(run, 1000).phase()).toBe('announced (last-gateway)');
  });

  it('is not the last one before a reload that names others has had them asked', () => {
    // What the poll says without a fleet: there is nobody who was not asked.
    const run = ill(fresh(POLICY).healthy(1000)).send({ type: 'fleet', view: viewOf({}) });
    living(run, 5000).reload(WITH_FLEET);
    expect([run.phase(), run.routes]).toEqual(['withdrawn (canary-no-traffic)', []]);
    expect(alone(run).phase()).toBe('degraded (last-gateway)');
  });

  it('steps down as soon as somebody better comes; that moves clients, so it counts, but does not double', () => {
    const run = ill(announced());
    answered(run, {});
    expect(run.phase()).toBe('withdrawn (canary-no-traffic)');
    expect(run.state.prefixes.get(V4)?.flaps).toBe(1);
  });

  it('is held after it stepped down for the same one too often', () => {
    const hold = { ...POLICY.hold, holdDownMs: 100, holdDownMaxMs: 100, flapLimit: 3, flapHoldMs: 60_000 };
    const run = impaired(hear(fresh({ ...WITH_FLEET, hold }).healthy(1000), undefined));
    for (let n = 0; n < 3; n += 1) {
      expect(alone(living(run, 1000)).phase()).toBe('announced (last-gateway)');
      answered(run, {});
    }
    expect(run.phase()).toBe('degraded (flap-hold)');
    expect(alone(living(run, 1000)).phase()).toBe('degraded (flap-hold)');
  });

  it('gone asks nobody, and neither does a charon that nothing proves alive', () => {
    const gone = announced().fail('charon', 'charon-gone');
    expect([gone.phase(), gone.routes]).toEqual(['withdrawn (charon-gone)', []]);
    const silent = ill(announced()).wait(POLICY.lease.maxAgeMs);
    expect([silent.phase(), silent.routes]).toEqual(['withdrawn (evidence-stale)', []]);
    const lapsed = living(ill(announced()), 1000);
    lapsed.guard({ lease: 'lapsed', generation: lapsed.state.generation });
    expect([lapsed.journal.at(-1), lapsed.routes]).toEqual([`${V6} announced → withdrawn: lease-lapsed`, []]);
  });
});

describe('a withdrawn prefix', () => {
  const withdrawn = (): Scenario => answered(ill(announced({})), {});

  it('steps up to degraded at once when the last better one is lost, and is announced after the hold-down', () => {
    const run = alone(withdrawn());
    expect([run.phase(), run.routes]).toEqual(['degraded (last-gateway)', POOR]);
    living(run, 1500);
    expect(run.phase()).toBe('degraded (last-gateway)');
    living(run, 1000);
    expect([run.phase(), run.routes]).toEqual(['announced (last-gateway)', GOOD]);
  });

  it('does so too when the word of the better one has become too old, though nothing is heard', () => {
    const run = living(withdrawn(), 4500);
    expect(run.phase()).toBe('withdrawn (canary-no-traffic)');
    expect(living(run, 1000).phase()).toBe('degraded (last-gateway)');
  });

  it('does not while not all were asked, while charon is gone or unproved, or without the guard', () => {
    expect(hear(withdrawn(), undefined, false).phase()).toBe('withdrawn (canary-no-traffic)');
    expect(alone(withdrawn().fail('charon', 'charon-gone')).phase()).toBe('withdrawn (charon-gone)');
    const unproved = withdrawn().wait(POLICY.lease.maxAgeMs);
    expect(alone(unproved).phase()).toBe('withdrawn (evidence-stale)');
    expect(alone(withdrawn().guard(undefined)).phase()).toBe('withdrawn (guard-absent)');
  });

  it('steps down again when somebody better is back', () => {
    const run = living(alone(withdrawn()), 4000);
    expect(hear(run, { state: 'degraded' }).routes).toEqual([]);
  });
});

describe('a cold prefix', () => {
  it('stands in once every check was heard and charon is proved, and not before', () => {
    const run = alone(fresh());
    ill(run);
    expect(run.phase()).toBe('cold (canary-no-traffic)');
    run.pass('charon', 'ike-v6');
    expect([run.phase(V4), run.phase(V6)]).toEqual(['cold (canary-no-traffic)', 'degraded (last-gateway)']);
    run.pass('ike-v4');
    expect(run.phase(V4)).toBe('degraded (last-gateway)');
  });
});

describe('what was adopted', () => {
  const adopted = (): Scenario =>
    new Scenario(WITH_FLEET).guard({
      lease: 'held',
      generation: 4,
      desired: POLICY.prefixes.flatMap(({ routes }) => routes.announced),
    });

  it('is kept by the last gateway, although the checks fail', () => {
    const run = adopted().pass('charon', 'ike-v4', 'ike-v6');
    ill(run);
    expect([run.phase(), run.routes]).toEqual(['adopted (last-gateway)', GOOD]);
    alone(run);
    expect([run.phase(), run.routes]).toEqual(['announced (last-gateway)', GOOD]);
  });

  it('is withdrawn in the end where the others could not be asked', () => {
    const run = ill(adopted().pass('charon', 'ike-v4', 'ike-v6'));
    expect(living(run, POLICY.lease.handoverMs + 500).routes).toEqual([]);
  });
});

describe('what the others are told', () => {
  const told = (run: Scenario) => statusFor(run).prefixes[0]?.verdict;

  it('does not depend on what is announced', () => {
    expect([told(ill(announced())), told(ill(announced({})))]).toEqual(['not-serving', 'not-serving']);
    const forced = ill(announced({})).force('announce');
    expect([forced.phase(), told(forced)]).toEqual(['announced (forced-announce)', 'not-serving']);
  });

  it('improves only after the hold-down, also where nothing was taken down', () => {
    for (const run of [answered(ill(announced({})), {}), ill(announced())]) {
      run.pass('sa-count');
      expect(told(run)).toBe('not-serving');
      expect(told(living(run, 2500))).toBeNull();
    }
  });
});
