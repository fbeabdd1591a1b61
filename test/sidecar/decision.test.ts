import { describe, expect, it } from 'vitest';
import { CHECK, POLICY, Scenario, V4, V6 } from './scenario.ts';

const BOTH = [`${V4} 100`, `${V6} 100`];
const announced = (): Scenario => new Scenario().guard({}).healthy(1000);

describe('cold start', () => {
  it('announces nothing before the guard answers, however healthy', () => {
    const run = new Scenario().healthy(10_000);
    expect([run.phase(), run.routes]).toEqual(['cold (guard-absent)', []]);
    expect(run.guard({}).routes).toEqual(BOTH);
  });

  it('earns the announcement: rise of every required check, and every check heard once', () => {
    const run = new Scenario().guard({}).pass('ike-v4', 'ike-v6', 'sa-count');
    expect(run.phase()).toBe('cold (starting)');
    run.wait(100).pass('charon');
    expect([run.phase(), run.routes]).toEqual(['cold (starting)', []]);
    run.wait(100).pass('charon');
    expect([run.phase(), run.routes]).toEqual(['announced (all-pass)', BOTH]);
  });

  it('says which check it waits for', () => {
    const run = new Scenario().guard({}).pass('charon').wait(200).pass('charon').pass('sa-count');
    expect(run.state.prefixes.get(V4)?.cause).toMatchObject({ reason: 'starting', check: 'ike-v4' });
  });

  it('stays cold on a gateway whose VICI socket may not be opened, and names that', () => {
    const run = new Scenario().guard({}).pass('ike-v4', 'sa-count').fail('charon', 'vici-denied');
    expect([run.phase(), run.routes]).toEqual(['cold (vici-denied)', []]);
    run.wait(60_000);
    expect([run.phase(), run.routes]).toEqual(['cold (evidence-stale)', []]);
    expect(run.state.prefixes.get(V4)?.cause).toMatchObject({ check: 'charon', value: 'vici-denied' });
  });

  it('starts degraded when something is impaired from the start', () => {
    const run = new Scenario().guard({}).fail('sa-count', 'sa-collapse').pass('charon', 'ike-v4', 'ike-v6');
    run.wait(100).pass('charon');
    expect([run.phase(), run.routes]).toEqual(['degraded (sa-collapse)', [`${V4} 1000`, `${V6} 1000`]]);
  });
});

