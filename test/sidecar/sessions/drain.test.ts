/** Draining a whole gateway, over the machine, in simulated time: its beginning, its end, and how long it takes. */
import { describe, expect, it } from 'vitest';
import { wishesOf } from '../../../sidecar/sessions/machine.ts';
import { sessionsStatus } from '../../../sidecar/sessions/progress.ts';
import { Crowd } from './crowd.ts';
import { mostInASecond } from './crowd-clock.ts';
import { OWN } from './crowd-place.ts';

const identity = { addresses: 'identity' } as const;

describe('drain of 1,000 IKE_SAs', () => {
  for (const move of ['redirect', 'terminate'] as const) {
    it(`by ${move}: 15 s at most, never above the rate at the target`, () => {
      const crowd = new Crowd({ policy: identity, listMs: 24 });
      crowd.add(1000, { rate: 0.01 });
      crowd.start().run(1000).drain({ move, ratePerSecond: 100 });
      const took = crowd.runUntilDone(60_000);
      expect(took).toBeLessThanOrEqual(15_000);
      expect(crowd.logins.length).toBe(1000);
      expect(mostInASecond(crowd.logins)).toBeLessThanOrEqual(100);
      expect(crowd.state.drain?.exodus).toMatchObject({ phase: 'done', here: 0, timedOut: false });
    });
  }
});

describe('drain, whatever happens', () => {
  it('method none withdraws and leaves everybody', () => {
    const crowd = new Crowd();
    crowd.add(3);
    crowd.start().drain({ move: 'none' });
    crowd.runUntilDone(10_000);
    expect(crowd.routers.wanted).toBe(false);
    expect(crowd.ids('terminate')).toEqual([]);
    expect(wishesOf(crowd.state)).toEqual({ outside: 'withdrawn', inside: 'as-checked' });
    expect(crowd.state.drain?.exodus).toMatchObject({ timedOut: false, left: [] });
  });

  it('names who is left at its deadline, and stays withdrawn', () => {
    const crowd = new Crowd({ policy: identity });
    crowd.add(100);
    crowd.start().drain({ ratePerSecond: 1, deadlineMs: 20_000 });
    const took = crowd.runUntilDone(60_000);
    expect(took).toBeLessThanOrEqual(20_050);
    const { timedOut, left, here } = crowd.state.drain?.exodus ?? { left: [] };
    expect(timedOut).toBe(true);
    expect(left.length).toBe(here);
    expect(left).toContain('client99');
    expect(sessionsStatus(crowd.state, crowd.now).drain).toMatchObject({
      timed_out: true,
      left,
      phase: 'done',
    });
    crowd.run(60_000);
    expect(crowd.routers.wanted).toBe(false);
  });

  it('pins nobody on a gateway that is to be empty', () => {
    const crowd = new Crowd({ policy: { pin: { ...new Crowd().policy.pin, enabled: true } } });
    crowd.start().login(3);
    crowd.drain({ move: 'terminate' });
    crowd.login(3);
    crowd.runUntilDone(60_000);
    expect(crowd.ids('redirect')).toEqual([]);
  });

  it('does nothing more once swancast stops', () => {
    const crowd = new Crowd({ policy: identity });
    crowd.add(100);
    crowd.start().drain({ ratePerSecond: 10 });
    crowd.run(1000).stopping = true;
    const before = crowd.ids('redirect').length;
    crowd.run(5000);
    expect(crowd.ids('redirect').length).toBe(before);
  });

  it('terminates those first who wait in silence', () => {
    const crowd = new Crowd();
    crowd.add(2, { local: OWN.address ?? '' });
    crowd.add(2, { rate: 0 });
    const talkers = crowd.add(2);
    crowd.start().run(3000).drain({ ratePerSecond: 1 });
    const ids = talkers.map(({ sa }) => sa?.id);
    while (crowd.ids('terminate').length < 2) crowd.run(10);
    expect(crowd.ids('terminate')).toEqual(ids);
  });

  it('is over when its time is over, and says so', () => {
    const crowd = new Crowd();
    crowd.add(3);
    crowd.start().drain({ seconds: 10 });
    crowd.run(9000);
    expect(crowd.routers.wanted).toBe(false);
    crowd.run(1001);
    expect(crowd.state.drain).toBeUndefined();
    expect(crowd.routers.wanted).toBe(true);
    expect(crowd.effects.filter(({ effect }) => effect.type === 'drain-ended').length).toBe(1);
  });

  it('kept over a restart: withdraws at once, redirects nobody, terminates who is here', () => {
    const crowd = new Crowd({ policy: identity });
    crowd.add(10);
    crowd.start().drain({}, true);
    expect(wishesOf(crowd.state).outside).toBe('withdrawn');
    crowd.runUntilDone(60_000);
    expect(crowd.ids('redirect')).toEqual([]);
    expect(crowd.live()).toEqual([]);
  });

  it('a withdrawal by the checks in the middle of moving is taken for the withdrawal', () => {
    const crowd = new Crowd({ policy: identity });
    crowd.add(100);
    crowd.start().drain({ ratePerSecond: 10 });
    crowd.run(1000);
    crowd.health(false);
    crowd.run(2000);
    expect(crowd.state.drain?.exodus.phase).not.toBe('moving');
    crowd.health(true);
    crowd.runUntilDone(60_000);
    expect(crowd.routers.wanted).toBe(false);
    expect(crowd.live()).toEqual([]);
  });

  it('a second order goes on from where the first one is', () => {
    const crowd = new Crowd();
    crowd.add(200);
    crowd.start().drain({ ratePerSecond: 1, deadlineMs: 5000 });
    crowd.runUntilDone(60_000);
    expect(crowd.state.drain?.exodus.timedOut).toBe(true);
    crowd.drain({ ratePerSecond: 100, deadlineMs: 60_000 });
    expect(crowd.routers.wanted).toBe(false);
    crowd.runUntilDone(60_000);
    expect(crowd.state.drain?.exodus).toMatchObject({ timedOut: false, here: 0 });
  });
});
