import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Unit } from '../../sidecar/unit.ts';

const CHECKS = [
  { name: 'slow', intervalMs: 60_000, timeoutMs: 5000 },
  { name: 'charon', intervalMs: 500, timeoutMs: 450 },
];

let now: number;
let sent: string[];
let checks = CHECKS;
let text: string;
beforeEach(() => {
  vi.useFakeTimers();
  [now, sent, checks, text] = [1000, [], CHECKS, 'as it is'];
});
afterEach(() => void vi.useRealTimers());

/** The seconds at which it said so. */
const alive = (): number[] =>
  sent.flatMap((each) => (each.startsWith('alive') ? [Number(each.slice(6))] : []));

function unit({
  watchdogMs = 10_000,
  isHeard = true,
}: { watchdogMs?: number; isHeard?: boolean } = {}): Unit {
  return new Unit({
    notify: {
      isHeard,
      watchdogMs: watchdogMs === 0 ? undefined : watchdogMs,
      ready: () => void sent.push('ready'),
      status: (line) => void sent.push(line),
      alive: (at) => void sent.push(`alive ${(at - 1000) / 1000}`),
    },
    now: () => now,
    checks: () => checks,
    text: () => text,
  });
}

/** Lets so many seconds pass; `each` comes every half of one. */
function pass(seconds: number, each: () => void = () => undefined): void {
  for (let half = 0; half < seconds * 2; half += 1) {
    now += 500;
    vi.advanceTimersByTime(500);
    each();
  }
}

describe('a unit', () => {
  it('is ready at once, whatever is announced, and says how it stands', () => {
    unit().started();
    expect(sent.slice(0, 2)).toEqual(['ready', 'as it is']);
    expect(vi.getTimerCount()).toBe(1);
  });

  it('lives while the check that looks most often does so, and dies when that one alone has stopped', () => {
    const it = unit();
    it.started();
    pass(60, () => it.heard('charon'));
    expect(alive().at(-1)).toBe(60);
    // The other one is heard for as long as it looks.
    pass(60, () => it.heard('slow'));
    expect(alive().at(-1)).toBe(61);
  });

  it('waits for the first look, and not for ever', () => {
    unit().started();
    pass(30);
    expect(alive()).toEqual([0, 1]);
  });

  it('bears with checks that are all slow, and follows a reload', () => {
    const it = unit();
    it.started();
    checks = CHECKS.slice(0, 1);
    pass(65);
    expect(alive().at(-1)).toBe(65);
    checks = CHECKS;
    // The one that is new has the time of a first look.
    pass(10);
    expect(alive().at(-1)).toBe(67);
    it.heard('charon');
    pass(1);
    expect(alive().at(-1)).toBe(76);
  });

  it('says nothing when nobody listens, and pings nobody who does not wait', () => {
    const deaf = unit({ isHeard: false });
    deaf.started();
    deaf.heard('charon');
    pass(10, () => deaf.heard('charon'));
    expect(sent).toEqual([]);
    const patient = unit({ watchdogMs: 0 });
    patient.started();
    pass(10, () => patient.heard('charon'));
    expect(alive()).toEqual([]);
    expect(sent).toContain('as it is');
  });

  it('ends with its timer', () => {
    const it = unit();
    it.started();
    it.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
