/** Draining by redirect, over the machine, in simulated time: who moves before the route does. */
import { describe, expect, it } from 'vitest';
import { wishesOf } from '../../../sidecar/sessions/machine.ts';
import { Crowd } from './crowd.ts';
import { GW2, OWN } from './crowd-place.ts';

const identity = { addresses: 'identity' } as const;

describe('drain, method redirect', () => {
  it('moves, verifies, worsens, withdraws, and terminates nobody when all have obeyed', () => {
    const crowd = new Crowd({ policy: identity });
    crowd.add(20);
    crowd.start().drain();
    expect(wishesOf(crowd.state).outside).toBe('as-checked');
    const took = crowd.runUntilDone(60_000);
    // Nobody is left to settle for.
    expect(crowd.phases()).toEqual(['moving', 'worsening', 'withdrawing', 'terminating', 'done']);
    expect(crowd.ids('redirect').length).toBe(20);
    expect(crowd.ids('terminate')).toEqual([]);
    expect(crowd.logins.length).toBe(20);
    expect(crowd.live()).toEqual([]);
    expect(took).toBeLessThan(4000);
    expect(wishesOf(crowd.state)).toEqual({ outside: 'withdrawn', inside: 'withdrawn' });
  });

  it('moves who logs in meanwhile, and the pinned ones', () => {
    const crowd = new Crowd({ policy: identity });
    crowd.add(5, { local: OWN.address ?? '' });
    crowd.start().drain();
    crowd.run(10).login(3);
    crowd.runUntilDone(60_000);
    expect(crowd.ids('redirect').length).toBe(8);
    expect(crowd.live()).toEqual([]);
  });

  it('terminates in the end who ignores redirects, after the withdrawal', () => {
    const crowd = new Crowd({ policy: identity });
    const [stubborn] = crowd.add(1, { obeys: false });
    crowd.add(9);
    crowd.start().drain();
    crowd.runUntilDone(60_000);
    expect(crowd.ids('terminate').length).toBe(1);
    expect(stubborn?.logins).toBe(1);
    expect(crowd.state.drain?.exodus).toMatchObject({ ignored: 1, terminated: 1, here: 0, timedOut: false });
    expect(crowd.loops).toEqual([]);
  });

  it('goes to the gateway named alone, and spreads over all of them else', () => {
    const gw3 = { name: 'gw3', address: '10.1.3.2' };
    const named = new Crowd({ policy: identity, targets: [GW2, gw3] });
    named.add(10);
    named.start().drain({ to: 'gw3' });
    named.runUntilDone(60_000);
    const gateways = (crowd: Crowd) =>
      new Set(crowd.effects.flatMap(({ effect }) => (effect.type === 'redirect' ? [effect.gateway] : [])));
    expect(gateways(named)).toEqual(new Set(['10.1.3.2']));
    const any = new Crowd({ policy: identity, targets: [GW2, gw3] });
    any.add(10);
    any.start().drain();
    any.runUntilDone(60_000);
    expect(gateways(any)).toEqual(new Set(['10.1.2.2', '10.1.3.2']));
  });

  it('waits for a target that is away for a moment, and terminates when none comes back', () => {
    const crowd = new Crowd({ policy: identity, targets: [] });
    const [first] = crowd.add(10);
    crowd.start().drain({ move: 'redirect', deadlineMs: 60_000, ratePerSecond: 4 });
    crowd.run(5000);
    expect(crowd.state.drain?.exodus.phase).toBe('moving');
    expect(crowd.ids('redirect')).toEqual([]);
    crowd.targets = [GW2];
    crowd.send({ type: 'look' });
    expect(crowd.ids('redirect')).toEqual([first?.sa?.id]);
    crowd.targets = [];
    crowd.runUntilDone(60_000);
    expect(crowd.live()).toEqual([]);
    expect(crowd.state.drain?.exodus.timedOut).toBe(false);
  });
});
