import { describe, expect, it } from 'vitest';
import { intentOf } from '../../sidecar/intent.ts';
import { POLICY, Scenario, V4, V6 } from './scenario.ts';

const announced = (): Scenario => new Scenario().guard({}).healthy(1000);
const forcedOf = (run: Scenario, prefix = V4) => run.state.prefixes.get(prefix)?.force;

describe('forced to be withdrawn', () => {
  it('is withdrawn in the same step, alone, and stays so however healthy', () => {
    const run = announced().force('withdraw');
    expect([run.phase(), run.routes]).toEqual(['withdrawn (forced-withdraw)', [`${V6} 100`]]);
    expect(run.healthy(500_000).routes).toEqual([`${V6} 100`]);
  });

  it('says who and why in the journal', () => {
    const run = announced().force('withdraw');
    expect(run.journal.at(-1)).toBe(`${V4} announced → withdrawn: forced-withdraw`);
    expect(run.state.prefixes.get(V4)?.cause?.value).toBe('alice: new kernel');
  });

  it('is announced again in the step that ends it: a person is no flap', () => {
    const run = announced().force('withdraw').healthy(5000).intent();
    expect([run.phase(), run.routes]).toEqual(['announced (all-pass)', [`${V4} 100`, `${V6} 100`]]);
    expect(run.state.prefixes.get(V4)).toMatchObject({ flaps: 0, force: undefined });
  });

  it('ends by itself at its time, to the millisecond, and says so', () => {
    const run = announced().force('withdraw', V4, 2);
    const start = run.now;
    run.healthy(1999);
    expect(run.phase()).toBe('withdrawn (forced-withdraw)');
    expect(run.healthy(1).routes).toEqual([`${V4} 100`, `${V6} 100`]);
    const end = run.effects.find(({ effect }) => effect.type === 'force-ended');
    expect(end).toMatchObject({ at: start + 2000, effect: { why: 'expired', intent: { prefix: V4 } } });
    expect(run.state.intents.size).toBe(0);
  });

  it('wakes for its end when nothing else happens', () => {
    const run = new Scenario().force('withdraw', V4, 600).guard({});
    for (const name of POLICY.checks.keys()) expect(run.state.checks.get(name)?.result).toBeUndefined();
    run.wait(60_000);
    expect(run.wakeAt).toBe(601_000);
  });

  it('stays withdrawn afterwards when the checks say so, under their own hold-down', () => {
    const run = announced().force('withdraw').healthy(1000).fail('charon', 'charon-gone');
    expect(run.phase()).toBe('withdrawn (forced-withdraw)');
    expect(run.intent().phase()).toBe('withdrawn (charon-gone)');
    expect(run.pass('charon').wait(100).pass('charon').phase()).toBe('withdrawn (hold-down)');
    expect(run.healthy(2500).phase()).toBe('announced (all-pass)');
  });

  it('at the start, before the guard is heard: never adopted, and taken from the guard at once', () => {
    const held = POLICY.prefixes.flatMap(({ routes }) => routes.announced);
    const run = new Scenario().force('withdraw').guard({ lease: 'held', generation: 7, desired: held });
    expect([run.phase(), run.phase(V6)]).toEqual(['withdrawn (forced-withdraw)', 'adopted (adopted)']);
    expect(run.routes).toEqual([`${V6} 100`]);
    const [first] = run.effects.filter(({ effect }) => effect.type === 'set');
    expect(first?.effect).toMatchObject({ generation: 8, evidence: 0, announcements: [{ prefix: V6 }] });
    // What was not adopted is earned like anything else.
    expect(run.intent().phase()).toBe('withdrawn (starting)');
    expect(run.healthy(1000).phase()).toBe('announced (all-pass)');
  });
});

