/** What the scheduler makes of a look: in time, late, never, broken; and of one that was late by our own fault. */
import { beforeEach, describe, expect, it } from 'vitest';
import { discountLag, lagLimit } from '../../health/lag.ts';
import { FakeClock, settled } from './fixture.ts';
import { GONE, PASS, Puppet, setup, SILENT } from './scheduler.fixture.ts';

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});
const fresh = (name?: string, triggeredBy?: readonly string[]): Puppet =>
  new Puppet(clock, name, triggeredBy);

describe('what it makes of a look', () => {
  it('stamps the beginning, not the end, and measures how long it took', async () => {
    const puppet = fresh();
    puppet.answer = undefined;
    const { scheduler, results, timings } = setup(puppet);
    clock.time = 5000;
    scheduler.start();
    await clock.pass(120);
    puppet.resolve(PASS);
    await settled();
    expect(results).toEqual([{ verdict: 'pass', check: 'puppet', at: 5000 }]);
    expect(timings).toEqual([{ durationMs: 120, lagMs: 0 }]);
  });

  it('no answer in time is unknown, the look is told to end, and its late answer is dropped', async () => {
    const puppet = fresh();
    puppet.answer = undefined;
    const { scheduler, seen } = setup(puppet);
    scheduler.start();
    await clock.pass(399);
    expect(puppet.signal?.aborted).toBe(false);
    await clock.pass(1);
    expect(puppet.signal?.aborted).toBe(true);
    expect(seen()).toEqual(['unknown check-timed-out']);
    puppet.resolve(PASS);
    await settled();
    expect(seen()).toEqual(['unknown check-timed-out']);
  });

  it('a look that never ends is reported again each time, and never doubled', async () => {
    const puppet = fresh();
    puppet.answer = undefined;
    const { scheduler, seen } = setup(puppet);
    scheduler.start();
    await clock.pass(3500);
    expect(puppet.begun).toEqual([0]);
    expect(seen().length).toBeGreaterThanOrEqual(3);
    expect(new Set(seen())).toEqual(new Set(['unknown check-timed-out']));
    puppet.answer = PASS;
    puppet.resolve(PASS);
    await clock.pass(1000);
    expect(seen().at(-1)).toBe('pass');
  });

  it('a look that throws is a defect of the check, logged, and the next one comes', async () => {
    const puppet = fresh();
    puppet.answer = undefined;
    const { scheduler, results, log } = setup(puppet);
    scheduler.start();
    puppet.reject(new TypeError('x is undefined'));
    await settled();
    expect(results).toMatchObject([{ verdict: 'unknown', reason: 'check-crashed', value: 'x is undefined' }]);
    expect(log.lines).toEqual(['error check crashed']);
    await clock.pass(1000);
    expect(puppet.begun).toHaveLength(2);
  });

  it('what a check sees by itself is handed on at once', () => {
    const puppet = fresh();
    puppet.answer = undefined;
    const { scheduler, results } = setup(puppet);
    scheduler.start();
    clock.time = 77;
    puppet.emit(GONE);
    expect(results).toEqual([{ verdict: 'fail', reason: 'charon-gone', check: 'puppet', at: 77 }]);
  });
});

describe('our own lag', () => {
  it.each([
    ['a timed failure', SILENT, 'unknown lagging'],
    ['a fact', GONE, 'fail charon-gone'],
    ['a pass', PASS, 'pass'],
  ] as const)('%s while the event loop was blocked', async (_, judgement, expected) => {
    const puppet = fresh();
    puppet.answer = undefined;
    const { scheduler, seen, timings } = setup(puppet);
    scheduler.start();
    await settled();
    clock.time += 300; // blocked: no timer fires, the answer is read first
    puppet.resolve(judgement);
    await settled();
    expect(seen()).toEqual([expected]);
    expect(timings[0]?.lagMs).toBeGreaterThan(lagLimit(400));
  });

  it('a time-out that comes because everything was late is unknown for that reason', async () => {
    const puppet = fresh();
    puppet.answer = undefined;
    const { scheduler, seen } = setup(puppet);
    scheduler.start();
    await clock.block(1000);
    expect(seen()).toEqual(['unknown lagging']);
  });

  it.each(['ike-silent', 'ike-workers-stuck', 'ike-overloaded', 'check-timed-out'] as const)(
    'explains %s as well as charon does',
    (reason) => {
      expect(discountLag({ verdict: 'fail', reason }, 101, 400)).toMatchObject({ reason: 'lagging' });
    },
  );

  it('a little lateness is not counted', async () => {
    const puppet = fresh();
    puppet.answer = undefined;
    const { scheduler, seen } = setup(puppet);
    scheduler.start();
    await clock.block(100);
    puppet.resolve(SILENT);
    await settled();
    expect(seen()).toEqual(['fail vici-silent']);
  });

  it.each([
    [400, 100, false],
    [400, 101, true],
    [160, 50, false],
    [160, 51, true],
    [90, 30, false],
    [90, 31, true],
  ])('with a timeout of %i ms, %i ms late: worthless is %s', (timeoutMs, lagMs, worthless) => {
    const verdict = discountLag(SILENT, lagMs, timeoutMs).verdict;
    expect(verdict).toBe(worthless ? 'unknown' : 'fail');
  });
});
