import { describe, expect, it } from 'vitest';
import type { Check, Judgement, Result } from '../../health/check.ts';
import { discountLag, lagLimit } from '../../health/lag.ts';
import { nextOnGrid, Scheduler, splay, type Timing } from '../../health/scheduler.ts';
import { FakeClock, KeptLog, settled } from './fixture.ts';

const PASS: Judgement = { verdict: 'pass' };
const SILENT: Judgement = { verdict: 'fail', reason: 'vici-silent' };
const GONE: Judgement = { verdict: 'fail', reason: 'charon-gone' };

/** A check whose looks are answered by hand, or at once when `answer` is set. */
class Puppet implements Check {
  readonly name: string;
  dependsOn: readonly string[] = [];
  readonly triggeredBy: readonly string[];
  readonly pace = { intervalMs: 1000, fastMs: 200, timeoutMs: 400 };
  readonly begun: number[] = [];
  answer: Judgement | undefined = PASS;
  emit: (judgement: Judgement) => void = () => undefined;
  look: () => void = () => undefined;
  watched = false;
  signal: AbortSignal | undefined;
  resolve: (judgement: Judgement) => void = () => undefined;
  reject: (error: Error) => void = () => undefined;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock, name = 'puppet', triggeredBy: readonly string[] = []) {
    this.#clock = clock;
    this.name = name;
    this.triggeredBy = triggeredBy;
  }

  observe(signal: AbortSignal): Promise<Judgement> {
    this.begun.push(this.#clock.time);
    this.signal = signal;
    if (this.answer !== undefined) return Promise.resolve(this.answer);
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  watch(emit: (judgement: Judgement) => void, look: () => void): () => void {
    this.emit = emit;
    this.look = look;
    this.watched = true;
    return () => {
      this.watched = false;
    };
  }
}

function setup(...checks: Puppet[]): {
  scheduler: Scheduler;
  results: Result[];
  timings: Timing[];
  log: KeptLog;
  seen: () => string[];
} {
  const results: Result[] = [];
  const timings: Timing[] = [];
  const log = new KeptLog();
  const [first] = checks;
  if (first === undefined) throw new Error('no checks');
  const scheduler = new Scheduler({
    checks,
    now: clock.now,
    setTimer: clock.setTimer,
    log,
    onResult: (result, timing) => {
      results.push(result);
      timings.push(timing);
    },
  });
  const seen = (): string[] =>
    results.map((result) => (result.verdict === 'pass' ? 'pass' : `${result.verdict} ${result.reason}`));
  return { scheduler, results, timings, log, seen };
}

let clock = new FakeClock();
const fresh = (name?: string, triggeredBy?: string[]): Puppet => {
  if (name === undefined) clock = new FakeClock();
  return new Puppet(clock, name, triggeredBy);
};

describe('when it looks', () => {
  it('at once with what depends on a check that passes again', async () => {
    const charon = fresh();
    const pool = fresh('pool');
    pool.dependsOn = ['puppet'];
    charon.answer = SILENT;
    pool.answer = { verdict: 'unknown', reason: 'cause-unknown' };
    const { scheduler } = setup(charon, pool);
    scheduler.start();
    await clock.pass(2000);
    const before = pool.begun.length;
    charon.answer = pool.answer = PASS;
    await scheduler.runNow('puppet');
    await clock.pass(0);
    expect(pool.begun.length).toBe(before + 1);
    await scheduler.stop();
  });

  it('at once, then on a grid of its own', async () => {
    const puppet = fresh();
    const { scheduler } = setup(puppet);
    scheduler.start();
    await clock.pass(3500);
    const phase = splay('puppet', 1000);
    expect(puppet.begun).toEqual(
      [0, phase, phase + 1000, phase + 2000, phase + 3000].filter((at) => at <= 3500),
    );
  });

  it('just after the check that it depends on, also when it began later', async () => {
    const leader = fresh('leader');
    const follower = fresh('follower');
    follower.dependsOn = ['leader'];
    const { scheduler } = setup(leader);
    scheduler.start();
    await clock.pass(3333);
    scheduler.replace([leader, follower]);
    await clock.pass(2000);
    const [, ...led] = follower.begun;
    expect(led).toHaveLength(2);
    expect(led.map((at) => at - 5)).toEqual(leader.begun.slice(-2));
  });

  it('faster while the check moves, and on the grid again afterwards', async () => {
    const puppet = fresh();
    const { scheduler } = setup(puppet);
    scheduler.start();
    scheduler.setFast('puppet', true);
    await clock.pass(1000);
    expect(puppet.begun.length).toBeGreaterThanOrEqual(5);
    scheduler.setFast('puppet', false);
    const before = puppet.begun.length;
    await clock.pass(2000);
    expect(puppet.begun.slice(before).map((at) => (at - splay('puppet', 1000)) % 1000)).toEqual([0, 0]);
  });

  it('a check that becomes fast does not wait for its grid', async () => {
    const puppet = fresh();
    const { scheduler } = setup(puppet);
    scheduler.start();
    await clock.pass(splay('puppet', 1000) + 50);
    const before = puppet.begun.length;
    scheduler.setFast('puppet', true);
    await clock.pass(160);
    expect(puppet.begun.length).toBe(before + 1);
  });

  it('never twice at once, however slow the look is', async () => {
    const puppet = fresh();
    puppet.answer = undefined;
    const { scheduler } = setup(puppet);
    scheduler.start();
    scheduler.setFast('puppet', true);
    void scheduler.runNow();
    puppet.look();
    await clock.pass(390);
    expect(puppet.begun).toEqual([0]);
    puppet.resolve(PASS);
    await clock.pass(1);
    expect(puppet.begun).toHaveLength(2);
  });

  it('now, when told to by name, and no other check', async () => {
    const first = fresh();
    const second = fresh('other');
    const { scheduler } = setup(first, second);
    scheduler.start();
    await settled();
    void scheduler.runNow('other');
    await scheduler.runNow('nobody');
    await settled();
    expect([first.begun.length, second.begun.length]).toEqual([1, 2]);
  });

  it('who asks to look now hears when each has said what it saw, its timeout at the latest', async () => {
    const quick = fresh();
    const slow = fresh('slow');
    const { scheduler } = setup(quick, slow);
    scheduler.start();
    await settled();
    slow.answer = undefined;
    const heard: string[] = [];
    void scheduler.runNow('puppet').then(() => heard.push('puppet'));
    void scheduler.runNow().then(() => heard.push('all'));
    await settled();
    expect(heard).toEqual(['puppet']);
    await clock.pass(slow.pace.timeoutMs);
    expect(heard).toEqual(['puppet', 'all']);
    // A look that never comes back does not hold up the next who asks.
    void scheduler.runNow('slow').then(() => heard.push('slow'));
    await settled();
    expect(heard).toEqual(['puppet', 'all', 'slow']);
  });

  it('a check is urged before a look out of turn, and not on its own grid', async () => {
    const charon = fresh();
    const urged: string[] = [];
    const canary = Object.assign(fresh('canary', ['puppet']), { urge: () => urged.push('canary') });
    const { scheduler } = setup(charon, canary);
    scheduler.start();
    await clock.pass(3000);
    expect(urged).toEqual([]);
    charon.emit(SILENT);
    await settled();
    expect(urged).toHaveLength(1);
    await scheduler.runNow('canary');
    expect(urged).toHaveLength(2);
  });

  it('the probe looks at once when charon stops passing, once per turn', async () => {
    const charon = fresh();
    const probe = fresh('probe', ['puppet']);
    const { scheduler } = setup(charon, probe);
    scheduler.start();
    await settled();
    expect(probe.begun).toHaveLength(1);
    charon.emit(SILENT);
    await settled();
    expect(probe.begun).toHaveLength(2);
    charon.emit(SILENT);
    await settled();
    expect(probe.begun).toHaveLength(2);
  });
});

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

describe('stop', () => {
  it('leaves no timer, no watcher and no result', async () => {
    const puppet = fresh();
    const waiting = fresh('waiting');
    waiting.answer = undefined;
    const { scheduler, results } = setup(puppet, waiting);
    scheduler.start();
    await clock.pass(100);
    const before = results.length;
    const stopped = scheduler.stop();
    expect(waiting.signal?.aborted).toBe(true);
    waiting.reject(new Error('told to end'));
    await stopped;
    puppet.emit(GONE);
    expect([puppet.watched, waiting.watched]).toEqual([false, false]);
    expect(clock.timers.size).toBe(0);
    expect(results).toHaveLength(before);
  });

  it('does not wait for ever for a look that will not end', async () => {
    const puppet = fresh();
    puppet.answer = undefined;
    const { scheduler } = setup(puppet);
    scheduler.start();
    const stopped = scheduler.stop();
    await clock.pass(1000);
    await expect(stopped).resolves.toBeUndefined();
    expect([...clock.timers]).toEqual([]);
  });
});

it.each([
  [0, 1000, -1, 0],
  [0, 1000, 0, 1000],
  [300, 1000, 299, 300],
  [300, 1000, 1300, 2300],
  [300, 1000, 1299.5, 1300],
])('the grid from %i every %i after %d has its next point at %i', (origin, interval, now, next) => {
  expect(nextOnGrid(origin, interval, now)).toBe(next);
});

it('splay is the same every time, differs by name and stays inside the interval', () => {
  const places = Array.from({ length: 50 }, (_, i) => splay(`check-${String(i)}`, 1000));
  expect(places).toEqual(Array.from({ length: 50 }, (_, i) => splay(`check-${String(i)}`, 1000)));
  expect(new Set(places).size).toBeGreaterThan(40);
  expect(Math.max(...places)).toBeLessThan(1000);
});

it('two checks of one name are refused', () => {
  expect(() => setup(fresh(), new Puppet(clock))).toThrow('two checks have the same name');
});

describe('replace', () => {
  it('keeps what runs already undisturbed, ends what left, begins what came', async () => {
    const clock = new FakeClock();
    const [kept, left, came] = [
      new Puppet(clock, 'kept'),
      new Puppet(clock, 'left'),
      new Puppet(clock, 'came'),
    ];
    const results: Result[] = [];
    const scheduler = new Scheduler({
      checks: [kept, left],
      now: () => clock.time,
      onResult: (result) => void results.push(result),
      log: new KeptLog(),
      setTimer: clock.setTimer,
    });
    scheduler.start();
    await settled();
    const begun = kept.begun.length;
    results.length = 0;
    scheduler.replace([kept, came]);
    await settled();
    expect(results.map(({ check }) => check)).toEqual(['came']);
    expect([kept.begun.length, kept.watched, left.watched, came.watched]).toEqual([begun, true, false, true]);
    left.emit(GONE);
    expect(results.length).toBe(1);
    await scheduler.stop();
  });

  it('takes a check of the same name made anew for another one', async () => {
    const clock = new FakeClock();
    const [old, anew] = [new Puppet(clock), new Puppet(clock)];
    const scheduler = new Scheduler({
      checks: [old],
      now: () => clock.time,
      onResult: () => undefined,
      log: new KeptLog(),
      setTimer: clock.setTimer,
    });
    old.answer = undefined;
    scheduler.start();
    scheduler.replace([anew]);
    await settled();
    expect([old.signal?.aborted, old.watched, anew.begun.length]).toEqual([true, false, 1]);
    await scheduler.stop();
  });
});
