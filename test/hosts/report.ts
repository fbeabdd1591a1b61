/** Rows, judgement and table of `hosts rollout`. Pure. */
import { columns } from '../lab/columns.ts';
import { summarizeClients, type ClientResult, type ClientsSummary } from '../lab/traffic/client-result.ts';
import type { Notes } from './scenario.ts';

/** What is promised; what is left out is only told. */
export interface Bounds {
  readonly updates?: number;
  readonly seconds?: number;
  /** Packets, of the client that was worst off. */
  readonly lost?: number;
  readonly gapMsP50?: number;
  readonly gapMsMax?: number;
}

/** The keys are those of the JSON report. */
export interface ScenarioRow extends Partial<ClientsSummary> {
  readonly scenario: string;
  readonly shows: string;
  readonly ok: boolean;
  readonly skipped?: string;
  readonly error?: string;
  /** BGP messages with routes on the wire, of all hosts. */
  readonly updates?: number;
  readonly seconds?: number;
  readonly missed?: readonly string[];
  readonly notes: Notes;
  readonly clients?: readonly ClientResult[];
}

export interface Outcome {
  readonly error?: string;
  readonly updates?: number;
  readonly seconds: number;
  readonly clients: readonly ClientResult[];
  readonly notes: Notes;
}

interface Named {
  readonly name: string;
  readonly shows: string;
  readonly bounds?: Bounds;
}

/** @param slack times and losses may be so many times as large: for a busy machine. UPDATEs may not */
export function rowOf({ name, shows, bounds = {} }: Named, outcome: Outcome, slack = 1): ScenarioRow {
  const { error, updates, seconds, clients, notes } = outcome;
  const missed = error === undefined ? missedOf(widened(bounds, slack), outcome) : [];
  return {
    ...{ scenario: name, shows, ok: error === undefined && missed.length === 0 },
    ...(error === undefined ? {} : { error }),
    ...(missed.length === 0 ? {} : { missed }),
    ...(updates === undefined ? {} : { updates }),
    seconds: Math.round(seconds * 10) / 10,
    ...(clients.length === 0 ? {} : summarizeClients(clients)),
    notes,
    ...(clients.length === 0 ? {} : { clients }),
  };
}

function widened({ updates, ...others }: Bounds, slack: number): Bounds {
  const wider = Object.entries(others).map(([key, bound]: [string, number]) => [key, bound * slack]);
  return { ...(updates === undefined ? {} : { updates }), ...Object.fromEntries(wider) };
}

/** Neither passed nor failed. */
export function skippedRow({ name, shows }: Named, why: string): ScenarioRow {
  return { scenario: name, shows, ok: false, skipped: why, notes: {} };
}

/** What was promised and did not come true, one sentence each; not having been seen is a miss as well. */
export function missedOf(bounds: Bounds, { updates, seconds, clients }: Outcome): string[] {
  const seen = clients.length === 0 ? undefined : summarizeClients(clients);
  const figures: readonly (readonly [string, number | undefined, number | undefined])[] = [
    ['UPDATEs', bounds.updates, updates],
    ['seconds', bounds.seconds, seconds],
    ['packets lost by a client', bounds.lost, seen?.lost.max],
    ['ms of outage (median of the clients)', bounds.gapMsP50, seen?.client_gap_ms.p50],
    ['ms of outage (longest)', bounds.gapMsMax, seen?.client_gap_ms.max],
  ];
  const judged = figures.flatMap(([what, atMost, measured]) => {
    if (atMost === undefined || (measured !== undefined && measured <= atMost)) return [];
    const figure = measured === undefined ? 'no' : String(Math.round(measured * 10) / 10);
    return [`${figure} ${what} instead of ${atMost} at most`];
  });
  const left = seen?.session.none ?? 0;
  return left === 0 ? judged : [...judged, `${left} clients without a session`];
}

const HEAD = ['scenario', '', 'seconds', 'UPDATEs', 'lost p50', 'max', 'outage ms p50', 'max', 'sessions'];

export function formatTable(rows: readonly ScenarioRow[]): string {
  const cells = rows.map((row) => [
    row.scenario,
    row.skipped !== undefined ? 'SKIPPED' : row.ok ? 'ok' : 'FAILED',
    row.seconds?.toFixed(1) ?? '-',
    row.updates === undefined ? '-' : String(row.updates),
    ...(row.lost === undefined ? ['-', '-'] : [String(row.lost.p50), String(row.lost.max)]),
    ...(row.client_gap_ms === undefined
      ? ['-', '-']
      : [figureOf(row.client_gap_ms.p50), figureOf(row.client_gap_ms.max)]),
    sessionsOf(row),
  ]);
  return columns([HEAD, ...cells]);
}

const figureOf = (ms: number): string => (Number.isFinite(ms) ? String(Math.round(ms)) : 'no end');

function sessionsOf({ session }: ScenarioRow): string {
  if (session === undefined) return '-';
  const some = Object.entries(session).filter(([, count]) => count > 0);
  return some.map(([fate, count]) => `${count} ${fate}`).join(', ');
}

/** Under the table: what a row has to say that is no figure of it. */
export function remarksOf(row: ScenarioRow): string[] {
  const notes = Object.entries(row.notes).map(([key, value]) => `${key} ${value}`);
  return [
    ...(row.skipped === undefined ? [] : [`SKIPPED: ${row.skipped}`]),
    ...(row.error === undefined ? [] : [`FAILED: ${row.error}`]),
    ...(row.missed ?? []).map((each) => `FAILED: ${each}`),
    ...(notes.length === 0 ? [] : [notes.join(', ')]),
  ];
}
