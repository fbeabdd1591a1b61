/** Within how long the judge of the chaos lab wants a prefix withdrawn: of a dead charon (I1), of a dead part of ours (I2). */
import { describe, expect, it } from 'vitest';
import { SLACK_MS, STRAIN_MS } from './lab/observer-bounds.ts';
import type { ObserverEvent } from './lab/observer-event.ts';
import { Observer } from './lab/observer.ts';
import {
  both,
  closed,
  fault,
  invariants,
  judge,
  P4,
  P6,
  part,
  tick,
  withdraw,
} from './lab-chaos-observer.fixture.ts';

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
