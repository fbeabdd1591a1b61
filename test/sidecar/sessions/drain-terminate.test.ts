/** Draining by terminate, over the machine, in simulated time: the route goes first, and when it has gone. */
import { describe, expect, it } from 'vitest';
import { Crowd } from './crowd.ts';
import { OWN } from './crowd-place.ts';

describe('drain, method terminate', () => {
  it('withdraws first, waits until nobody sends here any more, then terminates all at once', () => {
    const crowd = new Crowd();
    crowd.add(20);
    crowd.start().run(3000).drain();
    crowd.runUntilDone(60_000);
    expect(crowd.phases()).toEqual(['worsening', 'withdrawing', 'settling', 'terminating', 'done']);
    expect(crowd.ids('redirect')).toEqual([]);
    expect(crowd.logins.length).toBe(20);
    expect(crowd.loops).toEqual([]);
  });

  it('takes 50 ms from the move of the route to the first terminate when 20 clients send every 10 ms', () => {
    const crowd = new Crowd();
    crowd.add(20);
    crowd.start().run(3000).drain();
    while (crowd.routers.routed) crowd.run(1);
    const moved = crowd.now;
    while (crowd.ids('terminate').length < 20) crowd.run(1);
    expect(crowd.now - moved).toBeLessThanOrEqual(50);
  });

  it('takes 50 ms as well when worse attributes alone move the route', () => {
    const crowd = new Crowd({ worseFibMs: 100 });
    crowd.add(20);
    crowd.start().run(3000).drain();
    while (crowd.routers.routed) crowd.run(1);
    const moved = crowd.now;
    while (crowd.ids('terminate').length < 20) crowd.run(1);
    expect(crowd.now - moved).toBeLessThanOrEqual(50);
  });

  it('takes 60 ms as well where a listing takes 45 ms, as it asks for a few that send', () => {
    const crowd = new Crowd({ listMs: 45, fibMs: 100, worseFibMs: 30 });
    const talkers = crowd.add(20).map(({ sa }) => sa?.id);
    crowd.add(280, { rate: 0 });
    crowd.start().run(3000).drain();
    while (crowd.routers.routed) crowd.run(1);
    const moved = crowd.now;
    while (crowd.ids('terminate').length < 20) crowd.run(1);
    expect(crowd.now - moved).toBeLessThanOrEqual(60);
    expect(new Set(crowd.ids('terminate'))).toEqual(new Set(talkers));
    crowd.runUntilDone(60_000);
    expect([crowd.logins.length, crowd.loops]).toEqual([300, []]);
  });

  it('watches the next who send while the pace holds them back', () => {
    const crowd = new Crowd({ listMs: 45 });
    crowd.add(200);
    crowd.start().run(3000).drain();
    crowd.runUntilDone(60_000);
    expect([crowd.logins.length, crowd.loops]).toEqual([200, []]);
    const sent = crowd.effects.filter(({ effect }) => effect.type === 'terminate').map(({ at }) => at);
    // 100 a second: the pace has held them back, and nothing else.
    expect((sent.at(-1) ?? NaN) - (sent[0] ?? NaN)).toBeLessThan(1650);
  });

  it('terminates nobody who is still led here because others no longer are', () => {
    const crowd = new Crowd({ listMs: 45 });
    const clients = crowd.add(60);
    const stuck = clients.filter((_, index) => index % 3 === 0);
    for (const client of stuck) client.stuck = true;
    crowd.start().run(3000).drain();
    const { withdrawnAt = crowd.now } = crowd.state.drain?.exodus ?? {};
    crowd.run(2500);
    const ids = new Set(stuck.map(({ sa }) => sa?.id));
    expect(crowd.ids('terminate').filter((id) => ids.has(id))).toEqual([]);
    expect(crowd.logins.length).toBe(40);
    for (const client of stuck) client.stuck = false;
    crowd.run(500);
    expect([crowd.logins.length, crowd.loops, crowd.now - withdrawnAt < 4000]).toEqual([60, [], true]);
  });

  it('takes nobody for led elsewhere who had fallen silent before it began, while others still come', () => {
    const crowd = new Crowd({ fibMs: 2000 });
    const sending = crowd.add(5);
    const idle = crowd.add(5);
    crowd.start().run(3000);
    crowd.talk(idle, false);
    crowd.send({ type: 'link', isUp: true });
    crowd.run(20_000).send({ type: 'link', isUp: true });
    crowd.run(1000).drain();
    while (crowd.routers.routed) crowd.run(10);
    expect(crowd.ids('terminate')).toEqual([]);
    crowd.runUntilDone(60_000);
    expect([crowd.logins.length, crowd.loops]).toEqual([sending.length + idle.length, []]);
  });

  it('goes by no listing from before it began', () => {
    const crowd = new Crowd();
    const all = crowd.add(3);
    crowd.start().run(3000);
    crowd.talk(all, false);
    // A pause that the last listing took for the end.
    for (const pause of [0, 300]) {
      crowd.run(pause).send({ type: 'link', isUp: true });
      crowd.run(100);
    }
    crowd.talk(all, true);
    crowd.drain();
    expect(crowd.state.drain?.exodus.phase).toBe('worsening');
  });

  it('does not wait for those who have nothing to say longer than settle_ms, nor for anybody longer than its cap', () => {
    const idle = new Crowd();
    idle.add(5, { rate: 0 });
    idle.start().drain();
    const took = idle.runUntilDone(60_000);
    const first = idle.effects.find(({ effect }) => effect.type === 'terminate')?.at ?? NaN;
    expect(first - (idle.state.drain?.exodus.withdrawnAt ?? NaN)).toBeGreaterThanOrEqual(500);
    // Worse attributes, the withdrawal, settle_ms, and a listing that shows them gone.
    expect(took).toBeLessThan(1000 + 100 + 500 + 600);
    const stuck = new Crowd({ fibMs: 1_000_000 });
    stuck.add(5);
    stuck.start().drain({ deadlineMs: 20_000 });
    while (stuck.ids('terminate').length === 0) stuck.run(10);
    const { withdrawnAt = NaN } = stuck.state.drain?.exodus ?? {};
    expect(stuck.now - withdrawnAt).toBeGreaterThanOrEqual(3000);
    expect(stuck.now - withdrawnAt).toBeLessThan(3100);
  });

  it('waits as long for who has nothing to say when somebody still logs in on the anycast address', () => {
    const crowd = new Crowd();
    crowd.add(3, { rate: 0 });
    crowd.start().drain();
    while (crowd.state.drain?.exodus.phase !== 'settling') crowd.run(10);
    crowd.run(300).login(1, { rate: 0 });
    crowd.run(2600);
    expect(crowd.state.drain.exodus.phase).toBe('settling');
    crowd.run(200);
    expect(crowd.state.drain.exodus.phase).toBe('terminating');
  });

  it('waits three seconds for the word of the guard, and goes on without it', () => {
    const crowd = new Crowd({ ackMs: 1_000_000 });
    crowd.add(5, { rate: 0 });
    crowd.start().drain();
    while (crowd.routers.wanted) crowd.run(10);
    const from = crowd.now;
    crowd.run(2900);
    expect(crowd.state.drain?.exodus.phase).toBe('withdrawing');
    crowd.run(200);
    expect([crowd.state.drain?.exodus.phase, crowd.now - from]).toEqual(['settling', 3100]);
    crowd.runUntilDone(60_000);
    expect(crowd.logins.length).toBe(5);
  });

  it('does not play ball with clients for whom the route still leads here', () => {
    const crowd = new Crowd({ fibMs: 10_000 });
    crowd.add(10);
    crowd.start().run(3000).drain();
    crowd.runUntilDone(60_000);
    expect(crowd.logins.length).toBe(10);
    // Each came back as often as three seconds fit into ten.
    expect(crowd.loops.length).toBeLessThanOrEqual(30);
  });

  it('goes on at once when worse attributes alone have moved the traffic', () => {
    const crowd = new Crowd({ worseFibMs: 100 });
    crowd.add(20);
    crowd.start().run(3000).drain();
    crowd.runUntilDone(60_000);
    const ended = crowd.effects.find(({ effect }) => effect.type === 'terminate')?.at ?? NaN;
    expect(ended - (crowd.state.drain?.exodus.startedAt ?? 0)).toBeLessThan(350);
  });

  it('pins first where that is configured, so that the rate costs nobody anything', () => {
    const crowd = new Crowd({ policy: { drain: { ...new Crowd().policy.drain, pinFirst: true } } });
    crowd.add(50);
    crowd.start().run(1000).drain({ ratePerSecond: 20 });
    while (crowd.routers.routed) crowd.run(1);
    expect(crowd.live().every(({ local }) => local === OWN.address)).toBe(true);
    crowd.runUntilDone(60_000);
    expect(crowd.ids('redirect').length).toBe(50);
    expect(crowd.ids('terminate').length).toBe(50);
    expect(crowd.logins.length).toBe(50);
  });

  it('leaves a tunnel to a fixed peer and other connections alone', () => {
    const crowd = new Crowd({ policy: { connections: ['others'] } });
    crowd.add(3);
    crowd.start().drain();
    crowd.runUntilDone(60_000);
    expect(crowd.ids('terminate')).toEqual([]);
    expect(crowd.live().length).toBe(3);
  });
});
