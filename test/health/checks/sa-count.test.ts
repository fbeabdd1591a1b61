import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  judge,
  limits,
  NO_MEMORY,
  withPeak,
  type Memory,
  type SaLimits,
} from '../../../health/checks/sa-count.ts';
import type { Census } from '../../../health/sa-census.ts';
import { snapshot } from '../fixture.ts';

const OFF: SaLimits = {
  ikeSasMinimum: 0,
  ikeSasMaximum: 0,
  childSasMinimum: 0,
  childSasMaximum: 0,
  halfOpenMaximum: 0,
  collapsePercent: 0,
  collapseWindowMs: 300_000,
  collapseFloor: 20,
  connectionMinimums: [],
  listIntervalMs: 60_000,
  ignoreIdentities: [],
};

const STARTED = 1_800_000_000_000;
const LATER = STARTED + 60_000;

interface Seen {
  readonly ike: number;
  readonly child?: number;
  readonly unseen?: number;
  readonly halfOpen?: number;
  readonly connections?: Readonly<Record<string, number>>;
  /** How many IKE_SAs of each connection have a CHILD_SA; all of them unless said otherwise. */
  readonly complete?: number;
  readonly announced?: boolean;
  readonly at?: number;
  /** Another charon, or none at all. */
  readonly since?: number;
  readonly down?: boolean;
}

function censusOf({ ike, child, unseen, halfOpen, connections, complete, since, down }: Seen): Census {
  if (down === true) return { kind: 'down', down: { kind: 'silent', detail: 'no answer' } };
  const own = Object.entries(connections ?? {}).map(
    ([name, ikeSas]) => [name, { ikeSas, childSas: ikeSas, complete: complete ?? ikeSas }] as const,
  );
  return {
    kind: 'counted',
    count: { ikeSas: ike, childSas: child ?? ike, unseen: unseen ?? 0, connections: new Map(own) },
    snapshot: snapshot(
      { total: ike, halfOpen: halfOpen ?? 0 },
      since === undefined ? {} : { startedAt: since },
    ),
  };
}

/** Judges one after the other, a second apart; announced unless said otherwise. */
function walk(limit: Partial<SaLimits>, ...looks: readonly Seen[]): string[] {
  let memory: Memory = NO_MEMORY;
  return looks.map((seen, index) => {
    const observation = {
      at: seen.at ?? index * 1000,
      census: censusOf(seen),
      announced: seen.announced ?? true,
    };
    const judged = judge(observation, { ...OFF, ...limit }, memory);
    memory = judged.memory;
    const { judgement } = judged;
    return judgement.verdict === 'pass' ? 'pass' : judgement.reason;
  });
}

const times = (count: number, seen: Seen): Seen[] => Array.from({ length: count }, () => seen);

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
