/** The sweep, over the machine, in simulated time. */
import { describe, expect, it } from 'vitest';
import { Crowd } from './crowd.ts';
import { OWN, PREFIX } from './crowd-place.ts';

describe('sweep', () => {
  const path = { type: 'better-path', prefix: PREFIX, gateway: 'gw2' } as const;

  it('not one that the listing has not, however silent it was in the one before', () => {
    const crowd = new Crowd();
    const [client] = crowd.add(1);
    const list = (ms: number): void => crowd.run(ms).send({ type: 'link', isUp: true });
    crowd.start();
    list(3000);
    list(500);
    crowd.run(10).talk(crowd.clients, false);
    list(10);
    list(500);
    crowd.run(10).talk(crowd.clients, true);
    crowd.charon.held.add(client?.sa?.id ?? 0);
    crowd.send(path);
    crowd.run(1000);
    expect(crowd.ids('terminate')).toEqual([]);
    crowd.charon.held.clear();
    crowd.run(1000);
    expect(crowd.ids('terminate')).toEqual([]);
  });

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
