import { describe, expect, it } from 'vitest';
import { SLACK_MS, STRAIN_MS, type Condition, type ObservedPart } from './lab/observer-bounds.ts';
import type { Breach, ObserverEvent } from './lab/observer-event.ts';
import { Observer, RECOVERY_MS } from './lab/observer.ts';

const P4 = '192.0.2.1/32';
const P6 = '2001:db8:53::1/128';
/** Long enough for everything to have settled. */
const START = 100_000;

const part = (at: number, of: ObservedPart, condition: Condition, gateway = 'gw1'): ObserverEvent => ({
  kind: 'part',
  at,
  gateway,
  part: of,
  condition,
});
const fault = (at: number, state: 'begins' | 'ends', hitless = false): ObserverEvent => ({
  kind: 'fault',
  at,
  gateway: 'gw1',
  state,
  hitless,
});
const withdraw = (at: number, prefix = P4, gateway = 'gw1'): ObserverEvent => ({
  kind: 'withdraw',
  at,
  gateway,
  prefix,
});
const announce = (at: number, prefix = P4, gateway = 'gw1'): ObserverEvent => ({
  kind: 'announce',
  at,
  gateway,
  prefix,
});
const both = (event: (at: number, prefix: string) => ObserverEvent, at: number): ObserverEvent[] => [
  event(at, P4),
  event(at, P6),
];
const closed = (at: number): ObserverEvent[] =>
  ([4, 6] as const).map((family) => ({ kind: 'session', at, gateway: 'gw1', family, state: 'closed' }));
const tick = (at: number): ObserverEvent => ({ kind: 'tick', at });

/**
 * What the judge says of a history, with charon answering whenever it is not said to be down: of each kind of
 * breach the first one, as every further event finds it again.
 */
function judge(events: readonly ObserverEvent[], until: number): Breach[] {
  const observer = new Observer(['gw1', 'gw2'], [P4, P6], -START);
  const shared: ObserverEvent[] = [];
  let down = false;
  for (let at = -START; at <= until; at += 100) {
    for (const event of events)
      if (event.kind === 'part' && event.part === 'charon' && event.at >= at && event.at < at + 100)
        down = event.condition !== 'well';
    shared.push(tick(at), { kind: 'proof', at, gateway: 'gw2' });
    if (!down) shared.push({ kind: 'proof', at, gateway: 'gw1' });
  }
  const breaches = [...shared, ...events]
    .filter(({ at }) => at <= until)
    .toSorted((a, b) => a.at - b.at)
    .flatMap((event) => observer.hear(event));
  const kindOf = ({ invariant, gateway, prefix }: Breach): string => `${invariant} ${gateway} ${prefix}`;
  return breaches.filter(
    (breach, index) => breaches.findIndex((other) => kindOf(other) === kindOf(breach)) === index,
  );
}

const invariants = (breaches: readonly Breach[]): string[] => [
  ...new Set(breaches.map(({ invariant }) => invariant)),
];

describe('a quiet lab', () => {
  it('breaks nothing', () => {
    expect(judge([], 60_000)).toEqual([]);
  });

  it('breaks "hitless" when a prefix is withdrawn without a fault', () => {
    expect(judge([withdraw(10_000)], 11_000)).toEqual([
      expect.objectContaining({ invariant: 'hitless', gateway: 'gw1', prefix: P4, at: 10_000 }),
    ]);
  });

  it('breaks "hitless" when a session ends although only a reload was asked for', () => {
    const history = [fault(10_000, 'begins', true), ...closed(10_100), fault(11_000, 'ends', true)];
    expect(invariants(judge(history, 12_000))).toEqual(['hitless']);
  });

  it('takes a new attribute for no withdrawal', () => {
    expect(judge([announce(10_000)], 12_000)).toEqual([]);
  });
});

