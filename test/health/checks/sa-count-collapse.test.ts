/** When the loss of SAs is a collapse: what it is measured by, and what is none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withPeak, type Memory } from '../../../health/checks/sa-count.ts';
import { LATER, walk } from './sa-count.fixture.ts';

describe('a collapse', () => {
  const limit = { collapsePercent: 80 };

  it.each([
    ['is the loss of its share', [{ ike: 100 }, { ike: 20 }], ['pass', 'sa-collapse']],
    ['is not less than that', [{ ike: 100 }, { ike: 21 }], ['pass', 'pass']],
    ['does not happen to a few', [{ ike: 19 }, { ike: 0 }], ['pass', 'pass']],
    [
      'needs no single step',
      [{ ike: 100 }, { ike: 70 }, { ike: 40 }, { ike: 15 }],
      ['pass', 'pass', 'pass', 'sa-collapse'],
    ],
    [
      'is over when the clients are back',
      [{ ike: 100 }, { ike: 5 }, { ike: 60 }],
      ['pass', 'sa-collapse', 'pass'],
    ],
    [
      'is over when the peak is no longer recent',
      [{ ike: 100 }, { ike: 5, at: 299_999 }, { ike: 5, at: 300_000 }],
      ['pass', 'sa-collapse', 'pass'],
    ],
    [
      'is forgotten by withdrawing',
      [{ ike: 100 }, { ike: 0 }, { ike: 0, announced: false }, { ike: 0 }],
      ['pass', 'sa-collapse', 'pass', 'pass'],
    ],
    [
      'has no peak from before the announcement',
      [{ ike: 100, announced: false }, { ike: 5 }],
      ['pass', 'pass'],
    ],
    [
      'is not what the clients show that moved away while it was withdrawn',
      [{ ike: 100 }, { ike: 100, announced: false }, { ike: 100 }, { ike: 40 }, { ike: 0 }],
      ['pass', 'pass', 'pass', 'pass', 'pass'],
    ],
    [
      'is the loss of those that came with the announcement, before anybody looked',
      [{ ike: 9, announced: false }, { ike: 100 }, { ike: 9 }],
      ['pass', 'pass', 'sa-collapse'],
    ],
    [
      'is not that either when charon was silent all the while',
      [{ ike: 100 }, { ike: 0, down: true, announced: false }, { ike: 100 }, { ike: 0 }],
      ['pass', 'cause-unknown', 'pass', 'pass'],
    ],
    [
      'is the loss of those that came since',
      [{ ike: 50, announced: false }, { ike: 50 }, { ike: 80 }, { ike: 30 }, { ike: 6 }],
      ['pass', 'pass', 'pass', 'pass', 'sa-collapse'],
    ],
    [
      'is the loss of all a window after the withdrawal: the dead were found by then',
      [{ ike: 100, announced: false }, { ike: 100 }, { ike: 100, at: 300_001 }, { ike: 20, at: 300_002 }],
      ['pass', 'pass', 'pass', 'sa-collapse'],
    ],
    [
      'of a charon that was started after the withdrawal is one',
      [
        { ike: 9, announced: false },
        { ike: 100, since: LATER },
        { ike: 0, since: LATER },
      ],
      ['pass', 'pass', 'sa-collapse'],
    ],
    ['is not what a restarted charon shows', [{ ike: 100 }, { ike: 0, since: LATER }], ['pass', 'pass']],
    ['is not made of busy IKE_SAs', [{ ike: 100 }, { ike: 5, unseen: 60 }], ['pass', 'pass']],
    [
      'is told apart from silence, and found after it',
      [{ ike: 100 }, { ike: 0, down: true }, { ike: 0 }],
      ['pass', 'cause-unknown', 'sa-collapse'],
    ],
  ])('%s', (_, looks, expected) => {
    expect(walk(limit, ...looks)).toEqual(expected);
  });

  it('is named before the minimum it also breaks', () => {
    expect(walk({ ...limit, ikeSasMinimum: 50 }, { ike: 100 }, { ike: 5 })).toEqual(['pass', 'sa-collapse']);
  });

  it('can be switched off', () => {
    expect(walk({ collapsePercent: 0 }, { ike: 100 }, { ike: 0 })).toEqual(['pass', 'pass']);
  });

  it('remembers a bounded number of peaks, and never fewer than the highest recent one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5000), fc.nat(500)), { maxLength: 300 }), (steps) => {
        let peaks: Memory['peaks'] = [];
        const history: [at: number, ikeSas: number][] = [];
        let at = 0;
        for (const [wait, ikeSas] of steps) {
          at += wait;
          history.push([at, ikeSas]);
          peaks = withPeak(peaks, at, ikeSas, 60_000);
        }
        expect(peaks.length).toBeLessThanOrEqual(31);
        const highest = Math.max(0, ...history.filter(([then]) => at - then < 58_000).map(([, n]) => n));
        expect(Math.max(0, ...peaks.map(({ ikeSas }) => ikeSas))).toBeGreaterThanOrEqual(highest);
      }),
    );
  });
});
