import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMoving, isUp, nextLevel } from '../../health/hysteresis.ts';
import type { Verdict } from '../../health/check.ts';

const VERDICTS = { p: 'pass', f: 'fail', u: 'unknown' } as const;

/** "pffp" with rise and fall → "up" as U, down as D, lower case while moving. */
function walk(results: string, rise: number, fall: number): string {
  let level = 0;
  return [...results]
    .map((letter) => {
      const verdict: Verdict = VERDICTS[letter as keyof typeof VERDICTS];
      level = nextLevel(level, verdict, { rise, fall });
      const name = isUp(level, { rise, fall }) ? 'U' : 'D';
      return isMoving(level, { rise, fall }) ? name.toLowerCase() : name;
    })
    .join('');
}

describe('rise and fall', () => {
  it.each([
    ['pfp', 1, 1, 'UDU'],
    ['ppp', 3, 1, 'ddU'],
    ['ppfppp', 3, 1, 'ddDddU'],
    ['pfff', 1, 3, 'UuuD'],
    ['pffpfff', 1, 3, 'UuuUuuD'],
    ['ppfpf', 2, 2, 'dUuUu'],
    ['ppff', 2, 2, 'dUuD'],
    ['pupuffu', 2, 2, 'ddUUuDD'],
    ['uuuu', 1, 1, 'DDDD'],
  ])('%s with rise %i and fall %i is %s', (results, rise, fall, expected) => {
    expect(walk(results, rise, fall)).toBe(expected);
  });

  it('never leaves 0..rise+fall-1, and is down or up exactly after fall fails or rise passes', () => {
    const counts = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<Verdict>('pass', 'fail', 'unknown')),
        counts,
        counts,
        (verdicts, rise, fall) => {
          let level = 0;
          for (const verdict of verdicts) {
            level = nextLevel(level, verdict, { rise, fall });
            expect(level).toBeGreaterThanOrEqual(0);
            expect(level).toBeLessThan(rise + fall);
          }
          for (let i = 0; i < rise; i += 1) level = nextLevel(level, 'pass', { rise, fall });
          expect(isUp(level, { rise, fall })).toBe(true);
          for (let i = 0; i < fall; i += 1) {
            expect(isUp(level, { rise, fall })).toBe(true);
            level = nextLevel(level, 'fail', { rise, fall });
          }
          expect(isUp(level, { rise, fall })).toBe(false);
        },
      ),
    );
  });
});
