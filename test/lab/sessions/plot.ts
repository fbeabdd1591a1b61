/** The picture of "What your clients see": a row an exercise, a tick a client. Its library is loaded by it alone. */
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { ClientResult } from '../traffic/client-result.ts';
import { clientsOf, type Measured } from './measured.ts';

interface Tick {
  readonly exercise: string;
  readonly outage: number;
  readonly session: 'goes on' | 'new';
}

interface Promised {
  readonly exercise: string;
  readonly atMost: number;
  readonly text: string;
}

/** Where an outage without an end is drawn; whatever lasts longer is drawn there too. */
const NO_END_MS = 100_000;
const STOPS_MS = [0, 10, 100, 1000, 10_000, NO_END_MS] as const;

/** @returns an SVG document; the order of rows is as given */
export async function plotOf(all: readonly Measured[]): Promise<string> {
  const rows = all.map((measured) => {
    const isAlone = all.every((other) => other === measured || other.title !== measured.title);
    const name = isAlone ? measured.title : `${measured.title} (${clientsOf(measured, all)})`;
    return { ...measured, name };
  });
  const ticks = rows.flatMap(({ report, row, name }) =>
    report.runs
      .filter(({ ok, exercise, variant }) => ok && exercise === row.exercise && variant === row.variant)
      .flatMap(({ clients = [] }) => clients.map((client) => tickOf(name, client))),
  );
  const promised = rows.flatMap(({ row, name }) =>
    row.bounds
      .filter(({ metric }) => metric === 'client_gap_ms')
      .map(({ at_most: atMost, of }): Promised => ({
        exercise: name,
        atMost,
        text: of === 'max' ? '◀' : `◀ ${of}`,
      })),
  );
  const names = rows.map(({ name }) => name);
  const svg = await new View(parse(compile(specOf(ticks, promised, names)).spec)).toSVG();
  // A tenth of a pixel is enough, and a third of the file.
  return svg.replaceAll(/\d+\.\d{2,}/gu, (number) => String(Number(Number(number).toFixed(1))));
}

const tickOf = (exercise: string, { client_gap_ms: gap, session }: ClientResult): Tick => ({
  exercise,
  // JSON has null for Infinity.
  outage: Number.isFinite(gap) ? Math.min(Math.round(gap), NO_END_MS) : NO_END_MS,
  session: session === 'kept' || session === 'make-before-break' ? 'goes on' : 'new',
});

function specOf(
  ticks: readonly Tick[],
  promised: readonly Promised[],
  rows: readonly string[],
): TopLevelSpec {
  const y = {
    field: 'exercise',
    type: 'nominal',
    sort: [...rows],
    axis: { title: null, domain: false, ticks: false, labelLimit: 400, labelPadding: 8, grid: true },
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
        mark: { type: 'tick', thickness: 1.5, size: 14, opacity: 0.5, aria: false },
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
        mark: { type: 'text', align: 'left', baseline: 'middle', fontSize: 9, color: '#b2182b' },
        encoding: { y, x: { field: 'atMost', ...x }, text: { field: 'text' } },
      },
    ],
  };
}
