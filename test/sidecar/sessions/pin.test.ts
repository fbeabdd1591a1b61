/** Pinning, over the machine, in simulated time. */
import { describe, expect, it } from 'vitest';
import { SESSIONS_DEFAULTS } from '../../../sidecar/sessions/policy.ts';
import { Crowd, type CrowdOptions } from './crowd.ts';
import { mostInASecond } from './crowd-clock.ts';
import { ANYCAST, OWN } from './crowd-place.ts';

const pinning = (change: Partial<typeof SESSIONS_DEFAULTS.pin> = {}, options: CrowdOptions = {}): Crowd =>
  new Crowd({ ...options, policy: { pin: { ...SESSIONS_DEFAULTS.pin, enabled: true, ...change } } });

const redirectTimes = (crowd: Crowd): number[] =>
  crowd.effects.flatMap(({ at, effect }) => (effect.type === 'redirect' ? effect.ids.map(() => at) : []));

describe('pin', () => {
  it('does nothing unless it is enabled', () => {
    const crowd = new Crowd().start();
    crowd.login(3);
    crowd.run(5000);
    expect(crowd.ids('redirect')).toEqual([]);
  });

  it('redirects a new IKE_SA to the own unicast address, 50 ms after it came up, and finds it moved', () => {
    const crowd = pinning().start();
    const at = crowd.now;
    crowd.login(1);
    crowd.run(49);
    expect(crowd.ids('redirect')).toEqual([]);
    crowd.run(2000);
    expect(redirectTimes(crowd)).toEqual([at + 50]);
    expect(crowd.live().map(({ local }) => local)).toEqual([OWN.address]);
    expect(crowd.state.pin.counts).toMatchObject({ redirected: 1, moved: 1, ignored: 0 });
  });

  it('leaves alone who was there before, who is pinned already, and the identities to ignore', () => {
    const crowd = pinning();
    crowd.policy = { ...crowd.policy, ignore: ['client3'] };
    crowd.add(1);
    crowd.start().login(1, { local: OWN.address ?? '' });
    crowd.login(1);
    crowd.run(3000);
    expect(crowd.ids('redirect')).toEqual([]);
  });

  it('counts who ignores it, once a listing has shown it, and never asks again', () => {
    const crowd = pinning().start();
    crowd.login(2, { obeys: false });
    crowd.run(9900);
    expect(crowd.state.pin.counts.ignored).toBe(0);
    crowd.run(60_000);
    expect(crowd.state.pin.counts).toMatchObject({ redirected: 2, ignored: 2, moved: 0 });
    expect(crowd.ids('redirect').length).toBe(2);
    expect(crowd.notices('pin-ignored')).toBe(2);
  });

  it('one whose end no event told has moved, as listings show', () => {
    const crowd = pinning().start();
    const [client] = crowd.login(1, { obeys: false });
    crowd.run(5000);
    crowd.sas.delete(client?.sa?.id ?? 0);
    crowd.run(30_000);
    expect(crowd.state.pin.counts).toMatchObject({ redirected: 1, ignored: 0, moved: 1 });
  });

  it('keeps to its rate', () => {
    const crowd = pinning({ ratePerSecond: 10 }).start();
    crowd.login(50);
    crowd.run(10_000);
    expect(crowd.ids('redirect').length).toBe(50);
    expect(mostInASecond(redirectTimes(crowd))).toBeLessThanOrEqual(10);
  });

  it('waits while a storm of logins lasts, and pins all of them afterwards', () => {
    const crowd = pinning({ stormPerSecond: 20, ratePerSecond: 100 }).start();
    for (let n = 0; n < 30; n += 1) {
      crowd.login(5);
      crowd.run(100);
    }
    const during = redirectTimes(crowd).filter((at) => at > 1500).length;
    expect(during).toBe(0);
    crowd.run(5000);
    expect(crowd.live().every(({ local }) => local === OWN.address)).toBe(true);
  });

  it('waits while the prefix is not announced', () => {
    const crowd = pinning().start();
    crowd.health(false);
    crowd.policy = { ...crowd.policy, evacuate: { enabled: false } };
    crowd.run(100).login(1);
    crowd.run(2000);
    expect(crowd.ids('redirect')).toEqual([]);
    crowd.health(true);
    crowd.run(200);
    expect(crowd.ids('redirect').length).toBe(1);
  });

  it('leaves a client two of its five redirects in 300 s', () => {
    const crowd = pinning().start();
    const [client] = crowd.login(1);
    for (let n = 0; n < 6; n += 1) {
      crowd.run(500);
      const sa = client?.sa;
      if (client === undefined || sa === undefined) throw new Error('it has left');
      // It logs in anew, as after a loss of the network.
      crowd.sas.delete(sa.id);
      client.sa = undefined;
      crowd.send({ type: 'sas', events: [{ kind: 'ike-down', ikeSa: crowd.told(sa) }] });
      crowd.again(client, ANYCAST);
    }
    crowd.run(500);
    expect(crowd.ids('redirect').length).toBe(3);
    expect(crowd.state.pin.counts.limited).toBe(4);
    crowd.run(300_000);
    crowd.again(client as NonNullable<typeof client>, ANYCAST);
    crowd.run(500);
    expect(crowd.ids('redirect').length).toBe(4);
  });

  it('warns once a connection where logins go by EAP', () => {
    const crowd = pinning().start();
    crowd.login(3, { eap: true });
    crowd.run(1000);
    expect(crowd.notices('pin-doubles-logins')).toBe(1);
  });

  it('does not redirect to an address that the connection does not take, and says so once', () => {
    const crowd = pinning().start();
    const connections = new Map([['clients', { localAddrs: ['192.0.2.1'], remoteAddrs: ['%any'] }]]);
    crowd.send({ type: 'connections', connections });
    crowd.login(3);
    crowd.run(1000);
    expect(crowd.ids('redirect')).toEqual([]);
    expect(crowd.notices('pin-no-local-address')).toBe(1);
    expect(crowd.state.pin.counts.unable).toBe(3);
  });

  it('redirects a rekeyed IKE_SA no second time', () => {
    const crowd = pinning().start();
    const [client] = crowd.login(1, { obeys: false });
    crowd.run(1000);
    const old = client?.sa;
    if (client === undefined || old === undefined) throw new Error('it has left');
    const next = crowd.renumber(old);
    crowd.send({
      type: 'sas',
      events: [{ kind: 'ike-rekeyed', old: crowd.told(old), new: crowd.told(next) }],
    });
    crowd.drain({ move: 'redirect' });
    crowd.run(3000);
    expect(crowd.ids('redirect').length).toBe(1);
  });

  it('tries later what VICI did not take', () => {
    const crowd = pinning().start();
    crowd.vici(false);
    crowd.run(100).login(1);
    crowd.run(1000);
    expect(crowd.ids('redirect')).toEqual([]);
    crowd.vici(true);
    crowd.run(1000);
    expect(crowd.ids('redirect').length).toBe(1);
  });
});
