/** What the judge of the chaos lab takes for a breach, and what not: withdrawn unasked, announced again, not back. */
import { describe, expect, it } from 'vitest';
import type { ObserverEvent } from './lab/observer-event.ts';
import { Observer, RECOVERY_MS } from './lab/observer.ts';
import {
  announce,
  both,
  closed,
  fault,
  invariants,
  judge,
  P4,
  P6,
  part,
  START,
  withdraw,
} from './lab-chaos-observer.fixture.ts';

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
