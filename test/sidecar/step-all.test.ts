import { describe, expect, it } from 'vitest';
import type { Announcement } from '../../bgp/announcement.ts';
import { drainIntentOf, type DrainIntent } from '../../sidecar/sessions/drain-intent.ts';
import type { SessionsEvent } from '../../sidecar/sessions/state.ts';
import type { Policy } from '../../sidecar/decision.ts';
import { routingOf } from '../../sidecar/routing.ts';
import { gatewayState } from '../../sidecar/status.ts';
import { clientSa } from './ike-sa.fixture.ts';
import { EMPTY, POLICY, prefixRule, Scenario, V4, V6 } from './scenario.ts';

const INSIDE = '10.3.0.0/24';
const WITH_POOL: Policy = {
  ...POLICY,
  prefixes: [...POLICY.prefixes, { ...prefixRule(INSIDE, ['charon']), side: 'inside' }],
};
const ALL = [V4, V6];

/** A gateway with a guard that acknowledges what it is asked, and a charon whose clients go when told. */
class World extends Scenario {
  clients: number[] = [];

  tell(event: SessionsEvent): this {
    return this.send({ type: 'sessions', event });
  }

  /** Announced, and all clients listed. */
  begin(): this {
    return this.guard({}).healthy(1000).acknowledge().tell({ type: 'link', isUp: true }).list();
  }

  acknowledge(): this {
    const { announcements } = this.state;
    return this.guard({
      lease: 'held',
      acknowledged: [...new Set(announcements.map(({ prefix }) => prefix))],
    });
  }

  list(): this {
    const ikeSas = this.clients.map((id) => clientSa(id));
    return this.tell({ type: 'listing', startedAt: this.now, ikeSas, total: ikeSas.length });
  }

