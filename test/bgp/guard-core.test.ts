import { describe, expect, it } from 'vitest';
import { GUARD_TUNING } from '../../bgp/guard-state.ts';
import { Bench, one, two } from './guard-bench.ts';

describe('a cold guard', () => {
  it('drains, syncs, clears, confirms, and only then opens the lease socket', () => {
    const bench = new Bench();
    expect(bench.pass(29).take()).toEqual([]);
    expect(bench.pass(1).take()).toEqual(['> version']);
    expect(bench.says('exabgp 4.2.21', 'done').take()).toEqual(['> clear adj-rib out']);
    expect(bench.says('done').take()).toEqual(['> version']);
    expect(bench.says('exabgp 4.2.21').take()).toEqual([]);
    expect(bench.says('done').take()).toEqual(['> show neighbor extensive', 'open-lease']);
  });

  it('takes no answer to a dead guard for its own', () => {
    const bench = new Bench();
    bench.pass(20).says('done', 'error');
    expect(bench.pass(20).take()).toEqual([]);
    expect(bench.pass(10).take()).toEqual(['> version']);
    // Late ones, before the version line: still not ours.
    expect(bench.says('done', 'done').take()).toEqual([]);
    expect(bench.says('exabgp 4.2.21', 'done').take()).toEqual(['> clear adj-rib out']);
  });

  it('does not wait for ever for a quiet moment', () => {
    const bench = new Bench();
    for (let n = 0; n < 30; n += 1) bench.pass(10).says('some text');
    expect(bench.take()).toEqual(['> version']);
  });

  it('asks again after a second when ExaBGP has no neighbor for it', () => {
    const bench = new Bench();
    bench.pass(30).says('exabgp 4.2.21', 'done').take();
    expect(bench.says('error').take()).toEqual([]);
    expect(bench.pass(900).take()).toEqual([]);
    expect(bench.pass(130).take()).toEqual(['> version']);
  });

  it('kills nobody when acknowledgements are switched off, and opens nothing', () => {
    const bench = new Bench();
    bench.pass(30).says('exabgp 4.2.21').take();
    expect(bench.pass(4999).take()).toEqual([]);
    bench.pass(1100);
    expect(bench.take()).toEqual(['> version']);
    expect(bench.state.phase).toBe('syncing');
  });

  it('kills an ExaBGP that never says a word', () => {
    const bench = new Bench();
    bench.pass(30);
    expect(bench.pass(5000).take()).toEqual(['> version', 'kill: no answer to `version` for 5000 ms']);
    expect(bench.wakeAt).toBeUndefined();
  });
});

describe('an ExaBGP that does not answer', () => {
  it('is killed 250 ms after a withdrawal', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').set(2, []).take();
    expect(bench.pass(249).take()).toEqual([]);
    expect(bench.pass(1).take()).toEqual(['kill: no answer to the clear command for 250 ms']);
  });

  it('is not killed when the acknowledgement came while the guard itself was late', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').set(2, []).take();
    bench.now += 5000;
    expect(bench.says('done').take()).toEqual(['1: report none 0/0']);
    expect(bench.event({ type: 'tick' }).take()).toEqual([]);
  });

  it('is killed when it refuses a withdrawal', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').set(2, []).take();
    expect(bench.says('error').take()[0]).toBe('kill: ExaBGP refused to withdraw everything');
  });

  it('is killed for good, and once, whatever was read behind the refusal', () => {
    const bench = Bench.open();
    bench.set(1, [one, two]).says('done', 'done').set(2, [one]).set(3, []).take();
    const wire = bench.says('error', 'error', 'done').take();
    expect(wire).toEqual(['kill: ExaBGP refused to withdraw 192.0.2.2/32']);
    expect([bench.state.phase, bench.wakeAt]).toEqual(['killing', undefined]);
    expect(bench.pass(60_000).take()).toEqual([]);
  });

  it('is not killed for refusing to withdraw from a neighbor that it never had', () => {
    const bench = Bench.open();
    const stray = { ...two, neighbors: ['10.0.0.9'] };
    bench.set(1, [one, stray]).says('done', 'error').take();
    expect(bench.set(2, [one]).take()).toContain(
      '> neighbor 10.0.0.9 withdraw route 192.0.2.2/32 next-hop self',
    );
    expect(bench.says('error').take()).toEqual(['1: report held 1/1']);
    bench.set(3, [one, stray]).says('done').set(4, [one]).take();
    expect(bench.says('error').take()).toEqual(['kill: ExaBGP refused to withdraw 192.0.2.2/32']);
  });

  it('is noticed within two and a half seconds while nothing is due', () => {
    expect(GUARD_TUNING.probeEveryMs + GUARD_TUNING.silenceMs).toBeLessThanOrEqual(2450);
  });

  it('is probed when idle, and killed after two seconds without an answer', () => {
    const bench = Bench.open();
    expect(bench.pass(999).take()).toEqual([]);
    expect(bench.pass(1).take()).toEqual(['> version']);
    expect(bench.pass(1999).take()).toEqual([]);
    expect(bench.pass(1).take()).toEqual(['kill: no answer to `version` for 2000 ms']);
  });

  it('is killed when an announcement stays unanswered', () => {
    const bench = Bench.open();
    bench.set(1, [one]).take();
    for (let n = 0; n < 5; n += 1) bench.pass(399).renew(1);
    bench.take();
    expect(bench.pass(10).take()).toEqual(['kill: no answer to the announce command for 2000 ms']);
  });

  it('is tried again a second after it refused an announcement', () => {
    const bench = Bench.open();
    bench.set(1, [one]).take();
    expect(bench.says('error').take()).toEqual([]);
    bench.pass(900).renew(1).take();
    expect(bench.pass(100).take()).toEqual(['> announce route 192.0.2.1/32 next-hop self']);
  });
});

it('a guard with all announcements unanswered does not spin on one that was refused before', () => {
  const bench = Bench.open();
  const nine = Array.from({ length: 9 }, (_, n) => ({ prefix: `10.0.0.${n}/32`, nextHop: 'self' }));
  bench.set(1, nine).says('error').pass(500).renew(1).pass(500).renew(1);
  expect(bench.wakeAt).toBeGreaterThan(bench.now);
});
