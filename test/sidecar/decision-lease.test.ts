/** What the decision owes its guard: renewals, adoption, a lapse, and the last set before it stops. */
import { describe, expect, it } from 'vitest';
import { announced, BOTH } from './decision.fixture.ts';
import { POLICY, Scenario, V4, V6 } from './scenario.ts';

describe('the lease', () => {
  it('renews ten times a lease, with the time of the evidence and not of the sending', () => {
    const run = announced();
    run.effects.length = 0;
    const proof = run.now;
    run.pass('charon').wait(1000);
    const renewals = run.effects.filter(({ effect }) => effect.type === 'renew');
    expect(renewals.length).toBe(10);
    expect(renewals.every(({ effect }) => effect.type === 'renew' && effect.evidence === proof)).toBe(true);
  });

  it('adopts what a predecessor announced: nothing is sent until an own pass renews it', () => {
    const held = POLICY.prefixes.flatMap(({ routes }) => routes.announced);
    const run = new Scenario().guard({ lease: 'held', generation: 7, desired: held, acknowledged: [V4, V6] });
    expect([run.phase(), run.phase(V6), run.routes]).toEqual([
      'adopted (adopted)',
      'adopted (adopted)',
      BOTH,
    ]);
    run.wait(1000);
    expect(run.effects.filter(({ effect }) => effect.type !== 'journal')).toEqual([]);
    run.pass('charon').wait(300);
    expect(run.effects.at(-1)?.effect).toMatchObject({ type: 'renew', generation: 7 });
    run.healthy(1000);
    expect([run.phase(), run.routes]).toEqual(['announced (all-pass)', BOTH]);
    expect(run.effects.filter(({ effect }) => effect.type === 'set')).toEqual([]);
  });

  it('withdraws what it adopted but could not earn before handover_seconds', () => {
    const run = new Scenario().guard({
      lease: 'handover',
      generation: 7,
      desired: [{ prefix: V4, nextHop: 'self', med: 100 }],
    });
    for (let i = 0; i < 11; i += 1) run.pass('charon').wait(500);
    expect([run.phase(), run.routes]).toEqual(['withdrawn (starting)', []]);
    expect(run.state.prefixes.get(V4)?.enteredBy).toMatchObject({
      reason: 'adoption-expired',
      check: 'ike-v4',
    });
  });

  it('a hard fact beats an adoption at once', () => {
    const run = new Scenario().guard({
      lease: 'held',
      generation: 7,
      desired: [{ prefix: V4, nextHop: 'self', med: 100 }],
    });
    expect(run.fail('charon', 'charon-gone').routes).toEqual([]);
    expect(
      run.effects.at(-2)?.effect.type === 'set' || run.effects.some(({ effect }) => effect.type === 'set'),
    ).toBe(true);
  });

  it('tells the guard again after a lapse, even with no hold-down', () => {
    const run = new Scenario({ ...POLICY, hold: { ...POLICY.hold, holdDownMs: 0 } }).guard({}).healthy(1000);
    const { generation } = run.state;
    run.guard({ lease: 'lapsed', generation });
    expect([run.routes, run.state.generation]).toEqual([[], generation + 1]);
    expect([run.wait(1).healthy(500).routes, run.state.generation]).toEqual([BOTH, generation + 2]);
  });

  it('drops an adopted prefix that is no longer configured at once: taking away needs no proof', () => {
    const stranger = { prefix: '198.51.100.0/24', nextHop: 'self' };
    const run = new Scenario().guard({
      lease: 'held',
      generation: 7,
      desired: [stranger, { prefix: V4, nextHop: 'self', med: 100 }],
    });
    expect(run.effects.find(({ effect }) => effect.type === 'set')?.effect).toMatchObject({
      generation: 8,
      evidence: 0,
      announcements: [{ prefix: V4 }],
    });
    run.pass('charon').wait(300);
    expect(run.effects.at(-1)?.effect).toMatchObject({ type: 'renew', generation: 8, evidence: 1000 });
  });

  it('earns again after the guard withdrew because renewals came too late', () => {
    const run = announced();
    run.guard({ lease: 'lapsed', generation: run.state.generation });
    expect([run.phase(), run.routes]).toEqual(['withdrawn (lease-lapsed)', []]);
    expect(run.wait(1).pass('charon').phase()).toBe('withdrawn (hold-down)');
    expect(run.state.prefixes.get(V4)?.enteredBy?.reason).toBe('lease-lapsed');
    expect(run.journal.at(-1)).toBe(`${V6} announced → withdrawn: lease-lapsed`);
    expect(run.healthy(3000).phase()).toBe('announced (all-pass)');
  });

  it('obeys a lapse of whichever generation, but only while it believes something announced', () => {
    const run = announced();
    run.guard({ lease: 'lapsed', generation: run.state.generation - 1 });
    expect([run.phase(), run.routes]).toEqual(['withdrawn (lease-lapsed)', []]);
    const { generation, lapsedAt } = run.state;
    run.wait(100).guard({ lease: 'lapsed', generation });
    expect(run.state).toMatchObject({ generation, lapsedAt });
  });

  it('announces nothing on a proof of life from before a lapse, not even with no hold-down', () => {
    const policy = { ...POLICY, hold: { ...POLICY.hold, holdDownMs: 0 } };
    const run = new Scenario(policy).guard({}).healthy(1000);
    run.guard({ lease: 'lapsed', generation: run.state.generation });
    const begun = run.now - 10;
    run.wait(50).send({ type: 'result', result: { check: 'charon', verdict: 'pass', at: begun } });
    expect([run.phase(), run.routes]).toEqual(['withdrawn (lease-lapsed)', []]);
    expect(run.pass('ike-v4').routes).toEqual(BOTH);
  });

  it('forgets a lapse once charon was proved alive again: a reload brings it back no more than any other', () => {
    const run = announced();
    run.guard({ lease: 'lapsed', generation: run.state.generation }).wait(1).healthy(3000);
    run.reload(POLICY, ...POLICY.checks.keys());
    expect([run.phase(), run.routes]).toEqual(['announced (all-pass)', BOTH]);
  });

  it('keeps wanting the same while the guard is away', () => {
    const run = announced().guard(undefined).healthy(5000);
    expect([run.phase(), run.routes]).toEqual(['announced (all-pass)', BOTH]);
  });
});

describe('stop', () => {
  it('withdraws and never announces again', () => {
    const run = announced().stop();
    expect([run.phase(), run.routes]).toEqual(['withdrawn (stopping)', []]);
    expect(run.healthy(600_000).routes).toEqual([]);
  });

  it('adopts nothing of a guard that is found afterwards, but has it withdraw all', () => {
    const held = POLICY.prefixes.flatMap(({ routes }) => routes.announced);
    const run = new Scenario().stop().guard({ lease: 'held', generation: 7, desired: held });
    expect([run.routes, run.effects.at(-1)?.effect]).toMatchObject([[], { type: 'set', generation: 8 }]);
  });
});