  order(change: Partial<DrainIntent> = {}, seconds?: number): this {
    return this.tell({ type: 'drain', intent: this.#intent(change, seconds), resumed: false });
  }

  resume(): this {
    return this.tell({ type: 'drain', intent: this.#intent({}), resumed: true });
  }

  undrain(): this {
    return this.tell({ type: 'drain', intent: undefined, resumed: false });
  }

  /** Lets time pass with checks that pass, a guard that acknowledges and a charon that obeys. */
  live(ms: number): this {
    for (let passed = 0; passed < ms; passed += 100) {
      const before = this.effects.length;
      this.pass('charon', 'ike-v4', 'ike-v6', 'sa-count')
        .wait(Math.min(100, ms - passed))
        .acknowledge();
      for (const { effect } of this.effects.slice(before)) {
        if (effect.type === 'terminate') this.clients = this.clients.filter((id) => !effect.ids.includes(id));
      }
      if (this.state.sessions.askedAt !== undefined) this.list();
    }
    return this;
  }

  get phases(): string[] {
    return ALL.map((prefix) => this.state.prefixes.get(prefix)?.phase ?? '');
  }

  count(type: string): number {
    return this.effects.filter(({ effect }) => effect.type === type).length;
  }

  #intent(change: Partial<DrainIntent>, seconds?: number): DrainIntent {
    const order = { who: 'alice', reason: 'kernel', move: 'terminate' as const, to: undefined };
    const more = { ratePerSecond: 100, deadlineMs: 60_000, seconds };
    return drainIntentOf({ ...order, ...more, ...change }, { now: this.now, time: this.now });
  }
}

describe('a drain above the decision', () => {
  it('announces worse, withdraws, and comes back without a hold-down', () => {
    const run = new World();
    run.clients = [1, 2, 3];
    run.begin().order();
    expect(run.routes).toEqual([`${V4} 10000`, `${V6} 10000`]);
    expect([run.phases, gatewayState(run.state)]).toEqual([['draining', 'draining'], 'draining']);
    run.live(5000);
    expect([run.phases, run.routes, gatewayState(run.state)]).toEqual([
      ['drained', 'drained'],
      [],
      'drained',
    ]);
    expect(run.state.sessions.drain?.exodus).toMatchObject({ phase: 'done', terminated: 3, here: 0 });
    run.live(60_000).undrain();
    expect([run.phases, run.routes]).toEqual([
      ['announced', 'announced'],
      [`${V4} 100`, `${V6} 100`],
    ]);
    expect(run.state.prefixes.get(V4)).toMatchObject({ flaps: 0, holdUntil: expect.any(Number) });
    expect(run.journal.filter((line) => line.startsWith(V4))).toEqual([
      `${V4} cold → announced: all-pass`,
      `${V4} announced → draining: draining`,
      `${V4} draining → drained: drained`,
      `${V4} drained → announced: all-pass`,
    ]);
  });

  it('is withdrawn whatever the checks say, and so do they when it ends', () => {
    const run = new World().begin().order({ move: 'none' }).live(3000);
    run.fail('charon', 'charon-gone').wait(100);
    expect(run.phase()).toBe('drained (drained)');
    run.undrain();
    expect([run.phase(), run.routes]).toEqual(['withdrawn (charon-gone)', []]);
    run.guard({}).live(10_000);
    expect(run.phases).toEqual(['announced', 'announced']);
  });

  it('gives way to force, and stands again after it', () => {
    const run = new World().begin().order({ move: 'none' }).live(3000).force('announce');
    expect([run.phases, run.routes]).toEqual([['announced', 'drained'], [`${V4} 100`]]);
    expect(run.state.prefixes.get(V4)?.force?.checks.phase).toBe('announced');
    const { exodus } = run.state.sessions.drain ?? {};
    expect([exodus?.phase, exodus?.heldBy]).toEqual([
      'withdrawing',
      [expect.stringMatching(/^192.0.2.1.32 announce by alice until .*: new kernel$/)],
    ]);
    run.live(2000).intent();
    expect([run.phases, run.routes]).toEqual([['drained', 'drained'], []]);
    run.live(4000);
    expect(run.state.sessions.drain?.exodus).toMatchObject({ phase: 'done', heldBy: [] });
    run.force('withdraw').undrain();
    expect(run.phases).toEqual(['withdrawn', 'announced']);
    run.intent();
    expect(run.phases).toEqual(['announced', 'announced']);
  });

  it('begins under force, and holds when that ends', () => {
    const run = new World().begin().force('announce').order({ move: 'none' });
    expect(run.phases).toEqual(['announced', 'draining']);
    run.live(3000).intent();
    expect([run.phases, run.routes]).toEqual([['drained', 'drained'], []]);
  });

  it('ends at once when charon goes in the middle of it, and goes on with those who are left when it is back', () => {
    const run = new World();
    run.clients = [1, 2];
    run.begin().order({}).live(300);
    run.fail('charon', 'charon-gone').tell({ type: 'link', isUp: false });
    expect([run.phases, run.routes]).toEqual([['drained', 'drained'], []]);
    run.wait(2000);
    expect(run.count('terminate')).toBe(0);
    run.tell({ type: 'link', isUp: true }).live(5000);
    expect(run.state.sessions.drain?.exodus).toMatchObject({ phase: 'done', here: 0 });
    expect(run.phases).toEqual(['drained', 'drained']);
  });

  it.each([0, 200, 900, 1000, 1100, 1600, 2500, 5000])('can be taken back after %d ms', (ms) => {
    const run = new World();
    run.clients = [1, 2, 3];
    run.begin().order().live(ms).undrain();
    expect([run.phases, run.routes]).toEqual([
      ['announced', 'announced'],
      [`${V4} 100`, `${V6} 100`],
    ]);
    const told = run.count('terminate');
    run.live(5000);
    expect([run.count('terminate'), run.phases]).toEqual([told, ['announced', 'announced']]);
  });

  it('ends by itself when its time is over, and is taken out of the file', () => {
    const run = new World().begin().order({ move: 'none' }, 10).live(9500);
    expect([run.phases, run.count('drain-ended')]).toEqual([['drained', 'drained'], 0]);
    run.live(600);
    expect([run.phases, run.count('drain-ended')]).toEqual([['announced', 'announced'], 1]);
  });

  it('outlives a restart, even where the predecessor handed over what it announced', () => {
    const held = POLICY.prefixes.flatMap(({ routes }) => routes.draining);
    const pool: Announcement = { prefix: INSIDE, nextHop: 'self', med: 100 };
    const run = new World(WITH_POOL).resume();
    expect(run.phases).toEqual(['drained', 'drained']);
    run.guard({
      ...EMPTY,
      generation: 7,
      lease: 'handover',
      desired: [...held, pool],
      acknowledged: [...ALL, INSIDE],
    });
    // The way back of those who are still here stays.
    expect([run.phases, run.routes]).toEqual([['drained', 'drained'], [`${INSIDE} 100`]]);
    expect(run.state.prefixes.get(INSIDE)?.phase).toBe('adopted');
    run.live(10_000);
    expect([run.phases, run.routes]).toEqual([['drained', 'drained'], [`${INSIDE} 100`]]);
    run.undrain();
    expect(run.phases).toEqual(['announced', 'announced']);
  });

  it('takes the way back of its clients away with the last of them', () => {
    const run = new World(WITH_POOL);
    run.clients = [1];
    run.begin().order().live(1200);
    expect(run.routes).toEqual([`${INSIDE} 100`]);
    run.live(5000);
    expect([run.state.sessions.drain?.exodus.phase, run.routes]).toEqual(['done', []]);
    run.undrain();
    expect(run.state.prefixes.get(INSIDE)?.phase).toBe('announced');
  });

  it('moves nobody once the sidecar is told to stop', () => {
    const run = new World();
    run.clients = [1, 2, 3];
    run.begin().order().live(500).stop().live(5000);
    expect([run.count('terminate'), run.routes, gatewayState(run.state)]).toEqual([0, [], 'stopping']);
    const done = new World().begin().order({ move: 'none' }).live(3000).stop();
    expect(done.phases).toEqual(['drained', 'drained']);
  });

  it('follows a reload', () => {
    const run = new World();
    run.clients = [1];
    run.begin();
    expect(run.state.sessions.book.sessions.get(1)?.prefix).toBe(V4);
    run.reload({ ...POLICY, sessions: { ...POLICY.sessions, anycast: [V6] } });
    expect(run.state.sessions.book.sessions.get(1)?.prefix).toBeUndefined();
  });
});

describe('what the sessions hear', () => {
  it('is why a prefix is not announced, in the very step', () => {
    const run = new World();
    run.clients = [1, 2];
    run.begin();
    run.fail('ike-v4', 'ike-silent').fail('ike-v4', 'ike-silent').fail('charon', 'vici-silent');
    // The other family only shows it.
    expect(run.routes).toEqual([`${V6} 1000`]);
    expect(routingOf(run.state, POLICY, run.now).prefixes.get(V4)).toMatchObject({
      wanted: false,
      withdrawnBy: 'checks',
    });
  });

  it('begins no evacuation for what people ordered, nor when charon is gone', () => {
    const forced = new World().begin().force('withdraw');
    expect(forced.state.sessions.evacuation.exodus).toBeUndefined();
    expect(routingOf(forced.state, POLICY, forced.now).prefixes.get(V4)?.withdrawnBy).toBe('person');
    const gone = new World().begin().fail('charon', 'charon-gone');
    expect(gone.state.sessions.evacuation.exodus).toBeUndefined();
    expect(routingOf(gone.state, POLICY, gone.now).prefixes.get(V4)?.withdrawnBy).toBe('gone');
  });
});