describe('stepping down', () => {
  it('charon gone: one fact withdraws everything in the same step, the set before the journal', () => {
    const run = announced();
    const before = run.effects.length;
    run.fail('charon', 'charon-gone');
    expect([run.phase(), run.routes]).toEqual(['withdrawn (charon-gone)', []]);
    const kinds = run.effects.slice(before).map(({ effect }) => effect.type);
    expect(kinds.slice(0, 3)).toEqual(['set', 'journal', 'journal']);
    expect(run.effects[before]?.effect).toMatchObject({ type: 'set', announcements: [] });
  });

  it('one plane silent degrades; withdrawn as soon as the other plane agrees', () => {
    const run = announced().fail('charon', 'vici-silent');
    expect([run.phase(), run.routes]).toEqual(['degraded (vici-silent)', [`${V4} 1000`, `${V6} 1000`]]);
    run.fail('ike-v4', 'ike-silent');
    expect([run.phase(V4), run.phase(V6)]).toEqual([
      'withdrawn (both-planes-silent)',
      'degraded (vici-silent)',
    ]);
    expect(run.routes).toEqual([`${V6} 1000`]);
  });

  it('the planes do not agree while a port still answers, or while neither has fallen', () => {
    const half = announced().fail('charon', 'vici-silent').fail('ike-v4', 'ike-silent', true);
    expect(half.phase()).toBe('degraded (vici-silent)');
    const checks = new Map(POLICY.checks);
    for (const name of ['charon', 'ike-v4'])
      checks.set(name, { rise: 1, fall: 3, required: true, proves: true, dependsOn: [], maxAgeMs: 60_000 });
    const neither = new Scenario({ ...POLICY, checks }).guard({}).healthy(1000);
    neither.fail('charon', 'vici-silent').fail('ike-v4', 'ike-silent');
    expect(neither.phase()).toBe('announced (all-pass)');
  });

  it('a dead IPv6 path costs the IPv6 prefix alone', () => {
    const run = announced().fail('ike-v6', 'ike-refused').fail('ike-v6', 'ike-refused');
    expect([run.phase(V4), run.phase(V6)]).toEqual(['announced (all-pass)', 'withdrawn (ike-refused)']);
    expect(run.routes).toEqual([`${V4} 100`]);
  });

  it('fall: a single missed probe changes nothing', () => {
    const run = announced().fail('ike-v4', 'ike-silent');
    expect([run.phase(), run.routes]).toEqual(['announced (all-pass)', BOTH]);
  });

  it('stuck workers that still prove charon alive keep a degraded prefix announced for as long as it takes', () => {
    const run = announced();
    for (let i = 0; i < 40; i += 1) {
      run.fail('charon', 'vici-silent').fail('ike-v4', 'ike-workers-stuck', true).wait(500);
    }
    expect([run.phase(), run.routes.includes(`${V4} 1000`)]).toEqual(['degraded (vici-silent)', true]);
  });

  it('workers that never come back: the receiver alone proves nothing after a minute', () => {
    const run = announced();
    for (let i = 0; i < 118; i += 1)
      run.fail('charon', 'vici-silent').fail('ike-v4', 'ike-workers-stuck', true).wait(500);
    expect(run.routes).toContain(`${V4} 1000`);
    for (let i = 0; i < 12; i += 1)
      run.fail('charon', 'vici-silent').fail('ike-v4', 'ike-workers-stuck', true).wait(500);
    expect([run.phase(), run.routes]).toEqual(['withdrawn (evidence-stale)', []]);
    expect(run.state.prefixes.get(V4)?.cause).toMatchObject({ check: 'charon', value: 'vici-silent' });
  });

  it('no proof of life for lease.max_age_seconds withdraws by itself', () => {
    const run = announced().wait(POLICY.lease.maxAgeMs + 1);
    expect([run.phase(), run.routes]).toEqual(['withdrawn (evidence-stale)', []]);
  });

  it('unknown moves nothing, until it is older than max_age_seconds', () => {
    const run = announced();
    for (let i = 0; i < 118; i += 1) run.unknown('sa-count').pass('charon', 'ike-v4', 'ike-v6').wait(500);
    expect(run.phase()).toBe('announced (all-pass)');
    for (let i = 0; i < 3; i += 1) run.unknown('sa-count').pass('charon', 'ike-v4', 'ike-v6').wait(500);
    expect(run.phase()).toBe('degraded (check-stale)');
  });

  it('a consequence is not held against the prefix while its cause is down', () => {
    const run = announced().fail('charon', 'vici-silent').fail('sa-count', 'sa-collapse');
    expect(run.phase()).toBe('degraded (vici-silent)');
  });

  it('the operator may call a failure worse or better, but gone stays gone', () => {
    const checks = new Map(POLICY.checks);
    checks.set('sa-count', { ...CHECK, class: 'not-serving' });
    checks.set('charon', { ...CHECK, rise: 2, required: true, proves: true, class: 'advisory' });
    const run = new Scenario({ ...POLICY, checks }).guard({}).healthy(1000).fail('sa-count', 'sa-collapse');
    expect(run.phase()).toBe('withdrawn (sa-collapse)');
    const other = new Scenario({ ...POLICY, checks }).guard({}).healthy(1000).fail('charon', 'vici-silent');
    expect(other.phase()).toBe('announced (all-pass)');
    expect(other.fail('charon', 'charon-gone').phase()).toBe('withdrawn (charon-gone)');
  });
});

describe('stepping up', () => {
  it('waits for the hold-down, which doubles per flap and halves per quiet period', () => {
    const run = announced();
    const downFor = (): number => {
      run.fail('charon', 'charon-gone');
      const start = run.now;
      while (run.routes.length === 0) run.pass('charon', 'ike-v4', 'ike-v6', 'sa-count').wait(100);
      return run.now - start;
    };
    expect(
      [downFor(), downFor(), downFor(), downFor(), downFor()].map((ms) => Math.floor(ms / 1000)),
    ).toEqual([2, 4, 8, 16, 16]);
    run.healthy(61_000);
    expect(Math.floor(downFor() / 1000)).toBe(16);
    run.healthy(10 * 61_000);
    expect(Math.floor(downFor() / 1000)).toBe(2);
  });

  it('shows the hold-down as the reason while everything passes again', () => {
    const run = announced().fail('charon', 'charon-gone').pass('charon').wait(100).pass('charon');
    expect(run.phase()).toBe('withdrawn (hold-down)');
  });

  it('goes from withdrawn to degraded when what is left is only impaired', () => {
    const run = announced().fail('charon', 'charon-gone').fail('sa-count', 'sa-collapse');
    for (let i = 0; i < 6; i += 1) run.pass('charon', 'ike-v4', 'ike-v6').wait(500);
    expect(run.phase()).toBe('degraded (sa-collapse)');
  });

  it('degraded returns to announced under the same hold-down', () => {
    const run = announced().fail('sa-count', 'sa-collapse').wait(10).pass('sa-count');
    expect(run.phase()).toBe('degraded (hold-down)');
    expect(run.healthy(2500).phase()).toBe('announced (all-pass)');
  });
});

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

