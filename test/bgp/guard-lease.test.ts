/** What sidecars say to the guard, and a hand-over from one to the next. */
import { describe, expect, it } from 'vitest';
import { Bench, one, two } from './guard-bench.ts';

describe('the lease', () => {
  it('announces under a set, holds it by renewals, and lapses without', () => {
    const bench = Bench.open();
    expect(bench.set(1, [one]).take()).toEqual([
      '> announce route 192.0.2.1/32 next-hop self',
      '1: renewed 1',
      '1: report held 1/0',
    ]);
    expect(bench.says('done').take()).toEqual(['1: report held 1/1']);
    for (let n = 0; n < 5; n += 1) {
      bench.pass(900);
      bench.says('exabgp 4.2.21', 'done');
      expect(bench.renew(1).take()).toContain('1: renewed 1');
    }
    bench.pass(999);
    expect(bench.take().filter((line) => line !== '> version')).toEqual([]);
    expect(bench.pass(1).take()).toEqual(['> clear adj-rib out', '1: report lapsed 0/1']);
    expect(bench.says('exabgp 4.2.21', 'done', 'done').take()).toEqual(['1: report lapsed 0/0']);
  });

  it('withdraws in the same step as the set that asks for it', () => {
    const bench = Bench.open();
    bench.set(1, [one, two]).says('done', 'done').take();
    expect(bench.set(2, [one]).take()).toEqual([
      '> withdraw route 192.0.2.2/32 next-hop self',
      '1: renewed 2',
      '1: report held 1/2',
    ]);
    expect(bench.set(3, []).take()).toEqual(['> clear adj-rib out', '1: renewed 3', '1: report none 0/2']);
  });

  it('takes an empty set without any evidence, and has nothing to lapse then', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').take();
    expect(bench.set(2, [], 0).take()).toContain('> clear adj-rib out');
    bench.says('done').take();
    bench.pass(500);
    expect(bench.renew(2, 0).take()).toEqual(['1: renewed 2']);
    bench.pass(500);
    expect(bench.state.lease.kind).toBe('none');
  });

  it.each([
    ['too old', -3001, 'evidence-too-old'],
    ['from the future', 2, 'bad-message'],
  ])('refuses evidence that is %s', (_, offset, code) => {
    const bench = Bench.open();
    expect(bench.set(1, [one], bench.now + offset).take()).toEqual([`1: refused ${code}`]);
    bench.set(1, [one]).take();
    expect(bench.renew(1, bench.now + offset).take()).toEqual([`1: refused ${code}`]);
    bench.says('done').take();
    expect(bench.pass(1000).take()).toContain('> clear adj-rib out');
  });

  it('takes evidence exactly as old as allowed', () => {
    const bench = Bench.open();
    expect(bench.set(1, [one], bench.now - 3000).take()).toContain('1: renewed 1');
  });

  it('obeys the removals of a set whose evidence is too old, and nothing else of it', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').take();
    expect(bench.set(2, [two], bench.now - 4000).take()).toEqual([
      '> clear adj-rib out',
      '1: refused evidence-too-old',
      '1: report held 0/1',
    ]);
    expect(bench.state.lease.generation).toBe(1);
  });

  it('withdraws on old evidence what a set has for other neighbors now, and announces nothing instead', () => {
    const bench = Bench.open();
    bench.set(1, [one, two]).says('done', 'done').take();
    bench.set(2, [one, { ...two, neighbors: ['10.0.0.1'] }], bench.now - 4000);
    expect(bench.take()).toEqual([
      '> withdraw route 192.0.2.2/32 next-hop self',
      '1: refused evidence-too-old',
      '1: report held 1/2',
    ]);
  });

  it('refuses to renew what it does not hold', () => {
    const bench = Bench.open();
    expect(bench.renew(1).take()).toEqual(['1: refused generation-unknown']);
    bench.set(1, [one]).says('done').take();
    expect(bench.renew(2).take()).toEqual(['1: refused generation-unknown']);
    bench.pass(1000).says('done').take();
    expect(bench.renew(1).take()).toEqual(['1: refused lapsed']);
    expect(bench.set(2, [one]).take()).toContain('> announce route 192.0.2.1/32 next-hop self');
  });

  it('announces nothing on evidence from before a lapse, whoever brings it', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').event({ type: 'connected', client: 2 });
    const before = bench.now + 999;
    bench.pass(1000).says('done').take();
    expect(bench.state.lease.kind).toBe('lapsed');
    expect(bench.set(1, [one], before).take()).toEqual(['1: refused evidence-too-old']);
    expect(bench.set(5, [one], before, 2).take()).toEqual(['2: refused evidence-too-old']);
    // Not even when the lapse was answered with a withdrawal in between.
    bench.set(2, [], bench.now).take();
    expect(bench.set(3, [one], before).take()).toEqual(['1: refused evidence-too-old']);
    expect(bench.set(3, [one]).take()).toContain('1: renewed 3');
  });

  it('has one holder at a time', () => {
    const bench = Bench.open();
    bench.set(1, [one]).event({ type: 'connected', client: 2 }).take();
    for (const message of [
      { type: 'set', generation: 9, evidence: bench.now, announcements: [] },
      { type: 'renew', generation: 1, evidence: bench.now },
      { type: 'release' },
      { type: 'handover', ms: 5000, viciSocket: '/x' },
    ] as const) {
      expect(bench.message(message, 2).take()).toEqual(['2: refused held-by-another']);
    }
    expect(bench.state.desired).toEqual([one]);
  });

  it('runs on when the holder is gone, so that a successor adopts it', () => {
    const bench = Bench.open();
    bench.set(4, [one]).says('done').take();
    expect(bench.event({ type: 'disconnected', client: 1 }).take()).toEqual([]);
    bench.pass(900).says('exabgp 4.2.21', 'done');
    bench.take();
    expect(bench.event({ type: 'connected', client: 2 }).take()).toEqual(['2: hello held 1/1']);
    expect(bench.renew(4, bench.now, 2).take()).toEqual(['2: renewed 4']);
    expect(
      bench
        .pass(900)
        .take()
        .filter((line) => line.includes('withdraw')),
    ).toEqual([]);
  });

  it('lets another one in after a holder that hangs let it lapse', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').event({ type: 'connected', client: 2 });
    bench.pass(1000).says('done').take();
    expect(bench.set(2, [one], bench.now, 2).take()).toContain('2: renewed 2');
    expect(bench.renew(1).take()).toEqual(['1: refused held-by-another']);
  });

  it('withdraws on release, and is free then', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').take();
    expect(bench.message({ type: 'release' }).take()).toEqual(['> clear adj-rib out', '1: report none 0/1']);
    bench.event({ type: 'connected', client: 2 });
    expect(bench.set(1, [one], bench.now, 2).take()).toContain('2: renewed 1');
  });

  it('says what is wrong with a line and keeps everything', () => {
    const bench = Bench.open();
    bench.set(1, [one]).take();
    expect(bench.message('no JSON').take()).toEqual(['1: refused bad-message']);
    expect(bench.state.desired).toEqual([one]);
  });

  it('closes connections beyond four', () => {
    const bench = Bench.open();
    for (const client of [2, 3, 4]) bench.event({ type: 'connected', client });
    bench.take();
    expect(bench.event({ type: 'connected', client: 5 }).take()).toEqual(['close 5']);
  });
});

