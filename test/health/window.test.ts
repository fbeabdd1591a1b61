import { describe, expect, it } from 'vitest';
import { lasting, sameRun, withSample } from '../../health/window.ts';

interface Sample {
  readonly at: number;
  readonly least: number;
}
const merge = (older: Sample, newer: Sample): Sample => ({
  at: newer.at,
  least: Math.min(older.least, newer.least),
});
const walk = (windowMs: number, ...times: readonly (readonly [number, number])[]): readonly Sample[] =>
  times.reduce<readonly Sample[]>((all, [at, least]) => withSample(all, { at, least }, windowMs, merge), []);

describe('samples of a window', () => {
  it('keep the one that the window began with', () => {
    expect(walk(60, [0, 1], [30, 2], [61, 3], [100, 4]).map(({ at }) => at)).toEqual([30, 61, 100]);
  });

  it('are merged when they come faster than a slice of the window, and stay bounded', () => {
    const many = walk(
      60_000,
      ...Array.from({ length: 5000 }, (_, n) => [n * 50, n === 4990 ? 1 : 9] as const),
    );
    expect(many.length).toBeLessThanOrEqual(122);
    expect(Math.min(...many.map(({ least }) => least))).toBe(1);
    expect(many.at(-1)?.at).toBe(4999 * 50);
  });

  it('last for a time only when they were watched for so long', () => {
    const samples = walk(60, [0, 1], [10, 2], [20, 3]);
    expect(lasting(samples, 21)).toBeUndefined();
    expect(lasting(samples, 15)?.map(({ at }) => at)).toEqual([0, 10, 20]);
    expect(lasting(samples, 10)?.map(({ at }) => at)).toEqual([10, 20]);
    expect(lasting([], 0)).toBeUndefined();
  });
});

it('a charon is the same one within the jitter of its own time of start', () => {
  expect([sameRun(0, 1000), sameRun(0, 5000), sameRun(NaN, 5), sameRun(5, NaN)]).toEqual([
    true,
    false,
    true,
    true,
  ]);
});
