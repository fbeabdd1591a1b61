/** What a finished run of the faults says: verdict by median, summary, table, JSON. Pure. */
import { spreadOf, type Spread } from './report.ts';

/** The keys are those of the JSON report; times in milliseconds. */
export interface FaultRow {
  readonly fault: string;
  readonly ok: boolean;
  /** "withdrawn", "no withdrawal", "measured", "announced", or "skipped". */
  readonly expect: string;
  /** The one that served when the fault was set. */
  readonly gateway?: string;
  /** Fault → both prefixes withdrawn on the wire. */
  readonly withdraw_ms?: number;
  /** Fault → the first of them is; ExaBGP serves one session after the other. */
  readonly first_ms?: number;
  /** "UPDATE", or how the session ended. */
  readonly by?: string;
  /** For "announced": both prefixes of both gateways are, after this long. */
  readonly announce_ms?: number;
  readonly bound_ms?: number;
  /** Fault put right (or withdrawn, where nothing is to be put right) → both prefixes announced again. */
  readonly recover_ms?: number;
  readonly withdrawals?: number;
  readonly updates?: number;
  readonly lost?: number;
  /** UPDATEs that announced with the degraded attributes: allowed. */
  readonly degrades?: number;
  readonly note?: string;
  readonly skipped?: string;
  readonly error?: string;
  /** All of the run, from a steady lab to a steady lab; seconds. */
  readonly took_s?: number;
}

export interface FaultSummary extends Partial<Spread> {
  readonly fault: string;
  readonly runs: number;
  readonly ok: boolean;
  readonly expect: string;
  readonly bound_ms?: number;
  readonly error?: string;
}

export const JUDGED =
  'a bound holds for the median of the runs of a fault: all of them are ok or none is; each row keeps its own time';

/** Rows as they were measured → rows with the verdict of their fault's median. A row that was not ok stays so. */
export function judgeByMedian(rows: readonly FaultRow[]): FaultRow[] {
  return rows.map((row) => {
    if (row.bound_ms === undefined || !row.ok) return row;
    const times = rows.filter(({ fault, ok }) => fault === row.fault && ok).map(timeOf);
    const median = spreadOf(times.filter((time) => time !== undefined))?.median;
    if (median === undefined || median <= row.bound_ms) return row;
    return { ...row, ok: false, error: `median ${median} ms, bound ${row.bound_ms} ms` };
  });
}

/** @param rows judged already */
export function summarizeFaults(rows: readonly FaultRow[]): FaultSummary[] {
  return [...new Set(rows.map(({ fault }) => fault))].map((fault) => {
    const own = rows.filter((row) => row.fault === fault);
    const [first] = own;
    const error = own.find((row) => row.error !== undefined)?.error;
    const bound_ms = own.find((row) => row.bound_ms !== undefined)?.bound_ms;
    return {
      fault,
      runs: own.length,
      ok: own.every(({ ok }) => ok),
      expect: first?.expect ?? '',
      ...spreadOf(own.map(timeOf).filter((time) => time !== undefined)),
      ...(bound_ms === undefined ? {} : { bound_ms }),
      ...(error === undefined ? {} : { error }),
    };
  });
}

function timeOf({ withdraw_ms, announce_ms }: FaultRow): number | undefined {
  return withdraw_ms ?? announce_ms;
}

export function formatFaults(rows: readonly FaultRow[], summary: readonly FaultSummary[]): string {
  const header = ['fault', 'runs', 'min', 'median', 'p95', 'max', 'bound', ''];
  const lines = summary.map((each) => {
    const own = rows.filter((row) => row.fault === each.fault);
    const times = [each.min, each.median, each.p95, each.max].map((time) => time?.toFixed(2) ?? '-');
    const bound = each.bound_ms?.toFixed(0) ?? '-';
    return [each.fault, String(each.runs), ...times, bound, outcome(own, each)];
  });
  const all = [header, ...lines];
  const widths = header.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all
    .map((line) =>
      line
        .map((text, column) =>
          column === 0 || column === header.length - 1
            ? text.padEnd(widths[column] ?? 0)
            : text.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function outcome(rows: readonly FaultRow[], { ok, error }: FaultSummary): string {
  const skipped = rows.find((row) => row.skipped !== undefined)?.skipped;
  if (skipped !== undefined) return `SKIPPED: ${skipped}`;
  const sum = (key: 'updates' | 'withdrawals' | 'lost'): number =>
    rows.reduce((total, row) => total + (row[key] ?? 0), 0);
  const withdrawn = rows.filter(({ withdrawals = 0 }) => withdrawals > 0).length;
  const degraded = rows.filter(({ degrades = 0 }) => degrades > 0).length;
  const calm = rows.some((row) => row.updates !== undefined);
  const says = [
    ...(calm ? [`${sum('updates')} UPDATE(s), ${sum('lost')} packet(s) lost`] : []),
    ...(sum('withdrawals') > 0 ? [`withdrawn in ${withdrawn} of ${rows.length} runs`] : []),
    ...(degraded > 0 ? [`degraded in ${degraded} of ${rows.length} runs`] : []),
    ...rows.flatMap((row) => row.note ?? []).slice(0, 1),
    ...(error === undefined ? [] : [error.split('\n')[0] ?? '']),
  ];
  return [ok ? 'ok' : 'FAILED', ...says].join('; ');
}
