/** Draining a whole gateway, over the machine, in simulated time. */
import { describe, expect, it } from 'vitest';
import { wishesOf } from '../../../sidecar/sessions/machine.ts';
import { sessionsStatus } from '../../../sidecar/sessions/progress.ts';
import { Crowd, GW2, mostInASecond, OWN } from './crowd.ts';

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
    while (crowd.routed) crowd.run(1);
    const moved = crowd.now;
    while (crowd.ids('terminate').length < 20) crowd.run(1);
    expect(crowd.now - moved).toBeLessThanOrEqual(50);
  });

  it('takes 50 ms as well when worse attributes alone move the route', () => {
    const crowd = new Crowd({ worseFibMs: 100 });
    crowd.add(20);
    crowd.start().run(3000).drain();
    while (crowd.routed) crowd.run(1);
    const moved = crowd.now;
    while (crowd.ids('terminate').length < 20) crowd.run(1);
    expect(crowd.now - moved).toBeLessThanOrEqual(50);
  });

  it('takes 60 ms as well where a listing takes 45 ms, as it asks for a few that send', () => {
    const crowd = new Crowd({ listMs: 45, fibMs: 100, worseFibMs: 30 });
    const talkers = crowd.add(20).map(({ sa }) => sa?.id);
    crowd.add(280, { rate: 0 });
    crowd.start().run(3000).drain();
    while (crowd.routed) crowd.run(1);
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
    while (crowd.routed) crowd.run(10);
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

  it('waits three seconds for the word of the guard, and goes on without it', () => {
    const crowd = new Crowd({ ackMs: 1_000_000 });
    crowd.add(5, { rate: 0 });
    crowd.start().drain();
    while (crowd.wanted) crowd.run(10);
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
    while (crowd.routed) crowd.run(1);
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
    expect(crowd.wanted).toBe(false);
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
    expect(crowd.wanted).toBe(false);
  });

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
    crowd.start().alive = false;
    crowd.drain();
    crowd.run(3000);
    crowd.alive = true;
    crowd.runUntilDone(60_000);
    expect(crowd.logins.length).toBe(10);
    expect(crowd.ids('terminate')).toEqual([]);
  });

  it('counts no redirect against a client that VICI did not take', () => {
    const crowd = new Crowd({ policy: identity });
    crowd.add(10);
    crowd.start().busy = true;
    crowd.drain();
    crowd.run(3000);
    expect(crowd.ids('redirect').length).toBeGreaterThan(50);
    crowd.busy = false;
    crowd.runUntilDone(60_000);
    expect(crowd.logins.length).toBe(10);
    expect(crowd.ids('terminate')).toEqual([]);
  });

  it('tells charon again what it has lost, three times in all', () => {
    const crowd = new Crowd();
    const [client] = crowd.add(1);
    crowd.forgetful = true;
    crowd.start().drain({ deadlineMs: 30_000 });
    crowd.runUntilDone(60_000);
    expect(crowd.ids('terminate')).toEqual([1, 1, 1]);
    const times = crowd.effects.flatMap(({ at, effect }) => (effect.type === 'terminate' ? at : []));
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2000);
    expect(crowd.state.drain?.exodus.left).toEqual([client?.identity]);
  });

  it('pins nobody on a gateway that is to be empty', () => {
    const crowd = new Crowd({ policy: { pin: { ...new Crowd().policy.pin, enabled: true } } });
    crowd.start().login(3);
    crowd.drain({ move: 'terminate' });
    crowd.login(3);
    crowd.runUntilDone(60_000);
    expect(crowd.ids('redirect')).toEqual([]);
  });

  it('terminates nobody while a person forces the route to stay', () => {
    const crowd = new Crowd();
    crowd.forced = true;
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
    expect(crowd.wanted).toBe(false);
    crowd.run(1001);
    expect(crowd.state.drain).toBeUndefined();
    expect(crowd.wanted).toBe(true);
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
    expect(crowd.wanted).toBe(false);
    expect(crowd.live()).toEqual([]);
  });

  it('a second order goes on from where the first one is', () => {
    const crowd = new Crowd();
    crowd.add(200);
    crowd.start().drain({ ratePerSecond: 1, deadlineMs: 5000 });
    crowd.runUntilDone(60_000);
    expect(crowd.state.drain?.exodus.timedOut).toBe(true);
    crowd.drain({ ratePerSecond: 100, deadlineMs: 60_000 });
    expect(crowd.wanted).toBe(false);
    crowd.runUntilDone(60_000);
    expect(crowd.state.drain?.exodus).toMatchObject({ timedOut: false, here: 0 });
  });
});
