/** What the clients of an exercise saw: a row a run, a summary over the runs, the judgement, the table. Pure. */
import { columns } from '../columns.ts';
import { spreadOf } from '../report.ts';
import { summarizeClients, type ClientResult, type ClientsSummary } from '../traffic/client-result.ts';
import { titleOf, type Bound, type Figures, type SessionExercise } from './exercise.ts';

/** One run; the keys are those of the JSON report. */
export interface RunRow extends Partial<ClientsSummary> {
  readonly exercise: string;
  readonly variant: string;
  readonly run: number;
  readonly ok: boolean;
  readonly error?: string;
  readonly figures?: Figures;
  readonly clients?: readonly ClientResult[];
}

export interface JudgedBound {
  readonly metric: Bound['metric'] | 'session';
  readonly of: Bound['of'] | 'clients without session, address and stream kept' | 'clients without a session';
  readonly at_most: number;
  /** The median over the runs. */
  readonly measured: number;
  readonly met: boolean;
}

/** All runs of one exercise; distributions are over all clients of all runs. */
export interface SummaryRow extends Partial<ClientsSummary> {
  readonly exercise: string;
  readonly variant: string;
  readonly shows: string;
  readonly addresses: string;
  readonly dpd_seconds: number;
  readonly runs: number;
  readonly failed_runs: number;
  /** Results: clients times runs. */
  readonly clients: number;
  readonly bounds: readonly JudgedBound[];
  /** No run broke off, and every bound is met. */
  readonly met: boolean;
}

export interface SessionsReport {
  /** As it was asked for. */
  readonly exercise: string;
  readonly router: string;
  readonly clients: number;
  readonly talkers: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly runs: readonly RunRow[];
  readonly summary: readonly SummaryRow[];
}

export function rowOf(
  exercise: Pick<SessionExercise, 'name' | 'variant'>,
  run: number,
  outcome: { readonly error?: string; readonly figures: Figures; readonly clients: readonly ClientResult[] },
): RunRow {
  const { error, figures, clients } = outcome;
  return {
    exercise: exercise.name,
    variant: exercise.variant,
    run,
    ok: error === undefined,
    ...(error === undefined ? {} : { error }),
    ...(clients.length === 0 ? {} : summarizeClients(clients)),
    figures,
    clients,
  };
}

/**
 * @param rows of any exercises; those of this one count
 * @param slack bounds are so many times as wide; Infinity: times and losses are not judged at all
 */
export function summaryOf(exercise: SessionExercise, rows: readonly RunRow[], slack = 1): SummaryRow {
  const { name, variant, shows, setup } = exercise;
  const own = rows.filter((row) => row.exercise === name && row.variant === variant);
  const good = own.filter(({ ok }) => ok).map(({ clients = [] }) => clients);
  const all = good.flat();
  const bounds = judge({ ...exercise, bounds: widened(exercise.bounds ?? [], slack) }, good);
  const failed = own.length - good.length;
  return {
    ...{ exercise: name, variant, shows, addresses: setup.addresses, dpd_seconds: setup.dpdSeconds ?? 2 },
    ...{ runs: own.length, failed_runs: failed, clients: all.length },
    ...(all.length === 0 ? {} : summarizeClients(all)),
    bounds,
    met: failed === 0 && all.length > 0 && bounds.every(({ met }) => met),
  };
}

const widened = (bounds: readonly Bound[], slack: number): readonly Bound[] =>
  Number.isFinite(slack) ? bounds.map((bound) => ({ ...bound, atMost: bound.atMost * slack })) : [];

/** @param runs the clients of each run that was not broken off */
export function judge(
  { bounds = [], keepsSession = false }: Pick<SessionExercise, 'bounds' | 'keepsSession'>,
  runs: readonly (readonly ClientResult[])[],
): JudgedBound[] {
  const median = (figure: (clients: readonly ClientResult[]) => number): number =>
    spreadOf(runs.map(figure))?.median ?? Infinity;
  const judged = (
    bound: Omit<JudgedBound, 'measured' | 'met'>,
    figure: (clients: readonly ClientResult[]) => number,
  ): JudgedBound => {
    const measured = median(figure);
    return { ...bound, measured, met: measured <= bound.at_most };
  };
  const outcome = keepsSession
    ? judged(
        { metric: 'session', of: 'clients without session, address and stream kept', at_most: 0 },
        lostAnything,
      )
    : judged({ metric: 'session', of: 'clients without a session', at_most: 0 }, withoutSession);
  return [
    ...bounds.map(({ metric, of, atMost }) =>
      judged({ metric, of, at_most: atMost }, (clients) => summarizeClients(clients)[metric][of]),
    ),
    outcome,
  ];
}

const isKept = ({ session, address, tcp }: ClientResult): boolean =>
  (session === 'kept' || session === 'make-before-break') && address === 'kept' && tcp === 'kept';
const lostAnything = (clients: readonly ClientResult[]): number =>
  clients.filter((client) => !isKept(client)).length;
const withoutSession = (clients: readonly ClientResult[]): number =>
  clients.filter(({ session }) => session === 'none').length;

const HEAD = [
  'exercise',
  'runs',
  'clients',
  'outage ms p50',
  'p99',
  'max',
  'lost p50',
  'p99',
  'max',
] as const;
const HEAD_END = ['session', 'address kept', 'TCP kept', 'bound'] as const;

export function formatSummary(rows: readonly SummaryRow[]): string {
  const cells = rows.map((row) => [
    titleOf({ name: row.exercise, variant: row.variant }),
    row.failed_runs === 0 ? String(row.runs) : `${row.runs} (${row.failed_runs} FAILED)`,
    String(row.clients),
    ...threeOf(row.client_gap_ms),
    ...threeOf(row.lost),
    sessionText(row),
    shareText(row.address_kept, row.clients),
    shareText(row.tcp_kept, row.clients),
    boundsText(row),
  ]);
  return columns([[...HEAD, ...HEAD_END], ...cells]);
}

const threeOf = (figures: ClientsSummary['lost'] | undefined): string[] =>
  figures === undefined ? ['-', '-', '-'] : [figures.p50, figures.p99, figures.max].map(figureText);

/** Whole milliseconds from 100 on: the packets are 10 ms apart. */
export const figureText = (value: number): string =>
  Number.isFinite(value) ? String(value >= 100 ? Math.round(value) : Math.round(value * 10) / 10) : 'no end';

/** "20 kept, 40 make-before-break" */
export function sessionText({ session }: Pick<SummaryRow, 'session'>): string {
  if (session === undefined) return '-';
  const some = Object.entries(session).filter(([, count]) => count > 0);
  return some.map(([fate, count]) => `${count} ${fate}`).join(', ');
}

const shareText = (kept: number | undefined, of: number): string =>
  kept === undefined ? '-' : `${kept}/${of}`;

const UNIT = { client_gap_ms: 'ms', lost: 'lost', session: '' } as const;

/** "max ≤ 20 ms ok"; only the outage and what went wrong with sessions. */
export function boundsText({ bounds }: Pick<SummaryRow, 'bounds'>): string {
  const texts = bounds.flatMap(({ metric, of, at_most: atMost, measured, met }) => {
    if (metric === 'session') return met ? [] : [`MISSED: ${figureText(measured)} ${of}`];
    const asked = `${of} ≤ ${atMost} ${UNIT[metric]}`;
    return [met ? `${asked}: ok` : `${asked}: MISSED, ${figureText(measured)}`];
  });
  return texts.length === 0 ? '-' : texts.join('; ');
}
