/**
 * Trials one after the other in a lab, in a new one whenever it is spoilt or breaks, each with a row of the report.
 * For `health` and `routing`, which say what a trial and a row are.
 */
import type { Lab } from './lab.ts';
import { LabError, reasonOf, thrownUnder, type LabErrorCode } from './lab-error.ts';
import { withLab, type LabRun, type Output } from './lab-session.ts';
import { formatTimeline } from './report.ts';

export interface AnyRow {
  readonly ok: boolean;
  readonly skipped?: string;
  readonly error?: string;
}

export interface Series<T, R extends AnyRow> {
  /** For people: which trial it is. */
  readonly title: (trial: T) => string;
  /** Why it cannot be tried here, if so. */
  readonly skip: (trial: T) => string | undefined;
  readonly row: (trial: T, outcome: AnyRow) => R;
  /** `spoilt`: the next trial needs another lab. */
  readonly attempt: (
    lab: Lab,
    trial: T,
    signal: AbortSignal,
  ) => Promise<{ readonly row: R; readonly spoilt: boolean }>;
  /** Takes each row as soon as it is there. */
  readonly add: (row: R) => void;
}

/** A lab that cannot be raised so often in a row will not be the next time. */
const RAISE_TRIES = 2;
/** Not of a lab, but of how this was called. */
const OURS: ReadonlySet<LabErrorCode> = new Set(['LAB_ARGUMENT', 'LAB_IN_USE']);

/** All of these in labs of this kind. @param run `keep` is of no effect */
export async function runInLabs<T, R extends AnyRow>(
  trials: readonly T[],
  run: LabRun,
  series: Series<T, R>,
  output: Output,
  interrupted: AbortSignal,
): Promise<void> {
  const pending = [...trials];
  for (let tries = 0; pending.length > 0;) {
    // No lab is raised for these alone.
    if (pending.every((trial) => series.skip(trial) !== undefined)) {
      for (const trial of pending) series.add(series.row(trial, { ok: true, ...skipped(series, trial) }));
      return;
    }
    const before = pending.length;
    try {
      await inOneLab(pending, run, series, output, interrupted);
    } catch (error) {
      if (!(error instanceof LabError) || interrupted.aborted || OURS.has(error.code)) throw error;
      output.progress(`the lab broke: ${error.message}`);
      tries = pending.length < before ? 0 : tries + 1;
      if (tries < RAISE_TRIES) continue;
      const [first = ''] = error.message.split('\n', 1);
      for (const trial of pending.splice(0))
        series.add(series.row(trial, { ok: false, error: `no lab: ${first}` }));
    }
  }
}

/** Takes trials from `pending` until there are none left or the lab is spoilt. */
async function inOneLab<T, R extends AnyRow>(
  pending: T[],
  run: LabRun,
  series: Series<T, R>,
  output: Output,
  interrupted: AbortSignal,
): Promise<void> {
  await withLab({ ...run, keep: false }, output, interrupted, async (lab, signal) => {
    let good = true;
    for (let trial = pending.shift(); trial !== undefined; trial = pending.shift()) {
      if (series.skip(trial) !== undefined) {
        series.add(series.row(trial, { ok: true, ...skipped(series, trial) }));
        continue;
      }
      lab.progress(series.title(trial));
      const from = lab.timeline.events.length;
      const { row, spoilt } = await series.attempt(lab, trial, signal);
      if (interrupted.aborted) throw reasonOf(interrupted);
      series.add(row);
      good &&= row.ok;
      output.result(`${series.title(trial)}: ${row.ok ? 'ok' : 'FAILED'} ${row.error ?? ''}`.trimEnd());
      if (!row.ok) {
        const events = lab.timeline.events.slice(from).filter(({ kind }) => kind !== 'traffic');
        output.result(`${formatTimeline(events, events[0]?.at ?? 0)}\n`);
      }
      if (spoilt) break;
    }
    return good;
  });
}

function skipped<T, R extends AnyRow>({ skip }: Series<T, R>, trial: T): { readonly skipped?: string } {
  const why = skip(trial);
  return why === undefined ? {} : { skipped: why };
}

export type Undo = () => Promise<void> | void;

/**
 * One trial, what it deferred (last come, first called), and the wait for a lab of use to the next one.
 * @returns the first thing that went wrong. @throws what is no LabError, and the signal's reason
 */
export async function attempt(
  use: (defer: (undo: Undo) => void) => Promise<void>,
  settle: () => Promise<void>,
  signal: AbortSignal,
): Promise<{ readonly error?: string; readonly spoilt: boolean }> {
  const undo: Undo[] = [];
  const first = await failureOf(async () => use((each) => undo.unshift(each)), signal);
  const later = await failureOf(async () => {
    for (const each of undo) await each();
    if (first === undefined) await settle();
  }, signal);
  const error = first ?? (later === undefined ? undefined : `afterwards: ${later}`);
  return error === undefined ? { spoilt: false } : { error, spoilt: true };
}

async function failureOf(act: () => Promise<void>, signal: AbortSignal): Promise<string | undefined> {
  try {
    await act();
    return undefined;
  } catch (thrown) {
    const error = thrownUnder(signal, thrown);
    if (!(error instanceof LabError)) throw error;
    return error.message;
  }
}

/** "N ok, N failed, N skipped" */
export function counted(rows: readonly AnyRow[]): string {
  const failed = rows.filter(({ ok }) => !ok).length;
  const skips = rows.filter((row) => row.skipped !== undefined).length;
  return `${rows.length - failed - skips} ok, ${failed} failed, ${skips} skipped`;
}