describe('pace', () => {
  it('looks faster with every proof of life while one of them fails, and with a check that moves', () => {
    const run = announced();
    run.effects.length = 0;
    run.fail('charon', 'vici-silent');
    const paces = (): string[] =>
      run.effects.flatMap(({ effect }) =>
        effect.type === 'pace' ? [`${effect.check} ${effect.fast ? 'fast' : 'slow'}`] : [],
      );
    expect(paces()).toEqual(['charon fast', 'ike-v4 fast', 'ike-v6 fast']);
    run.effects.length = 0;
    run.pass('charon').pass('charon');
    expect(paces()).toEqual(['charon slow', 'ike-v4 slow', 'ike-v6 slow']);
  });

  it('tells a check that a reload made anew, and slows the others when it takes the failing one away', () => {
    const run = announced().fail('ike-v6', 'ike-silent').fail('ike-v6', 'ike-silent');
    expect(run.state.fast).toEqual(new Set(['charon', 'ike-v4', 'ike-v6']));
    run.effects.length = 0;
    run.reload(POLICY, 'charon');
    expect(run.effects.map(({ effect }) => effect)).toEqual([{ type: 'pace', check: 'charon', fast: true }]);
    const checks = new Map([...POLICY.checks].filter(([name]) => name !== 'ike-v6'));
    const prefixes = POLICY.prefixes.slice(0, 1);
    run.pass('charon').pass('charon');
    run.effects.length = 0;
    run.reload({ ...POLICY, checks, prefixes });
    expect(run.effects.map(({ effect }) => effect).filter(({ type }) => type === 'pace')).toEqual([
      { type: 'pace', check: 'charon', fast: false },
      { type: 'pace', check: 'ike-v4', fast: false },
    ]);
  });
});

describe('reload', () => {
  const withMed = (med: number): typeof POLICY => ({
    ...POLICY,
    prefixes: POLICY.prefixes.map((rule) => ({
      ...rule,
      routes: { ...rule.routes, announced: rule.routes.announced.map((route) => ({ ...route, med })) },
    })),
  });

  it('new attributes go out as one new set, with nothing withdrawn in between', () => {
    const run = announced();
    run.effects.length = 0;
    run.reload(withMed(50));
    expect(run.effects.map(({ effect }) => effect.type)).toEqual(['set']);
    expect(run.routes).toEqual([`${V4} 50`, `${V6} 50`]);
  });

  it('the same file changes nothing', () => {
    const run = announced();
    run.effects.length = 0;
    run.reload(POLICY);
    expect(run.effects).toEqual([]);
  });

  it('a new or changed check counts for nothing until it was heard, then like any other', () => {
    const checks = new Map(POLICY.checks).set('extra', {
      rise: 1,
      fall: 1,
      required: false,
      proves: false,
      dependsOn: [],
      maxAgeMs: 60_000,
    });
    const prefixes = POLICY.prefixes.map((rule) => ({ ...rule, checks: [...rule.checks, 'extra'] }));
    const run = announced().reload({ ...POLICY, checks, prefixes }, 'ike-v4');
    expect([run.phase(), run.routes]).toEqual(['announced (all-pass)', BOTH]);
    expect(run.fail('extra', 'sa-collapse').phase()).toBe('degraded (sa-collapse)');
  });

  it('a degraded prefix does not step up because its check was made anew', () => {
    const run = announced().fail('sa-count', 'sa-collapse');
    for (let i = 0; i < 10; i += 1) run.pass('charon', 'ike-v4', 'ike-v6').wait(500);
    run.reload(POLICY, 'sa-count');
    expect(run.routes).toEqual([`${V4} 1000`, `${V6} 1000`]);
    run.pass('sa-count');
    expect(run.routes).toEqual(BOTH);
  });

  it('without any proof of life: a prefix that left goes at once, changed attributes wait for the proof', () => {
    const run = announced().reload({ ...POLICY, prefixes: POLICY.prefixes.slice(0, 1) });
    run.reload(POLICY).healthy(3000);
    expect(run.routes).toEqual(BOTH);
    run.effects.length = 0;
    run.reload({ ...POLICY, prefixes: withMed(50).prefixes.slice(0, 1) }, ...POLICY.checks.keys());
    expect(run.effects[0]?.effect).toMatchObject({ type: 'set', evidence: 0, announcements: [{ med: 100 }] });
    expect(run.routes).toEqual([`${V4} 100`]);
    expect(run.wait(1).pass('charon').routes).toEqual([`${V4} 50`]);
  });

  it('a prefix that left the file is withdrawn, one that came is earned', () => {
    const only = (index: number): typeof POLICY => ({
      ...POLICY,
      prefixes: POLICY.prefixes.slice(index, index + 1),
    });
    const run = announced().reload(only(0));
    expect(run.routes).toEqual([`${V4} 100`]);
    run.reload(only(1));
    expect(run.routes).toEqual([`${V6} 100`]);
    expect(run.phase(V4)).toBe('undefined (undefined)');
  });
});
