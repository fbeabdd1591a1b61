import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FleetConfig } from '../../../sidecar/config/config.ts';
import { MemberClient } from '../../../sidecar/fleet/member-client.ts';
import { FleetPoll, intervalOf, untilNext } from '../../../sidecar/fleet/poll.ts';
import type { FleetView, Member } from '../../../sidecar/fleet/view.ts';
import { monotonic } from '../../../sidecar/monotonic.ts';
import { Peers, prefixWord, wire, wordFrom } from './peers.ts';

let peers: Peers;
let world: World;
beforeEach(() => {
  peers = new Peers();
  world = new World();
});
afterEach(() => {
  world.poll.close();
  peers.close();
});

/** A poll with everything that it told. */
class World {
  readonly views: FleetView[] = [];
  readonly problems: string[] = [];
  #waiting: (() => void)[] = [];
  readonly poll = new FleetPoll({
    gateway: 'gw1',
    now: monotonic,
    onView: (view) => {
      this.views.push(view);
      for (const look of this.#waiting) look();
    },
    onProblem: (member, problem) => void this.problems.push(`${member}: ${problem ?? 'heard'}`),
  });

  follow(gateways: FleetConfig['gateways'], more: Partial<FleetConfig> = {}): void {
    const times = { pollMs: 20, timeoutMs: 1000, maxAgeMs: 5000, minimumOthers: 1 };
    this.poll.follow({ gateways, ...times, ...more });
  }

  /** Resolves with the first view that is told from now on, or was told last, of which this is true. */
  until(isSo: (view: FleetView) => boolean): Promise<FleetView> {
    return new Promise((resolve) => {
      const look = (): void => {
        const view = this.views.at(-1);
        if (view === undefined || !isSo(view)) return;
        this.#waiting = this.#waiting.filter((each) => each !== look);
        resolve(view);
      };
      this.#waiting.push(look);
      look();
    });
  }
}

const member = (view: FleetView, name: string): Member => view.members.get(name) ?? { name };
const hasProblem = (name: string) => (view: FleetView) => member(view, name).problem !== undefined;
const isHeard = (name: string) => (view: FleetView) => {
  const { word, problem } = member(view, name);
  return word !== undefined && problem === undefined;
};

describe('polling the fleet', () => {
  it('hears every member but ourselves, and is settled then', async () => {
    let ours = 0;
    const own = await peers.http(() => void (ours += 1));
    const [gw2, gw3] = [
      await peers.gateway(() => wordFrom('gw2')),
      await peers.gateway(() => wordFrom('gw3', { state: 'degraded' })),
    ];
    world.follow([
      { name: 'gw1', url: own },
      { name: 'gw2', url: gw2 },
      { name: 'gw3', url: gw3 },
    ]);
    expect(world.views[0]).toMatchObject({ settled: false });
    const view = await world.until((each) => each.settled);
    expect([...view.members.keys()]).toEqual(['gw2', 'gw3']);
    expect(member(view, 'gw3').word).toEqual(wordFrom('gw3', { state: 'degraded' }));
    expect(ours).toBe(0);
  });

  it('is settled at once where there is nobody else', () => {
    world.follow([{ name: 'gw1', url: 'http://127.0.0.1:1' }]);
    expect(world.views).toMatchObject([{ settled: true }]);
  });

  it('dates a word when it was asked for: it was true after that', async () => {
    let asked = 0;
    const url = await peers.http((_, response) => {
      asked = monotonic();
      response.end(JSON.stringify(wordFrom('gw2')));
    });
    const before = monotonic();
    world.follow([{ name: 'gw2', url }], { pollMs: 60_000 });
    const { heardAt = 0 } = member(await world.until(isHeard('gw2')), 'gw2');
    expect(heardAt).toBeGreaterThanOrEqual(before);
    expect(heardAt).toBeLessThanOrEqual(asked);
  });

  it('goes on with the others while one hangs', async () => {
    const hanging = await peers.raw(() => undefined);
    let asked = 0;
    const lively = await peers.gateway(() =>
      wordFrom('gw3', { load: { ike_sas: (asked += 1), half_open: 0 } }),
    );
    world.follow([
      { name: 'gw2', url: hanging },
      { name: 'gw3', url: lively },
    ]);
    await world.until((view) => (member(view, 'gw3').word?.load.ike_sas ?? 0) >= 3);
    expect(world.views.at(-1)?.settled).toBe(false);
  });

  it('never asks one twice at a time', async () => {
    let [now, most, answered] = [0, 0, 0];
    const ask = Reflect.get(MemberClient.prototype, 'ask');
    const spy = vi.spyOn(MemberClient.prototype, 'ask').mockImplementation(async function (
      this: MemberClient,
      ...question
    ) {
      most = Math.max(most, (now += 1));
      const brought = await ask.apply(this, question);
      now -= 1;
      return brought;
    });
    const url = await peers.http((_, response) => {
      const word = wordFrom('gw2', { load: { ike_sas: (answered += 1), half_open: null } });
      setTimeout(() => response.end(JSON.stringify(word)), 60);
    });
    world.follow([{ name: 'gw2', url }], { pollMs: 5 });
    await world.until((view) => (member(view, 'gw2').word?.load.ike_sas ?? 0) >= 2);
    spy.mockRestore();
    expect(most).toBe(1);
  });

  it('keeps the last word beside the problem, tells both once, and hears again', async () => {
    let isIll = false;
    const url = await peers.http((_, response) => {
      if (isIll) response.writeHead(500);
      response.end(JSON.stringify(wordFrom('gw2')));
    });
    world.follow([{ name: 'gw2', url }]);
    const { heardAt } = member(await world.until(isHeard('gw2')), 'gw2');
    isIll = true;
    const view = await world.until(hasProblem('gw2'));
    expect(member(view, 'gw2')).toMatchObject({ word: wordFrom('gw2') });
    expect(member(view, 'gw2').heardAt).toBeGreaterThanOrEqual(heardAt ?? 0);
    isIll = false;
    await world.until(isHeard('gw2'));
    expect(world.problems).toEqual([expect.stringContaining('HTTP status 500'), 'gw2: heard']);
  });

  it.each([
    ['garbage', wire('{"gateway":'), 'did not answer with JSON'],
    ['bytes that are no text', wire('\u0000\u0001'), 'did not answer with JSON'],
    ['JSON of something else', wire('{"status":"ok"}'), 'with the word of a gateway (prefixes: a list'],
    ['more than 64 KiB', wire(`"${'x'.repeat(65_536)}"`), 'more than 64 KiB'],
    [
      'another gateway',
      wire(JSON.stringify(wordFrom('gw7'))),
      'says that it is "gw7"; correct fleet.gateways',
    ],
    ['ourselves', wire(JSON.stringify(wordFrom('gw1'))), 'says that it is "gw1", which is us'],
  ])('knows nothing from %s', async (_, answer, expected) => {
    const url = await peers.raw((socket) => socket.write(answer));
    world.follow([{ name: 'gw2', url }]);
    const { word, problem } = member(await world.until(hasProblem('gw2')), 'gw2');
    expect(word).toBeUndefined();
    expect(problem).toContain(expected);
  });

  it('tells news at once, and what is no news once an interval', async () => {
    let [asked, state] = [0, 'announced' as 'announced' | 'withdrawn'];
    const url = await peers.gateway(() => {
      asked += 1;
      return wordFrom('gw2', { state, load: { ike_sas: asked, half_open: 0 } });
    });
    const other = await peers.gateway(() => wordFrom('gw3'));
    const gateways = [
      { name: 'gw2', url },
      ...Array.from({ length: 9 }, (_, n) => ({ name: n === 0 ? 'gw3' : `x${n}`, url: other })),
    ];
    world.follow(gateways, { pollMs: 100 });
    await world.until((view) => view.settled);
    state = 'withdrawn';
    const before = asked;
    await world.until((view) => member(view, 'gw2').word?.state === 'withdrawn');
    expect(asked).toBeLessThanOrEqual(before + 2);
  });

  it('hands on the very word while it is the same, byte for byte', async () => {
    const url = await peers.gateway(() => wordFrom('gw2'));
    world.follow([{ name: 'gw2', url }]);
    const first = member(await world.until(isHeard('gw2')), 'gw2');
    const later = await world.until((view) => (member(view, 'gw2').heardAt ?? 0) > (first.heardAt ?? 0));
    expect(member(later, 'gw2').word).toBe(first.word);
  });
});

describe('another configuration', () => {
  it('keeps what is known of those that stay, forgets the others, and asks the new ones', async () => {
    const [gw2, gw3, gw4] = await Promise.all(
      ['gw2', 'gw3', 'gw4'].map((name) => peers.gateway(() => wordFrom(name))),
    );
    if (gw2 === undefined || gw3 === undefined || gw4 === undefined) throw new Error('no peers');
    world.follow([
      { name: 'gw2', url: gw2 },
      { name: 'gw3', url: gw3 },
    ]);
    const known = member(await world.until((view) => view.settled), 'gw3').word;
    world.follow([
      { name: 'gw3', url: gw3 },
      { name: 'gw4', url: gw4 },
    ]);
    expect(world.views.at(-1)?.members.has('gw2')).toBe(false);
    expect(member(world.views.at(-1) as FleetView, 'gw3').word).toBe(known);
    await world.until((view) => view.settled && isHeard('gw4')(view));
  });

  it('goes on asking a member whose question was under way', async () => {
    const held: (() => void)[] = [];
    const url = await peers.http((_, response) => {
      held.push(() => response.end(JSON.stringify(wordFrom('gw2', { prefixes: [prefixWord()] }))));
      world.follow([{ name: 'gw2', url }], { minimumOthers: held.length });
      for (const answer of held.splice(0)) answer();
    });
    world.follow([{ name: 'gw2', url }]);
    await world.until(isHeard('gw2'));
    const first = member(world.views.at(-1) as FleetView, 'gw2').heardAt ?? 0;
    const later = await world.until((view) => (member(view, 'gw2').heardAt ?? 0) > first);
    expect(later.settled).toBe(true);
  });

  it('without a fleet asks nobody', async () => {
    let asked = 0;
    const url = await peers.gateway(() => {
      asked += 1;
      return wordFrom('gw2');
    });
    world.follow([{ name: 'gw2', url }]);
    await world.until((view) => view.settled);
    const before = asked;
    world.poll.follow(undefined);
    expect(world.views.at(-1)).toMatchObject({ members: new Map(), settled: true });
    expect(await world.poll.ask('gw2', { path: '/', maximum: 1 })).toBeUndefined();
    expect(asked).toBe(before);
  });

  it('says no more once it is closed', async () => {
    const url = await peers.raw(() => undefined);
    world.follow([{ name: 'gw2', url }]);
    const told = world.views.length;
    const asked = world.poll.ask('gw2', { path: '/', maximum: 1 });
    world.poll.close();
    expect(await asked).toHaveProperty('problem');
    expect(world.views).toHaveLength(told);
    expect(world.problems).toEqual([]);
  });
});

describe('how often', () => {
  const times = { pollMs: 1000, timeoutMs: 1000, maxAgeMs: 5000 };

  it.each([
    [1, 1000],
    [16, 1000],
    [30, 1800],
    [50, 3000],
    [500, 3000],
  ])('%i others are asked every %i ms', (members, expected) => {
    expect(intervalOf(times, members)).toBe(expected);
  });

  it.each([
    [400, 400],
    [799.5, 400.5],
    [800, 400],
    [801, 399],
    [1001, 199 + 400],
  ])('at %d the next moment for all is %d ms away', (time, expected) => {
    expect(untilNext(400, time)).toBeCloseTo(expected);
  });

  it('never makes it more often than was configured', () => {
    expect(intervalOf({ ...times, pollMs: 4500, maxAgeMs: 6000 }, 50)).toBe(4500);
  });
});