describe('a hand-over', () => {
  const handover = (): Bench => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').take();
    expect(bench.message({ type: 'handover', ms: 60_000, viciSocket: '/run/charon.vici' }).take()).toEqual([
      'watch /run/charon.vici',
      '1: report handover 1/1',
    ]);
    bench.event({ type: 'disconnected', client: 1 });
    return bench;
  };

  it('is needed in time by a successor, and puts nothing on the wire then', () => {
    const bench = handover();
    bench.pass(1900).says('exabgp 4.2.21', 'done').take();
    bench.event({ type: 'connected', client: 2 }).take();
    expect(bench.renew(1, bench.now, 2).take()).toEqual([
      'unwatch-vici',
      '2: renewed 1',
      '2: report held 1/1',
    ]);
  });

  it('ends after the longest time allowed, whatever was asked', () => {
    const bench = handover();
    for (let n = 0; n < 4; n += 1) bench.pass(1100).says('exabgp 4.2.21', 'done');
    bench.take();
    expect(bench.pass(600).take()).toEqual(['> clear adj-rib out', 'unwatch-vici']);
  });

  it('ends at once when charon closes its socket', () => {
    const bench = handover();
    expect(bench.event({ type: 'vici-closed' }).take()).toEqual(['> clear adj-rib out', 'unwatch-vici']);
  });

  it('needs a lease to hand over', () => {
    const bench = Bench.open();
    expect(bench.message({ type: 'handover', ms: 1, viciSocket: '/x' }).take()).toEqual([
      '1: refused lapsed',
    ]);
  });

  it('does not mind charon closing its socket at any other time', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').take();
    expect(bench.event({ type: 'vici-closed' }).take()).toEqual([]);
  });
});
