/** What the number of SAs is worth: above a maximum, before the first listing, and for a gateway that is withdrawn. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, limits, NO_MEMORY } from '../../../health/checks/sa-count.ts';
import { OFF, walk, type Seen } from './sa-count.fixture.ts';

const times = (count: number, seen: Seen): Seen[] => Array.from({ length: count }, () => seen);

describe('a maximum', () => {
  it.each([
    [{ ikeSasMaximum: 10 }, { ike: 10 }, 'pass'],
    [{ ikeSasMaximum: 10 }, { ike: 11 }, 'ike-sas-above-maximum'],
    [{ childSasMaximum: 10 }, { ike: 1, child: 11 }, 'child-sas-above-maximum'],
    [{ halfOpenMaximum: 10 }, { ike: 1, halfOpen: 10 }, 'pass'],
    [{ halfOpenMaximum: 10 }, { ike: 1, halfOpen: 11 }, 'half-open-high'],
    [{}, { ike: 100_000, halfOpen: 100_000 }, 'pass'],
  ])('%j with %j: %s', (limit, seen, expected) => {
    expect(walk(limit, seen)).toEqual([expected]);
  });
});

it('the first listing is waited for as unknown', () => {
  const { judgement } = judge({ at: 0, census: { kind: 'listing' }, announced: true }, OFF, NO_MEMORY);
  expect(judgement).toMatchObject({ verdict: 'unknown', reason: 'not-run-yet' });
});

it('nobody is missed of those that were there before a withdrawal, whoever comes meanwhile', () => {
  const limit = { ikeSasMinimum: 10, collapsePercent: 50, collapseFloor: 1 };
  const steps = fc.array(fc.record({ leave: fc.nat(40), come: fc.nat(40) }), { maxLength: 40 });
  fc.assert(
    fc.property(fc.nat(200), steps, (before, history) => {
      let [old, fresh] = [before, 0];
      const looks = history.map(({ leave, come }) => {
        old = Math.max(0, old - leave);
        fresh += come;
        return { ike: old + fresh };
      });
      const said = walk(limit, { ike: before, announced: false }, { ike: before }, ...looks);
      expect(new Set(said)).toEqual(new Set(['pass']));
    }),
  );
});

it('no minimum and no collapse keeps a withdrawn gateway withdrawn, whatever happened before (rule 3)', () => {
  const seen = fc.record({
    ike: fc.nat(200),
    child: fc.nat(200),
    announced: fc.boolean(),
    down: fc.boolean(),
  });
  const limit = { ikeSasMinimum: 10, childSasMinimum: 10, collapsePercent: 50 };
  fc.assert(
    fc.property(fc.array(seen, { maxLength: 40 }), (history) => {
      const withdrawn = { ike: 0, child: 0, announced: false };
      expect(walk(limit, ...history, ...times(2, withdrawn)).slice(-2)).toEqual(['pass', 'pass']);
    }),
  );
});

it('every default is of its format', () => {
  for (const { format, default: value } of Object.values(limits)) {
    if (format === 'connection-minimums' || format === 'text-list') expect(value).toEqual([]);
    else expect(Number.isInteger(value)).toBe(true);
  }
});