describe('I1: announced implies charon alive', () => {
  it.each([
    ['dead', 10],
    ['frozen', 1500],
    ['empty', 1200],
  ] as const)('charon %s: within %i ms and slack', (condition, bound) => {
    const begin = [fault(-1, 'begins'), part(0, 'charon', condition)];
    const inTime = [...begin, ...both(withdraw, bound + SLACK_MS - 5)];
    expect(judge(inTime, 8000)).toEqual([]);
    const late = [...begin, ...both(withdraw, bound + SLACK_MS + 5)];
    expect(invariants(judge(late, bound + SLACK_MS + 200))).toContain('I1');
    expect(invariants(judge(begin, 8000))).toEqual(['I1']);
  });

  it('needs no fact from the lab: a charon that answers no probe is enough', () => {
    const observer = new Observer(['gw1'], [P4, P6], 4000);
    const hear = (event: ObserverEvent): string[] => invariants(observer.hear(event));
    expect(hear({ kind: 'proof', at: 5000, gateway: 'gw1' })).toEqual([]);
    expect(hear(tick(9000 + SLACK_MS))).toEqual([]);
    expect(hear(tick(9001 + SLACK_MS))).toEqual(['I1']);
  });

  it('is not broken by a charon that answers again in time', () => {
    const history = [
      fault(-1, 'begins'),
      part(0, 'charon', 'frozen'),
      part(1400, 'charon', 'well'),
      fault(1401, 'ends'),
    ];
    expect(judge(history, 20_000)).toEqual([]);
  });

  it('holds with the sidecar frozen too: the lease ends first', () => {
    const begin = [fault(-1, 'begins'), part(0, 'sidecar', 'frozen'), part(100, 'charon', 'dead')];
    expect(judge([...begin, ...both(withdraw, 1000)], 8000)).toEqual([]);
    expect(invariants(judge(begin, 8000))).toEqual(['I2']);
  });

  it('promises nothing while nobody is there to act', () => {
    const history = [
      fault(-1, 'begins'),
      part(0, 'sidecar', 'frozen'),
      part(1, 'guard', 'frozen'),
      part(2, 'charon', 'dead'),
    ];
    expect(judge(history, 30_000)).toEqual([]);
    // But the guard that runs again has to act at once: its lease is over.
    const thawed = [...history, part(10_000, 'guard', 'well')];
    expect(judge([...thawed, ...both(withdraw, 10_020)], 12_000)).toEqual([]);
    expect(invariants(judge(thawed, 10_200))).toEqual(['I2']);
  });

  it('wants a sidecar out of descriptors to hear charon hang up, and asks no more than the age of proof else', () => {
    const blind = [fault(-1, 'begins'), part(0, 'sidecar', 'blind')];
    expect(judge(blind, 20_000)).toEqual([]);
    const died = [...blind, part(5000, 'charon', 'dead')];
    expect(judge([...died, ...both(withdraw, 5010)], 8000)).toEqual([]);
    expect(invariants(judge(died, 5200))).toEqual(['I1']);
    const froze = [...blind, part(5000, 'charon', 'frozen')];
    expect(judge([...froze, ...both(withdraw, 9000)], 12_000)).toEqual([]);
    expect(invariants(judge(froze, 9300))).toEqual(['I1']);
  });

  it('waits for the hand-over, but not when charon dies meanwhile', () => {
    const left = [fault(-1, 'begins'), part(0, 'sidecar', 'handed-over')];
    expect(judge([...left, ...both(withdraw, 5000)], 8000)).toEqual([]);
    expect(invariants(judge(left, 5300))).toEqual(['I2']);
    const died = [...left, part(1000, 'charon', 'dead')];
    expect(judge([...died, ...both(withdraw, 1010)], 8000)).toEqual([]);
    expect(invariants(judge(died, 1300))).toEqual(['I1']);
  });
});

