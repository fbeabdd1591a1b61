import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionExercise } from './lab/sessions/exercise.ts';
import { bestOf } from './lab/sessions/measured.ts';
import { plotOf } from './lab/sessions/plot.ts';
import { readReport, type MeasuredReport } from './lab/sessions/read-report.ts';
import { rowOf, summaryOf } from './lab/sessions/report.ts';
import type { ClientResult } from './lab/traffic/client-result.ts';

const client = (gap: number, session: ClientResult['session']): ClientResult => ({
  ...{ client: 1, client_gap_ms: gap, lost: 1, sent: 100, session },
  ...{ address: 'kept', tcp: 'kept', tcp_gap_ms: gap },
});

const one = {
  ...{ name: 'drain', variant: 'pinned', shows: 'a drain', setup: { addresses: 'pool' } },
  bounds: [{ metric: 'client_gap_ms', of: 'max', atMost: 20 }],
} as unknown as SessionExercise;

/** As it is read from a file: Infinity has become null. */
const drawn = (...clients: readonly ClientResult[]): Promise<string> => {
  const runs = [
    rowOf(one, 1, { figures: {}, clients }),
    rowOf(one, 2, { error: 'no lab', figures: {}, clients: [client(5, 'new')] }),
  ];
  const report = {
    ...{ dataplane: 'libipsec', exercise: 'all', router: 'bird', clients: 3, talkers: 3, versions: {} },
    ...{ runs, summary: [summaryOf(one, runs)] },
  };
  return plotOf(bestOf([JSON.parse(JSON.stringify(report)) as MeasuredReport]));
};

interface Mark {
  readonly x: number;
  readonly fill: string;
}
/** The ticks of clients: those of axis and legend are other shapes. */
const marksOf = (svg: string): Mark[] =>
  [...svg.matchAll(/<path d="M(?<x>-?[\d.]+),[\d.]+h1\.5v[^>]* fill="(?<fill>[^"]+)"/gu)].map(
    ({ groups = {} }) => ({
      x: Number(groups['x']),
      fill: groups['fill'] ?? '',
    }),
  );

describe('the picture of what clients see', () => {
  it('has a row an exercise, a tick a client and a mark for what is promised', async () => {
    const svg = await drawn(client(0, 'kept'), client(12, 'make-before-break'), client(700, 'new'));
    expect(svg).toMatch(/^<svg /u);
    expect(svg).toContain('drain pinned');
    const [goesOn, anew] = ['#1b7837', '#2166ac'];
    expect(marksOf(svg).map(({ fill }) => fill)).toEqual([goesOn, goesOn, anew]);
    expect(svg.match(/>◀<\/text>/gu)).toHaveLength(1);
  });

  it('shows an outage without an end at the end of the axis, not nowhere', async () => {
    const svg = await drawn(
      client(10, 'new'),
      client(9000, 'new'),
      client(200_000, 'new'),
      client(Infinity, 'new'),
    );
    const [short = 0, long = 0, longest = 0, endless = 0] = marksOf(svg).map(({ x }) => x);
    expect(short).toBeGreaterThan(0);
    expect(long).toBeGreaterThan(short);
    expect(endless).toBeGreaterThan(long);
    expect(longest).toBe(endless);
    expect(svg).toContain('no end');
  });
});

describe('a report', () => {
  let directory = '';
  beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'swancast-report-'))));
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each([
    ['', /cannot be read/u],
    ['{"runs": []}', /is no report of `exercise`/u],
    ['{"runs": [], "summary": [{}]}', /is no report of `exercise`/u],
    ['null', /is no report of `exercise`/u],
  ])('that is %j is refused by name', (text, why) => {
    const file = join(directory, 'report.json');
    writeFileSync(file, text);
    expect(() => readReport(file)).toThrow(why);
    expect(() => readReport(file)).toThrow(file);
  });
});
