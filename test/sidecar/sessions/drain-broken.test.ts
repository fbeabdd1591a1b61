/** Draining while charon or an operator stands in the way, over the machine, in simulated time. */
import { describe, expect, it } from 'vitest';
import { sessionsStatus } from '../../../sidecar/sessions/progress.ts';
import { Crowd } from './crowd.ts';

const identity = { addresses: 'identity' } as const;

describe('drain, while charon does not do as it is told', () => {
  it('goes on after VICI was gone in the middle, and redirects nobody twice', () => {
    const crowd = new Crowd({ policy: identity });
    crowd.add(100);
    crowd.start().drain({ ratePerSecond: 20 });
    crowd.run(1500);
    expect(crowd.ids('redirect').length).toBeGreaterThan(10);
    crowd.vici(false);
    const before = crowd.ids('redirect').length;
    crowd.run(2000);
    expect(crowd.ids('redirect').length).toBe(before);
    crowd.vici(true);
    crowd.runUntilDone(60_000);
    expect(crowd.live()).toEqual([]);
    expect(crowd.logins.length).toBe(100);
  });

  it('lists before it goes on after a break, and goes on then', () => {
    const crowd = new Crowd({ policy: identity });
    crowd.add(100);
    crowd.start().drain({ ratePerSecond: 20 });
    crowd.run(1500).vici(false);
    crowd.run(3000);
    const before = crowd.effects.length;
    crowd.vici(true);
    crowd.run(1000);
    const after = crowd.effects.slice(before).map(({ effect }) => effect.type);
    expect(after[0]).toBe('list');
    expect(after).toContain('redirect');
    const listed = crowd.effects[before]?.at ?? NaN;
    const moved = crowd.effects.slice(before).find(({ effect }) => effect.type === 'redirect')?.at ?? NaN;
    expect(moved).toBeGreaterThan(listed);
  });

  it('redirects later whom VICI did not take, though the link seemed to be there', () => {
    const crowd = new Crowd({ policy: identity });
    crowd.add(10);
    crowd.start().charon.alive = false;
    crowd.drain();
    crowd.run(3000);
    crowd.charon.alive = true;
    crowd.runUntilDone(60_000);
    expect(crowd.logins.length).toBe(10);
    expect(crowd.ids('terminate')).toEqual([]);
  });

  it('counts no redirect against a client that VICI did not take', () => {
    const crowd = new Crowd({ policy: identity });
    crowd.add(10);
    crowd.start().charon.busy = true;
    crowd.drain();
    crowd.run(3000);
    expect(crowd.ids('redirect').length).toBeGreaterThan(50);
    // Prometheus takes a counter that goes back for a restart.
    expect(crowd.state.told).toEqual({ redirected: 10, terminated: 0 });
    crowd.charon.busy = false;
    crowd.runUntilDone(60_000);
    expect(crowd.logins.length).toBe(10);
    expect(crowd.ids('terminate')).toEqual([]);
    // Nor among what is shown as done.
    expect(crowd.state.told).toEqual({ redirected: 10, terminated: 0 });
    expect(sessionsStatus(crowd.state, crowd.now).drain?.sessions).toMatchObject({ redirected: 10 });
  });

  it('tells charon again what it has lost, three times in all', () => {
    const crowd = new Crowd();
    const [client] = crowd.add(1);
    crowd.charon.forgetful = true;
    crowd.start().drain({ deadlineMs: 30_000 });
    crowd.runUntilDone(60_000);
    expect(crowd.ids('terminate')).toEqual([1, 1, 1]);
    const times = crowd.effects.flatMap(({ at, effect }) => (effect.type === 'terminate' ? at : []));
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2000);
    expect(crowd.state.drain?.exodus.left).toEqual([client?.identity]);
  });
});

describe('drain, while a person forces a prefix to be announced', () => {
  it('terminates nobody while a person forces the route to stay', () => {
    const crowd = new Crowd();
    crowd.routers.forced = true;
    crowd.add(3);
    crowd.start().drain({ deadlineMs: 10_000 });
    crowd.runUntilDone(60_000);
    expect(crowd.ids('terminate')).toEqual([]);
    expect(crowd.state.drain?.exodus).toMatchObject({ phase: 'withdrawing', heldBy: ['forced'], here: 3 });
  });

  it.each([0, 500, 1500, 20_000])('that is forced open after %d ms says so, and goes on after it', (ms) => {
    const crowd = new Crowd();
    crowd.add(300);
    crowd.start().drain({ deadlineMs: 10_000, ratePerSecond: 100 });
    crowd.run(ms).force(true);
    const [told, moved] = [crowd.phases().length, crowd.ids('terminate').length];
    crowd.run(60_000);
    expect(crowd.state.drain?.exodus).toMatchObject({ phase: 'withdrawing', heldBy: ['forced'] });
    expect(sessionsStatus(crowd.state, crowd.now).drain).toMatchObject({ held_by: ['forced'] });
    // One line for the hold, and those of the phases before it.
    expect(crowd.phases().length - told).toBeLessThanOrEqual(3);
    expect(crowd.ids('terminate').length).toBe(moved);
    const listings = crowd.effects.filter(
      ({ at, effect }) => effect.type === 'list' && at > crowd.now - 50_000,
    );
    expect(listings).toEqual([]);
    crowd.add(3);
    crowd.force(false);
    crowd.runUntilDone(60_000);
    expect(crowd.state.drain?.exodus).toMatchObject({ phase: 'done', heldBy: [], here: 0, timedOut: false });
    expect(crowd.live()).toEqual([]);
  });

  it('that is forced open before its withdrawal says so at once, and goes on up to there', () => {
    const crowd = new Crowd();
    crowd.add(3);
    crowd.start().drain();
    crowd.run(500).force(true);
    expect(crowd.state.drain?.exodus).toMatchObject({ phase: 'worsening', heldBy: ['forced'] });
    expect(crowd.phases()).toEqual(['worsening', 'worsening']);
    crowd.run(490);
    expect(crowd.state.drain?.exodus.phase).toBe('worsening');
    crowd.run(20);
    expect(crowd.state.drain?.exodus).toMatchObject({ phase: 'withdrawing', heldBy: ['forced'] });
  });
});