describe('I2: dead and frozen parts', () => {
  it.each([
    ['sidecar', 'dead', 1000],
    ['sidecar', 'frozen', 1000],
    ['guard', 'dead', 100],
    ['guard', 'frozen', 1500],
    ['exabgp', 'frozen', 2500],
    ['exabgp', 'dead', 5],
    ['launcher', 'dead', 2000],
  ] as const)('%s %s: gone within %i ms and slack', (of, condition, bound) => {
    const begin = [fault(-1, 'begins'), part(0, of, condition)];
    expect(judge([...begin, ...closed(bound + SLACK_MS - 5)], 8000)).toEqual([]);
    expect(invariants(judge(begin, bound + SLACK_MS + 200))).toEqual(['I2']);
  });

  it('wants one withdrawal even if the next guard is there at once', () => {
    const history = [fault(-1, 'begins'), part(0, 'guard', 'dead'), part(60, 'guard', 'well')];
    expect(invariants(judge(history, 2000))).toEqual(['I2']);
    expect(judge([...history, ...both(withdraw, 90)], 2000)).toEqual([]);
  });

  it('counts a frozen ExaBGP in: it is killed when it does not acknowledge', () => {
    const begin = [fault(-1, 'begins'), part(0, 'exabgp', 'frozen'), part(10, 'charon', 'dead')];
    expect(judge([...begin, ...closed(320 + SLACK_MS - 5)], 5000)).toEqual([]);
    expect(invariants(judge(begin, 320 + SLACK_MS + 100))).toEqual(['I1']);
  });

  it('gives ExaBGP its time to start another launcher, whose guard clears', () => {
    const begin = [
      fault(-1, 'begins'),
      part(0, 'launcher', 'dead'),
      part(400, 'sidecar', 'frozen'),
      part(1000, 'launcher', 'well'),
    ];
    expect(judge([...begin, part(1300, 'guard', 'well'), ...both(withdraw, 1700)], 8000)).toEqual([]);
    expect(invariants(judge(begin, 2300))).toEqual(['I2']);
  });

  it('lets the hold time end a frozen ExaBGP that nobody can kill', () => {
    const begin = [
      fault(-1, 'begins'),
      part(0, 'guard', 'frozen'),
      part(1, 'exabgp', 'frozen'),
      part(2, 'sidecar', 'frozen'),
    ];
    expect(judge([...begin, ...closed(9000)], 9500)).toEqual([]);
    expect(invariants(judge(begin, 9500))).toEqual(['I2']);
  });

  it('gives CPU hogs and its own lateness their time', () => {
    const begin = [fault(-1, 'begins'), part(0, 'sidecar', 'dead')];
    const at = 1000 + SLACK_MS + STRAIN_MS - 5;
    const hog: ObserverEvent = { kind: 'strain', at: -500, active: true };
    expect(judge([hog, ...begin, ...both(withdraw, at)], 3000)).toEqual([]);
    const stall: ObserverEvent = { kind: 'stall', at: 900, ms: STRAIN_MS };
    expect(judge([stall, ...begin, ...both(withdraw, at)], 3000)).toEqual([]);
    expect(invariants(judge([...begin, ...both(withdraw, at)], 3000))).toEqual(['I2']);
  });
});

describe('I3: withdrawn stays withdrawn while its reason holds', () => {
  it.each(['dead', 'frozen', 'empty'] as const)('charon %s, withdrawn, announced again', (condition) => {
    const history = [
      fault(-1, 'begins'),
      part(0, 'charon', condition),
      ...both(withdraw, 8),
      announce(40),
      withdraw(45),
    ];
    expect(judge(history, 5000)).toEqual([expect.objectContaining({ invariant: 'I3', prefix: P4, at: 40 })]);
  });

  it('sidecar frozen, charon dead meanwhile, and the sidecar announces when it runs on', () => {
    const history = [
      fault(-1, 'begins'),
      part(0, 'sidecar', 'frozen'),
      ...both(withdraw, 1000),
      part(1500, 'charon', 'dead'),
      part(2000, 'sidecar', 'well'),
    ];
    expect(judge(history, 20_000)).toEqual([]);
    expect(judge([...history, announce(2002), withdraw(2008)], 5000)).toEqual([
      expect.objectContaining({ invariant: 'I3', at: 2002 }),
    ]);
  });

  it('sidecar dead, lease over, announced again', () => {
    const history = [
      fault(-1, 'begins'),
      part(0, 'sidecar', 'dead'),
      ...both(withdraw, 1000),
      announce(2000),
    ];
    expect(invariants(judge(history, 2000))).toEqual(['I3']);
  });

  it('is not broken once charon is well again', () => {
    const history = [
      fault(-1, 'begins'),
      part(0, 'charon', 'dead'),
      ...both(withdraw, 5),
      part(2000, 'charon', 'well'),
      fault(2001, 'ends'),
      ...both(announce, 3500),
    ];
    expect(judge(history, 60_000)).toEqual([]);
  });
});

