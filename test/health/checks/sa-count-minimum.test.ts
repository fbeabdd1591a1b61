/** When the number of SAs is below a minimum: how it is armed and disarmed, by connection too. */
import { describe, expect, it } from 'vitest';
import { judge, NO_MEMORY } from '../../../health/checks/sa-count.ts';
import { censusOf, LATER, OFF, STARTED, walk } from './sa-count.fixture.ts';

describe('a minimum', () => {
  const ike = { ikeSasMinimum: 10 };

  it.each([
    ['is not armed before it was reached', [{ ike: 3 }, { ike: 9 }], ['pass', 'pass']],
    ['fails below, once it was reached', [{ ike: 10 }, { ike: 9 }], ['pass', 'ike-sas-below-minimum']],
    ['passes at its value', [{ ike: 11 }, { ike: 10 }], ['pass', 'pass']],
    [
      'is not armed by what was reached while withdrawn',
      [{ ike: 12, announced: false }, { ike: 3 }],
      ['pass', 'pass'],
    ],
    [
      'is disarmed by withdrawing: an empty gateway may come back',
      [{ ike: 12 }, { ike: 0 }, { ike: 0, announced: false }, { ike: 0 }],
      ['pass', 'ike-sas-below-minimum', 'pass', 'pass'],
    ],
    [
      'is forgotten a window after it was last reached: a degraded gateway gets no new clients',
      [
        { ike: 12 },
        { ike: 3 },
        { ike: 3, at: 300_000 },
        { ike: 3, at: 300_001 },
        { ike: 12, at: 300_002 },
        { ike: 3, at: 300_003 },
      ],
      ['pass', 'ike-sas-below-minimum', 'ike-sas-below-minimum', 'pass', 'pass', 'ike-sas-below-minimum'],
    ],
    [
      'is not armed by clients from before a withdrawal, who may have moved away',
      [{ ike: 12, announced: false }, { ike: 12 }, { ike: 3 }, { ike: 13 }, { ike: 3 }],
      ['pass', 'pass', 'pass', 'pass', 'ike-sas-below-minimum'],
    ],
    [
      'is disarmed by a new charon',
      [{ ike: 12 }, { ike: 0, since: LATER }, { ike: 1, since: LATER }],
      ['pass', 'pass', 'pass'],
    ],
    [
      'is not disarmed by the second that charon’s time of start jumps (5.9.8)',
      [{ ike: 12 }, { ike: 12, since: STARTED + 1000 }, { ike: 3, since: STARTED }],
      ['pass', 'pass', 'ike-sas-below-minimum'],
    ],
    [
      'is armed though nobody can read when charon started',
      [
        { ike: 12, since: NaN },
        { ike: 3, since: NaN },
      ],
      ['pass', 'ike-sas-below-minimum'],
    ],
    [
      'outlives a moment without news',
      [{ ike: 12 }, { ike: 0, down: true }, { ike: 3 }],
      ['pass', 'cause-unknown', 'ike-sas-below-minimum'],
    ],
    [
      'counts IKE_SAs that a worker holds in its favour',
      [{ ike: 12 }, { ike: 4, unseen: 6 }, { ike: 4, unseen: 5 }],
      ['pass', 'pass', 'ike-sas-below-minimum'],
    ],
    ['is not armed by IKE_SAs that nobody has seen', [{ ike: 4, unseen: 9 }, { ike: 4 }], ['pass', 'pass']],
  ])('%s', (_, looks, expected) => {
    expect(walk(ike, ...looks)).toEqual(expected);
  });

  it('says that it is not armed', () => {
    const { judgement } = judge(
      { at: 0, census: censusOf({ ike: 3, child: 2 }), announced: true },
      { ...OFF, ...ike },
      NO_MEMORY,
    );
    expect(judgement.value).toBe('3 IKE_SAs, 2 CHILD_SAs, minimum of 10 IKE_SAs not armed yet');
  });

  it('of CHILD_SAs is armed by itself', () => {
    const looks = [
      { ike: 5, child: 5 },
      { ike: 5, child: 0 },
    ];
    expect(walk({ childSasMinimum: 4, ikeSasMinimum: 9 }, ...looks)).toEqual([
      'pass',
      'child-sas-below-minimum',
    ]);
  });

  it.each([
    ['armed like the others', false, ['pass', 'pass', 'connection-below-minimum']],
    [
      'in force at once where this gateway initiates it',
      true,
      ['connection-below-minimum', 'pass', 'connection-below-minimum'],
    ],
  ])('of a connection is %s', (_, initiated, expected) => {
    const connectionMinimums = [{ name: '__proto__', minimum: 2, initiated }];
    const looks = [
      { ike: 9, connections: { other: 9 } },
      { ike: 9, connections: { ['__proto__']: 2 } },
      { ike: 9, connections: { ['__proto__']: 1 } },
    ].map((seen) => ({ ...seen, connections: Object.fromEntries(Object.entries(seen.connections)) }));
    expect(walk({ connectionMinimums }, ...looks)).toEqual(expected);
  });

  it('of a connection that this gateway initiates wants a CHILD_SA in each IKE_SA, unless a worker holds it', () => {
    const connectionMinimums = [{ name: 'site', minimum: 2, initiated: true }];
    const looks = [
      { ike: 9, connections: { site: 2 } },
      { ike: 9, connections: { site: 2 }, complete: 1 },
      { ike: 9, connections: { site: 2 }, complete: 1, unseen: 1 },
      { ike: 9, connections: { site: 1 }, complete: 1 },
    ];
    expect(walk({ connectionMinimums }, ...looks)).toEqual([
      'pass',
      'connection-incomplete',
      'pass',
      'connection-below-minimum',
    ]);
    expect(walk({ connectionMinimums: [{ name: 'site', minimum: 2 }] }, ...looks.slice(0, 2))).toEqual([
      'pass',
      'pass',
    ]);
  });

  it('of a connection that this gateway initiates holds while withdrawn too', () => {
    const connectionMinimums = [{ name: 'site', minimum: 1, initiated: true }];
    expect(walk({ connectionMinimums }, { ike: 0, announced: false })).toEqual(['connection-below-minimum']);
  });
});
