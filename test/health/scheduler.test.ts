/** When the scheduler looks: on its grid, faster, out of turn; and what a look is stamped with. */
import { beforeEach, describe, expect, it } from 'vitest';
import { nextOnGrid, splay } from '../../health/scheduler.ts';
import { FakeClock, settled } from './fixture.ts';
import { PASS, Puppet, setup, SILENT } from './scheduler.fixture.ts';

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});
const fresh = (name?: string, triggeredBy?: readonly string[]): Puppet =>
  new Puppet(clock, name, triggeredBy);

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
