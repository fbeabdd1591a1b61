/** Evacuation and sweep, over the machine, in simulated time. */
import { describe, expect, it } from 'vitest';
import { Crowd, OWN, PREFIX } from './crowd.ts';

describe('evacuate', () => {
  it('tells everybody to go once the route has moved, pinned ones included', () => {
    const crowd = new Crowd();
    crowd.add(10);
    crowd.add(5, { local: OWN.address ?? '' });
    crowd.start().run(2000);
    const at = crowd.now;
    crowd.health(false);
    while (crowd.ids('terminate').length < 10 && crowd.now < at + 5000) crowd.run(5);
    // 65 ms until the route has moved; the rest is ours.
    expect(crowd.now - at).toBeLessThan(200);
    crowd.run(2000);
    expect(crowd.logins.length).toBe(15);
    expect(crowd.loops).toEqual([]);
    expect(crowd.state.evacuation.exodus?.phase).toBe('done');
  });

  it('redirects those pinned where addresses follow the identity', () => {
    const crowd = new Crowd({ policy: { addresses: 'identity' } });
    crowd.add(3);
    crowd.add(5, { local: OWN.address ?? '' });
    crowd.start().run(2000);
    crowd.health(false);
    crowd.run(3000);
    expect(crowd.ids('redirect').length).toBe(5);
    expect(crowd.ids('terminate').length).toBe(3);
    expect(crowd.live()).toEqual([]);
  });

  it('stops when the prefix is announced again', () => {
    const crowd = new Crowd();
    crowd.policy = { ...crowd.policy, ratePerSecond: 4 };
    crowd.add(20);
    crowd.start().run(2000);
    crowd.health(false);
    crowd.run(1000);
    const before = crowd.ids('terminate').length;
    expect(before).toBeGreaterThan(0);
    crowd.health(true);
    crowd.run(20_000);
    expect(crowd.ids('terminate').length).toBe(before);
    expect(crowd.notices('evacuation-cancelled')).toBe(1);
  });

  it('has nothing to do with a start, with a charon that is gone, nor with a switch that is off', () => {
    const cold = new Crowd();
    cold.healthy = false;
    cold.wanted = false;
    cold.add(3);
    cold.start().run(5000);
    expect(cold.ids('terminate')).toEqual([]);
    const off = new Crowd({ policy: { evacuate: { enabled: false } } });
    off.add(3);
    off.start().run(1000);
    off.health(false);
    off.run(5000);
    expect(off.ids('terminate')).toEqual([]);
    const gone = new Crowd();
    gone.gone = true;
    gone.add(3);
    gone.start().run(1000).health(false);
    gone.run(5000);
    expect(gone.notices('evacuation-phase')).toBe(0);
  });

  it('waits for a charon that does not answer, and goes on when it does', () => {
    const crowd = new Crowd();
    crowd.add(3);
    crowd.start().run(1000);
    crowd.vici(false);
    crowd.health(false);
    crowd.run(5000);
    expect(crowd.live().length).toBe(3);
    crowd.vici(true);
    crowd.run(2000);
    expect(crowd.live()).toEqual([]);
  });
});

describe('evacuate, with prefixes of both families', () => {
  it('leaves those pinned alone while their family has another prefix that serves', () => {
    const crowd = new Crowd({ policy: { anycast: [PREFIX, '198.51.100.1/32'] } });
    crowd.add(3);
    crowd.add(2, { local: OWN.address ?? '' });
    crowd.start().run(2000).health(false);
    crowd.run(3000);
    expect(crowd.logins.length).toBe(3);
    expect(crowd.live().map(({ local }) => local)).toEqual([OWN.address, OWN.address]);
  });
});

describe('sweep', () => {
  const path = { type: 'better-path', prefix: PREFIX, gateway: 'gw2' } as const;

  it('terminates who fell silent when a better path appeared, within a second', () => {
    const crowd = new Crowd();
    crowd.add(10);
    crowd.start().run(3000);
    crowd.reroute(false);
    const at = crowd.now;
    crowd.run(100).send(path);
    while (crowd.ids('terminate').length < 10 && crowd.now < at + 5000) crowd.run(5);
    expect(crowd.now - at).toBeLessThan(700);
    crowd.run(1000);
    expect(crowd.logins.length).toBe(10);
  });

  it('never one that still sends, nor a pinned one, nor one that had been silent before', () => {
    const crowd = new Crowd();
    crowd.add(5);
    crowd.add(5, { rate: 0 });
    crowd.add(2, { local: OWN.address ?? '' });
    crowd.start().run(3000).send(path);
    crowd.run(20_000);
    expect(crowd.ids('terminate')).toEqual([]);
    expect(crowd.state.sweep.windows.size).toBe(0);
  });

  it('never one that still sends, whenever it is first looked at: use-in is in whole seconds', () => {
    for (let late = 0; late < 1000; late += 20) {
      const crowd = new Crowd().run(37);
      // Its packets do not come with the second: some is of the one before.
      crowd.add(1, { rate: 0.01 });
      crowd.start().run(20_000 + late);
      crowd.send(path);
      crowd.run(3000);
      expect(crowd.ids('terminate')).toEqual([]);
    }
  });

  it('not one that fell silent long before, although no listing had seen it so', () => {
    const crowd = new Crowd();
    crowd.add(5);
    crowd.start().run(3000).reroute(false);
    crowd.run(8000).send(path);
    crowd.run(5000);
    expect(crowd.ids('terminate')).toEqual([]);
  });

  it('takes a client that sends seldom for silent only after as many packets are missing', () => {
    const crowd = new Crowd();
    crowd.add(1, { rate: 0.004 });
    crowd.start().run(20_000);
    crowd.reroute(false);
    crowd.send(path);
    crowd.run(1800);
    expect(crowd.ids('terminate')).toEqual([]);
    crowd.run(1500);
    expect(crowd.ids('terminate').length).toBe(1);
  });

  it('says nothing where nobody is here to be led away', () => {
    const crowd = new Crowd();
    crowd.add(2, { local: OWN.address ?? '' });
    crowd.start().run(3000).send(path);
    crowd.worsen();
    expect([crowd.notices('sweep-opened'), crowd.state.sweep.windows.size]).toEqual([0, 0]);
    crowd.login(1);
    crowd.send(path);
    expect(crowd.notices('sweep-opened')).toBe(1);
  });

  it('hears of it no longer than after_ms', () => {
    const crowd = new Crowd();
    crowd.add(5);
    crowd.start().run(3000).send(path);
    crowd.run(11_000);
    crowd.reroute(false);
    crowd.run(5000);
    expect(crowd.ids('terminate')).toEqual([]);
  });

  it('opens by itself when our own attributes become worse', () => {
    const crowd = new Crowd();
    crowd.add(5);
    crowd.start().run(3000).worsen();
    crowd.run(100).reroute(false);
    crowd.run(2000);
    expect(crowd.ids('terminate').length).toBe(5);
  });

  it('leaves it to the evacuation while the prefix is withdrawn', () => {
    const crowd = new Crowd({ policy: { evacuate: { enabled: false } } });
    crowd.add(5);
    crowd.start().run(3000).health(false);
    crowd.run(500).send(path);
    crowd.run(5000);
    expect(crowd.ids('terminate')).toEqual([]);
  });
});
