/** Evacuation, over the machine, in simulated time. */
import { describe, expect, it } from 'vitest';
import { Crowd } from './crowd.ts';
import { OWN, PREFIX } from './crowd-place.ts';

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
    cold.routers.healthy = false;
    cold.routers.wanted = false;
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
    gone.routers.why = 'gone';
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

describe('evacuate, while nobody else announces it', () => {
  const alone = (): Crowd => {
    const crowd = new Crowd();
    crowd.routers.elsewhere = false;
    crowd.add(3);
    crowd.start().run(2000).health(false);
    crowd.run(20_000);
    expect([crowd.ids('terminate'), crowd.notices('evacuation-phase')]).toEqual([[], 0]);
    return crowd;
  };
  const others = (crowd: Crowd): void => {
    crowd.routers.elsewhere = true;
    crowd.send({ type: 'look' });
    crowd.run(3000);
  };

  it('waits for one that does', () => {
    const crowd = alone();
    others(crowd);
    expect([crowd.logins.length, crowd.live()]).toEqual([3, []]);
    expect(crowd.state.evacuation.exodus?.phase).toBe('done');
  });

  it('is off when the prefix was announced again, or charon went, in the meantime', () => {
    const again = alone();
    again.health(true);
    again.run(1000);
    others(again);
    const gone = alone();
    gone.routers.why = 'gone';
    gone.send({ type: 'look' });
    gone.routers.why = 'checks';
    others(gone);
    expect([again.ids('terminate'), gone.ids('terminate')]).toEqual([[], []]);
  });
});

describe('evacuate, whoever comes later', () => {
  const empty = (crowd: Crowd): Crowd => {
    crowd.start().run(2000).health(false);
    crowd.run(1000);
    expect(crowd.state.evacuation.exodus?.phase).toBe('done');
    return crowd;
  };

  it('tells a login that was under way to go, though nobody was here at its start', () => {
    const crowd = empty(new Crowd());
    const [client] = crowd.login(1);
    crowd.run(4000);
    expect(crowd.ids('terminate')).toEqual([1]);
    expect([client?.logins, crowd.loops, crowd.live()]).toEqual([1, [], []]);
    expect(crowd.state.evacuation.exodus).toMatchObject({ phase: 'done', here: 0, terminated: 1 });
  });

  it('tells who only the next listing has, pinned or not', () => {
    const crowd = empty(new Crowd());
    crowd.add(2);
    crowd.add(1, { local: OWN.address ?? '' });
    crowd.send({ type: 'link', isUp: true });
    crowd.run(4000);
    expect(crowd.logins.length).toBe(3);
    expect(crowd.live()).toEqual([]);
  });

  it('goes on counting, and says what becomes of each', () => {
    const crowd = new Crowd();
    crowd.add(5);
    empty(crowd).login(2);
    crowd.run(4000);
    expect(crowd.state.evacuation.exodus).toMatchObject({ terminated: 7, most: 5 });
    const round = ['withdrawing', 'settling', 'terminating', 'done'];
    expect(crowd.phases().filter((phase) => phase === 'done').length).toBe(2);
    expect(crowd.phases().slice(-3)).toEqual(round.slice(1));
  });

  it('tells a client less and less often whose router leads him here all the same', () => {
    const crowd = empty(new Crowd({ roundTripMs: 800 }));
    const [client] = crowd.login(1);
    if (client !== undefined) client.stuck = true;
    crowd.run(1_600_000);
    const gaps = crowd.loops.slice(1).map((at, index) => Math.round((at - (crowd.loops[index] ?? 0)) / 1000));
    // Seconds; the first one is of the settling.
    expect(gaps).toEqual([4, 6, 12, 24, 48, 96, 192, 300, 300, 300, 300]);
    if (client !== undefined) client.stuck = false;
    crowd.run(300_000);
    expect([client?.logins, crowd.live()]).toEqual([1, []]);
  });

  it('gives up who was left at the deadline, until somebody new appears', () => {
    const crowd = new Crowd({ policy: { drain: { ...new Crowd().policy.drain, deadlineMs: 5000 } } });
    const [first] = crowd.add(1);
    crowd.charon.forgetful = true;
    crowd.start().run(2000).health(false);
    crowd.run(5000);
    expect(crowd.state.evacuation.exodus).toMatchObject({ phase: 'done', timedOut: true });
    const told = crowd.notices('evacuation-phase');
    crowd.run(60_000).send({ type: 'look' });
    expect(crowd.notices('evacuation-phase')).toBe(told);
    crowd.charon.forgetful = false;
    const [second] = crowd.login(1);
    crowd.run(10_000);
    expect([first?.logins, second?.logins]).toEqual([0, 1]);
  });

  it.each([
    ['nobody else announces it', (crowd: Crowd) => void (crowd.routers.elsewhere = false)],
    ['it is people who hold it withdrawn', (crowd: Crowd) => void (crowd.routers.why = 'person')],
    ['the link is down', (crowd: Crowd) => crowd.vici(false)],
    ['it is to be ignored', (crowd: Crowd) => void (crowd.policy = { ...crowd.policy, ignore: ['client1'] })],
    ['it is announced again', (crowd: Crowd) => crowd.health(true)],
    ['swancast stops', (crowd: Crowd) => void (crowd.stopping = true)],
  ])('leaves him while %s', (_, change) => {
    const crowd = empty(new Crowd());
    change(crowd);
    crowd.login(1);
    crowd.run(20_000);
    expect(crowd.ids('terminate')).toEqual([]);
  });

  it('tells him once somebody else announces it, and charon answers, however long that takes', () => {
    const crowd = empty(new Crowd());
    crowd.routers.elsewhere = false;
    crowd.login(1);
    crowd.run(400_000).vici(false);
    crowd.routers.elsewhere = true;
    crowd.send({ type: 'look' });
    crowd.run(400_000);
    expect([crowd.logins.length, crowd.phases().at(-1)]).toEqual([0, 'done']);
    crowd.vici(true);
    crowd.run(5000);
    expect(crowd.logins.length).toBe(1);
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

describe('evacuate, with another prefix that is forced to be announced', () => {
  it('is not held by that one', () => {
    const crowd = new Crowd({ policy: { anycast: [PREFIX, '198.51.100.1/32'] } });
    const announced = { wanted: true, standing: true, worse: false, elsewhere: true } as const;
    crowd.routers.others.set('198.51.100.1/32', { ...announced, withdrawnBy: undefined, forced: 'forced' });
    crowd.add(3);
    crowd.start().run(2000).health(false);
    crowd.run(3000);
    expect(crowd.state.evacuation.exodus).toMatchObject({ phase: 'done', heldBy: [] });
    expect(crowd.logins.length).toBe(3);
  });
});
