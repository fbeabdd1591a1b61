/** The picture of "What your clients see": a row an exercise, a tick a client. Its library is loaded by it alone. */
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { titleOf } from './exercise.ts';
import type { SessionsReport } from './report.ts';

type Drawn = Pick<SessionsReport, 'runs' | 'summary'>;

interface Tick {
  readonly exercise: string;
  readonly outage: number;
  readonly session: 'goes on' | 'new';
}

interface Promised {
  readonly exercise: string;
  readonly atMost: number;
}

/** Where an outage without an end is drawn; none that has one lasts so long. */
const NO_END_MS = 100_000;
const STOPS_MS = [0, 10, 100, 1000, 10_000, NO_END_MS] as const;

/** @returns an SVG document; the order of rows is that of the reports */
export async function plotOf(reports: readonly Drawn[]): Promise<string> {
  const summary = reports.flatMap((report) => report.summary);
  const ticks = reports.flatMap(({ runs }) =>
    runs.flatMap((run): Tick[] =>
      (run.clients ?? []).map(({ client_gap_ms: gap, session }) => ({
        exercise: titleOf({ name: run.exercise, variant: run.variant }),
        // JSON has null for Infinity.
        outage: Number.isFinite(gap) ? Math.round(gap) : NO_END_MS,
        session: session === 'kept' || session === 'make-before-break' ? 'goes on' : 'new',
      })),
    ),
  );
  const promised = summary.flatMap((row): Promised[] =>
    row.bounds
      .filter(({ metric }) => metric === 'client_gap_ms')
      .map(({ at_most: atMost }) => ({
        exercise: titleOf({ name: row.exercise, variant: row.variant }),
        atMost,
      })),
  );
  const rows = [...new Set(summary.map((row) => titleOf({ name: row.exercise, variant: row.variant })))];
  const svg = await new View(parse(compile(specOf(ticks, promised, rows)).spec)).toSVG();
  // A tenth of a pixel is enough, and a third of the file.
  return svg.replaceAll(/\d+\.\d{2,}/gu, (number) => String(Number(Number(number).toFixed(1))));
}

function specOf(
  ticks: readonly Tick[],
  promised: readonly Promised[],
  rows: readonly string[],
): TopLevelSpec {
  const y = {
    field: 'exercise',
    type: 'nominal',
    sort: [...rows],
    axis: { title: null, domain: false, ticks: false, labelLimit: 300, labelPadding: 8, grid: true },
  } as const;
  const x = {
    type: 'quantitative' as const,
    // Linear up to a packet (10 ms), so that "nothing lost" has a place, and logarithmic beyond.
    scale: { type: 'symlog' as const, constant: 10, domain: [0, NO_END_MS] },
    axis: {
      title: 'outage of each client; ◀ what is promised',
      values: [...STOPS_MS],
      labelOverlap: false,
      labelExpr: `datum.value >= ${NO_END_MS} ? 'no end' : datum.value >= 1000 ? datum.value / 1000 + ' s' : datum.value > 0 ? datum.value + ' ms' : '0'`,
    },
  };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    width: 560,
    height: { step: 24 },
    config: { font: 'sans-serif', view: { stroke: null }, axis: { gridColor: '#e8e8e8' } },
    layer: [
      {
        data: { values: [...ticks] },
        mark: { type: 'tick', thickness: 1.5, size: 14, opacity: 0.45, aria: false },
        encoding: {
          y,
          x: { field: 'outage', ...x },
          color: {
            field: 'session',
            type: 'nominal',
            scale: { domain: ['goes on', 'new'], range: ['#1b7837', '#2166ac'] },
            legend: { title: 'session', orient: 'top' },
          },
        },
      },
      {
        data: { values: [...promised] },
        mark: { type: 'point', shape: 'triangle-left', filled: true, size: 70, color: '#b2182b', xOffset: 5 },
        encoding: { y, x: { field: 'atMost', ...x } },
      },
    ],
  };
}
