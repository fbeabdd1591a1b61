import { describe, expect, it } from 'vitest';
import { leftovers } from './lab/chaos-leftovers.ts';
import { chaosParts, FAULT_KINDS, type FaultKind } from './lab/chaos-kinds.ts';
import { formatBreach, summarizeReactions } from './lab/chaos-report.ts';
import { describeFault, planChaos, randomFrom, type ScheduledFault } from './lab/chaos-schedule.ts';
import { identify } from './lab/process-identity.ts';

const kinds = (faults: readonly ScheduledFault[]): Set<FaultKind> => new Set(faults.map(({ kind }) => kind));
const ALL = Object.keys(FAULT_KINDS) as FaultKind[];
const UNIT_ONLY = ALL.filter((kind) => FAULT_KINDS[kind].unit === true);

describe('randomFrom', () => {
  it('gives the same numbers for the same seed, everywhere', () => {
    const random = randomFrom(1);
    expect([random(), random(), random()].map((x) => x.toFixed(6))).toEqual([
      '0.627074',
      '0.002736',
      '0.527447',
    ]);
    expect(randomFrom(2)()).not.toBe(randomFrom(1)());
  });
});

describe('planChaos', () => {
  it('is reproducible, and another seed is another run', () => {
    expect(planChaos(7, 60, true)).toEqual(planChaos(7, 60, true));
    expect(planChaos(7, 60, true)).not.toEqual(planChaos(8, 60, true));
  });

  it('draws every kind there is, and those of a unit only with one', () => {
    expect(kinds(planChaos(1, 3600, false))).toEqual(new Set(ALL));
    const supervised = kinds(planChaos(1, 3600, true));
    expect(supervised).toEqual(new Set(ALL.filter((kind) => !UNIT_ONLY.includes(kind))));
    expect(UNIT_ONLY.length).toBeGreaterThan(0);
  });

  it.each([1, 2, 3, 4, 5])('seed %i: in order, undone in time, never two of one part at once', (seed) => {
    const faults = planChaos(seed, 600, false);
    expect(faults.length).toBeGreaterThan(100);
    const busyUntil = new Map<string, number>();
    let before = 0;
    for (const { kind, gateway, at, until } of faults) {
      expect(at).toBeGreaterThanOrEqual(before);
      expect(until).toBeGreaterThan(at);
      expect(until).toBeLessThanOrEqual(600_000);
      before = at;
      for (const part of chaosParts(FAULT_KINDS[kind].part)) {
        const key = `${gateway ?? ''} ${part}`;
        expect(at).toBeGreaterThan(busyUntil.get(key) ?? -1);
        busyUntil.set(key, until);
      }
    }
  });

  it('overlaps faults of different parts, on one gateway and on both', () => {
    const faults = planChaos(1, 600, false);
    const overlapping = faults.flatMap((a) =>
      faults.filter((b) => a.number < b.number && b.at < a.until).map((b) => a.gateway === b.gateway),
    );
    expect(new Set(overlapping)).toEqual(new Set([true, false]));
  });

  it('can be printed', () => {
    const fault: ScheduledFault = { number: 3, kind: 'charon-stop', gateway: 'gw1', at: 4512, until: 5716 };
    expect(describeFault(fault)).toBe('#3      4.512 s  gw1 charon-stop for 1.204 s');
    expect(describeFault({ ...fault, kind: 'cpu-hog', gateway: undefined })).toContain(' all cpu-hog ');
  });
});

describe('summarizeReactions', () => {
  it('keeps the worst of each cause against its own bound', () => {
    const why = 'charon dead';
    expect(
      summarizeReactions([
        { why, tookMs: 4, boundMs: 10 },
        { why, tookMs: 300, boundMs: 320 },
        { why, tookMs: 9, boundMs: 10 },
      ]),
    ).toEqual({ [why]: { count: 3, worst_ms: 9, bound_ms: 10 } });
  });
});

describe('formatBreach', () => {
  it('says what broke, the way there, the state and the last events', () => {
    const text = formatBreach({
      breaches: [
        { invariant: 'I2', at: 2000, gateway: 'gw1', prefix: '192.0.2.1/32', text: 'still announced' },
      ],
      seed: 42,
      startedAt: 1000,
      faults: [{ number: 1, kind: 'guard-kill', gateway: 'gw1', at: 500, until: 1500, outcome: 'cut short' }],
      events: Array.from({ length: 20 }, (_, index) => ({
        kind: 'action' as const,
        at: 1100 + index,
        text: `event ${index}.`,
      })),
      state: ['gw1: announced'],
      logs: '/logs',
    });
    expect(text).toMatch(/^BREACH at 1\.000 s, seed 42:\n {2}I2 {2}gw1 192\.0\.2\.1\/32: still announced\n/);
    expect(text).toContain('gw1 guard-kill for 1.000 s (cut short)');
    expect(text).toContain('gw1: announced');
    expect(text).not.toContain('event 4.');
    expect(text).toMatch(/event 5\.[^]*event 19\.\nlogs: \/logs$/);
  });
});

describe('leftovers', () => {
  it('names a process that is still there', () => {
    const self = identify(process.pid);
    expect(leftovers('none-of-this', self === undefined ? [] : [self])).toEqual([
      expect.stringContaining(`process ${process.pid} (`),
    ]);
    expect(leftovers('none-of-this', [])).toEqual([]);
  });
});