describe('forced to be announced', () => {
  it.each([
    [
      'nobody listens on the IKE port',
      (run: Scenario) => run.fail('ike-v4', 'ike-refused').fail('ike-v4', 'ike-refused'),
    ],
    ['it is impaired', (run: Scenario) => run.fail('sa-count', 'sa-collapse')],
    [
      'it is in hold-down',
      (run: Scenario) => run.fail('charon', 'charon-gone').pass('charon').wait(100).pass('charon'),
    ],
  ])('goes out with the normal attributes although %s', (_, break_) => {
    const run = break_(announced());
    expect(run.routes).not.toContain(`${V4} 100`);
    expect(run.force('announce').phase()).toBe('announced (forced-announce)');
    expect(run.routes).toContain(`${V4} 100`);
  });

  it('does not wait for what was never heard: one proof of life is enough', () => {
    const run = new Scenario().guard({}).force('announce');
    expect([run.phase(), run.routes, forcedOf(run)?.isInEffect]).toEqual(['cold (starting)', [], false]);
    run.pass('charon');
    expect([run.phase(), run.phase(V6), run.routes]).toEqual([
      'announced (forced-announce)',
      'cold (starting)',
      [`${V4} 100`],
    ]);
    // Nothing else was earned: without the order it is where a start would have it.
    expect(run.intent().phase()).toBe('withdrawn (starting)');
  });

  it('gone beats it in the same step, and its return brings it back without a hold-down', () => {
    const run = announced().force('announce').fail('charon', 'charon-gone');
    expect([run.phase(), run.routes]).toEqual(['withdrawn (charon-gone)', []]);
    expect(forcedOf(run)).toMatchObject({ isInEffect: false, checks: { phase: 'withdrawn' } });
    expect(run.pass('charon').wait(200).pass('charon').routes).toEqual([`${V4} 100`]);
    expect(run.journal.filter((line) => line.startsWith(V4)).slice(-3)).toEqual([
      `${V4} announced → announced: forced-announce`,
      `${V4} announced → withdrawn: charon-gone`,
      `${V4} withdrawn → announced: forced-announce`,
    ]);
  });

  it('the lack of proof that charon lives beats it: the guard would not take it', () => {
    const run = announced()
      .force('announce')
      .wait(POLICY.lease.maxAgeMs + 1);
    expect([run.phase(), run.routes]).toEqual(['withdrawn (evidence-stale)', []]);
    expect(run.pass('ike-v6').routes).toEqual([`${V4} 100`]);
  });

  it('waits for a guard that is not there, and stays wanted when it goes', () => {
    const run = new Scenario().force('announce').healthy(1000);
    expect([run.phase(), run.routes]).toEqual(['cold (guard-absent)', []]);
    expect(run.guard({}).phase()).toBe('announced (forced-announce)');
    expect(run.guard(undefined).healthy(1000).phase()).toBe('announced (forced-announce)');
  });

  it('is told to the guard again after a lapse, with the first proof of life from after it', () => {
    const run = announced().force('announce');
    const { generation } = run.state;
    run.guard({ lease: 'lapsed', generation });
    expect([run.phase(), run.routes, run.state.generation]).toEqual([
      'withdrawn (lease-lapsed)',
      [],
      generation + 1,
    ]);
    // A proof from before is one that the guard refuses: whoever let a lease lapse may have stood still.
    const before = run.now - 1;
    run.wait(5).send({ type: 'result', result: { check: 'ike-v4', verdict: 'pass', at: before } });
    expect(run.routes).toEqual([]);
    expect(run.pass('charon').routes).toEqual([`${V4} 100`]);
    expect(run.state.generation).toBe(generation + 2);
  });

  it('when it ends, the checks decide at once: withdrawn, but no flap of its own', () => {
    const run = announced().fail('ike-v4', 'ike-refused').fail('ike-v4', 'ike-refused').force('announce');
    const { holdUntil, flaps } = run.state.prefixes.get(V4) ?? {};
    expect(run.healthy(100).intent().phase()).toBe('withdrawn (hold-down)');
    expect(run.state.prefixes.get(V4)).toMatchObject({ holdUntil, flaps });
  });

  it('changes nothing on the wire while the checks want the same', () => {
    const run = announced();
    run.effects.length = 0;
    run.force('announce').intent();
    expect(run.effects.filter(({ effect }) => effect.type === 'set')).toEqual([]);
    expect(run.journal).toEqual([
      `${V4} announced → announced: forced-announce`,
      `${V4} announced → announced: all-pass`,
    ]);
  });

  it('takes over from an adoption with the first proof, without a withdrawal in between', () => {
    const held = POLICY.prefixes.flatMap(({ routes }) => routes.announced);
    const run = new Scenario().force('announce').guard({ lease: 'held', generation: 7, desired: held });
    expect([run.phase(), run.routes]).toEqual(['adopted (adopted)', [`${V4} 100`, `${V6} 100`]]);
    run.pass('charon').wait(10_000);
    expect(run.journal).toContain(`${V4} adopted → announced: forced-announce`);
    expect(run.effects.filter(({ effect }) => effect.type === 'set').length).toBe(1);
  });
});

describe('an order over what a predecessor announced', () => {
  it.each(['announce', 'withdraw'] as const)('to %s begins no new adoption when it ends', (verb) => {
    const held = POLICY.prefixes.flatMap(({ routes }) => routes.announced);
    const run = new Scenario().guard({ lease: 'held', generation: 7, desired: held });
    const alive = (ms: number): void => {
      for (let passed = 0; passed < ms; passed += 500) run.pass('charon').wait(500);
    };
    alive(1000);
    run.force(verb, V4);
    alive(3000);
    expect(run.intent().phase()).toBe('adopted (adopted)');
    // Five seconds from the first word of the guard, whatever was ordered in between.
    alive(1000);
    expect([run.phase(), run.routes]).toEqual(['withdrawn (adoption-expired)', []]);
  });
});

describe('orders', () => {
  it('stop beats them all', () => {
    const run = announced().force('announce').stop();
    expect([run.phase(), run.routes]).toEqual(['withdrawn (stopping)', []]);
    expect(run.force('announce').healthy(1000).routes).toEqual([]);
  });

  it('outlive a reload, unless their prefix leaves the file', () => {
    const run = announced().force('withdraw', V4).force('withdraw', V6).reload(POLICY);
    expect(run.routes).toEqual([]);
    run.effects.length = 0;
    run.reload({ ...POLICY, prefixes: POLICY.prefixes.slice(0, 1) });
    expect([...run.state.intents.keys()]).toEqual([V4]);
    expect(run.effects.map(({ effect }) => effect)).toMatchObject([
      { type: 'force-ended', why: 'not-configured', intent: { prefix: V6 } },
    ]);
    expect(run.phase()).toBe('withdrawn (forced-withdraw)');
  });

  it('that are over already, or of a stranger, never take effect', () => {
    const order = { verb: 'withdraw', seconds: 1, who: 'alice', reason: 'x' } as const;
    const run = announced().intent(
      intentOf({ ...order, prefix: V4 }, { now: 0, time: 0 }),
      intentOf({ ...order, prefix: '198.51.100.0/24' }, { now: 10_000, time: 0 }),
    );
    expect([run.routes, run.state.intents.size]).toEqual([[`${V4} 100`, `${V6} 100`], 0]);
  });

  it('one order replaces the other', () => {
    const run = announced().force('withdraw').force('announce');
    expect([run.phase(), run.state.intents.size]).toEqual(['announced (forced-announce)', 1]);
    expect(run.journal.at(-1)).toBe(`${V4} withdrawn → announced: forced-announce`);
  });
});
