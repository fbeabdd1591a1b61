/** What the scheduler leaves behind: of itself when it stops, of a check when others replace it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock, settled } from './fixture.ts';
import { GONE, Puppet, setup } from './scheduler.fixture.ts';

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});
const fresh = (name?: string, triggeredBy?: readonly string[]): Puppet =>
  new Puppet(clock, name, triggeredBy);

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

describe('replace', () => {
  it('keeps what runs already undisturbed, ends what left, begins what came', async () => {
    const [kept, left, came] = [fresh('kept'), fresh('left'), fresh('came')];
    const { scheduler, results } = setup(kept, left);
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
    const [old, anew] = [fresh(), fresh()];
    const { scheduler } = setup(old);
    old.answer = undefined;
    scheduler.start();
    scheduler.replace([anew]);
    await settled();
    expect([old.signal?.aborted, old.watched, anew.begun.length]).toEqual([true, false, 1]);
    await scheduler.stop();
  });
});
