/** What a reload moves and what it leaves alone; and how fast the checks are told to look meanwhile. */
import { describe, expect, it } from 'vitest';
import { announced, BOTH } from './decision.fixture.ts';
import { CHECK, POLICY, V4, V6 } from './scenario.ts';

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
    const checks = new Map(POLICY.checks).set('extra', CHECK);
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
