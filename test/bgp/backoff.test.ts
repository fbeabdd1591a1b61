import { describe, expect, it } from 'vitest';
import { nextDelay } from '../../bgp/backoff.ts';

const limits = { firstMs: 250, maximumMs: 15_000, stableMs: 30_000 };

describe('nextDelay', () => {
  it('doubles up to the maximum', () => {
    const waits: number[] = [];
    let failures = 0;
    for (let run = 0; run < 9; run += 1) {
      const next = nextDelay(failures, 0, 1, limits);
      failures = next.failures;
      waits.push(next.delayMs);
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  });

  it('waits between half and all of its step, as the dice fall', () => {
    expect(nextDelay(2, 0, 0, limits).delayMs).toBe(500);
    expect(nextDelay(2, 0, 0.5, limits).delayMs).toBe(750);
  });

  it('starts anew after a stable run', () => {
    expect(nextDelay(7, 29_999, 1, limits)).toEqual({ failures: 8, delayMs: 15_000 });
    expect(nextDelay(7, 30_000, 1, limits)).toEqual({ failures: 1, delayMs: 250 });
  });

  it('stays finite however long the row', () => {
    expect(nextDelay(1e9, 0, 1, limits).delayMs).toBe(15_000);
  });
});
