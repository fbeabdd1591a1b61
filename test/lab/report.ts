/** What a finished exercise says: numbers, table, JSON. Pure. */
import type { ExerciseName } from './exercises.ts';
import type { RouterKind } from './router.ts';
import { formatEvent, type LabEvent } from './timeline.ts';

export const METRICS = [
  'withdraw_ms',
  'withdraw6_ms',
  'fib_ms',
  'client_gap_ms',
  'lost',
  'recover_ms',
] as const;
export type Metric = (typeof METRICS)[number];

export interface Row extends Partial<Record<Metric, number>> {
  readonly ok: boolean;
  readonly gateway?: string;
  readonly bound_ms?: number;
  readonly error?: string;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

export interface Report {
  readonly exercise: ExerciseName;
  readonly router: RouterKind;
  readonly clients: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly runs: readonly Row[];
  readonly summary: Readonly<Partial<Record<Metric, Spread>>>;
}

/** Of the runs that were ok. */
export function summarize(runs: readonly Row[]): Report['summary'] {
  const summary: Partial<Record<Metric, Spread>> = {};
  for (const metric of METRICS) {
    const values = runs.filter((run) => run.ok).map((run) => run[metric]);
    const spread = spreadOf(values.filter((value) => value !== undefined));
    if (spread !== undefined) summary[metric] = spread;
  }
  return summary;
}

/** Median of two middle values is their mean; p95 is the nearest rank. @returns undefined without values */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[Math.min(Math.max(index, 0), sorted.length - 1)] ?? NaN;
  if (sorted.length === 0) return undefined;
  const middle = (sorted.length - 1) / 2;
  return {
    min: at(0),
    median: round((at(Math.floor(middle)) + at(Math.ceil(middle))) / 2),
    p95: at(Math.ceil(sorted.length * 0.95) - 1),
    max: at(sorted.length - 1),
  };
}

/** To a hundredth: below that the clocks say nothing. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export function formatTimeline(events: readonly LabEvent[], killedAt: number): string {
  const sorted = events.toSorted((a, b) => a.at - b.at);
  return sorted.map((event) => formatEvent(event, killedAt)).join('\n');
}

/** For a newcomer, under the table. */
export const LEGEND =
  'ms after the kill: withdraw(6) = withdrawn on the wire, fib = kernel route moved; client_gap = longest silence of a client, lost = its packets; recover = restart → announced again';

export function formatTable({ runs, summary }: Report): string {
  const header = ['run', 'gateway', ...METRICS, 'ok'];
  const rows = runs.map((run, index) => [
    String(index + 1),
    run.gateway ?? '-',
    ...METRICS.map((metric) => cell(metric, run[metric])),
    run.ok ? 'ok' : 'FAILED',
  ]);
  const spreads =
    runs.length < 2
      ? []
      : (['min', 'median', 'p95', 'max'] as const).map((name) => [
          name,
          '',
          ...METRICS.map((metric) => cell(metric, summary[metric]?.[name])),
          '',
        ]);
  const all = [header, ...rows, ...spreads];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((text, column) => text.padStart(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

function cell(metric: Metric, value: number | undefined): string {
  if (value === undefined) return '-';
  return metric === 'lost' ? String(value) : value.toFixed(2);
}
