/** What the decision announces on what its checks say: the cold start, every step down and every step up. */
import { describe, expect, it } from 'vitest';
import { announced, BOTH } from './decision.fixture.ts';
import { CHECK, POLICY, Scenario, V4, V6 } from './scenario.ts';

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