describe('I4: everything comes back', () => {
  const history = [
    fault(0, 'begins'),
    part(0, 'charon', 'dead'),
    ...both(withdraw, 5),
    part(1000, 'charon', 'well'),
    fault(1000, 'ends'),
  ];

  it('is broken by a prefix that does not', () => {
    const events = [...history, announce(3000, P4)];
    expect(judge(events, 1000 + RECOVERY_MS)).toEqual([]);
    expect(judge(events, 1200 + RECOVERY_MS)).toEqual([
      expect.objectContaining({ invariant: 'I4', gateway: 'gw1', prefix: P6 }),
    ]);
  });

  it('waits while any fault is still there', () => {
    const events = [...history, fault(5000, 'begins')];
    expect(judge(events, 5000 + 2 * RECOVERY_MS)).toEqual([]);
  });

  it('measures how long it took', () => {
    const observer = new Observer(['gw1'], [P4, P6], -START);
    const events = [...history, ...both(announce, 2500)];
    for (const event of events.toSorted((a, b) => a.at - b.at)) observer.hear(event);
    expect(observer.recoveries).toEqual([1500]);
    expect(observer.steady).toBe(true);
  });
});

describe('charon dead while ExaBGP is frozen', () => {
  const begin = [fault(-1, 'begins'), part(0, 'exabgp', 'frozen'), part(700, 'charon', 'dead')];

  it('is withdrawn when the guard has killed ExaBGP, which the process table may show first', () => {
    const history = [...begin, part(960, 'exabgp', 'dead'), ...closed(962), fault(963, 'ends')];
    expect(judge(history, 1500)).toEqual([]);
  });

  it('is withdrawn then, and no later', () => {
    const history = [...begin, part(960, 'exabgp', 'dead')];
    expect(judge(history, 1500)).toMatchObject([{ prefix: P4 }, { prefix: P6 }]);
  });
});

describe('the link and the kernel', () => {
  it('asks nothing of a gateway that cannot be seen', () => {
    const history = [
      fault(-1, 'begins'),
      { kind: 'route', at: -10, prefix: P4, gateway: 'gw1' } as const,
      part(0, 'link', 'dead'),
      part(10, 'charon', 'dead'),
      part(20, 'sidecar', 'dead'),
    ];
    expect(judge(history, 20_000)).toEqual([]);
  });

  describe('a session that outlives a dead link', () => {
    const dead = [
      fault(-1, 'begins'),
      part(0, 'link', 'dead'),
      part(1000, 'charon', 'dead'),
      part(3000, 'link', 'well'),
      announce(3010),
    ];

    it('may deliver what was said before charon died, with the withdrawal behind it', () => {
      expect(judge([...dead, withdraw(3020), fault(3030, 'ends')], 4500)).toEqual([]);
    });

    it('may not leave it at that', () => {
      expect(judge(dead, 4500)).toMatchObject([{ invariant: 'I1', prefix: P4 }]);
    });

    it('may not say so twice', () => {
      const again = judge([...dead, withdraw(3020), announce(3700)], 4500);
      expect(again).toMatchObject([{ invariant: 'I3', prefix: P4 }, { invariant: 'I1' }]);
    });

    it('has no such excuse once it is another session', () => {
      const open: ObserverEvent = { kind: 'session', at: 3005, gateway: 'gw1', family: 4, state: 'open' };
      const [first] = judge([...dead.slice(0, 4), open, announce(3010)], 4500);
      expect(first).toMatchObject({ invariant: 'I3', prefix: P4 });
    });
  });

  it('takes a kernel route to a gateway that does not announce for a breach', () => {
    const route: ObserverEvent = { kind: 'route', at: 0, prefix: P4, gateway: 'gw1' };
    const history = [
      route,
      fault(10, 'begins'),
      part(10, 'charon', 'dead'),
      ...both(withdraw, 15),
      part(500, 'charon', 'well'),
      fault(500, 'ends'),
    ];
    expect(invariants(judge(history, 3000))).toEqual(['router']);
    expect(judge([...history, { ...route, at: 20, gateway: 'gw2' }], 3000)).toEqual([]);
  });
});
