/** In which order the runs of all faults are done, and how long they may still take. Pure. */
import { SETTINGS, type Fault, type RunnableFault, type Setting } from './fault.ts';
import type { FaultRow } from './fault-report.ts';

export interface PlannedRun {
  readonly fault: RunnableFault;
  readonly number: number;
  readonly of: number;
}

export interface Times {
  readonly runs: number;
  /** At most so many of a lasting fault. */
  readonly lastingRuns: number;
}

/**
 * Setting by setting, each of which needs a lab of its own. In rounds: so each fault meets what all the others leave
 * behind. Those that spoil the lab come last, as each of them needs another one.
 */
export function planRuns(
  faults: readonly Fault[],
  times: Times,
): ReadonlyMap<Setting, readonly PlannedRun[]> {
  const runnable = faults.filter((fault): fault is RunnableFault => fault.expect !== 'skipped');
  const planned = runnable.flatMap((fault) => {
    const of = fault.lasting === true ? Math.min(times.runs, times.lastingRuns) : times.runs;
    return Array.from({ length: of }, (_, index): PlannedRun => ({ fault, number: index + 1, of }));
  });
  const order = ({ fault, number }: PlannedRun): number => number + (fault.spoils === true ? times.runs : 0);
  const bySetting = SETTINGS.map((setting): [Setting, PlannedRun[]] => {
    const own = planned.filter(({ fault }) => fault.setting === setting);
    return [setting, own.sort((a, b) => order(a) - order(b))];
  });
  return new Map(bySetting.filter(([, runs]) => runs.length > 0));
}

/**
 * @param pending of all settings
 * @param rows measured so far
 * @param labSeconds what it takes to raise a lab and to take it down again
 * @returns undefined before anything was measured
 */
export function secondsLeft(
  pending: readonly PlannedRun[],
  rows: readonly FaultRow[],
  labSeconds: number,
): number | undefined {
  const mean = (of: readonly FaultRow[]): number | undefined => {
    const took = of.flatMap(({ took_s }) => took_s ?? []);
    return took.length === 0 ? undefined : took.reduce((sum, each) => sum + each, 0) / took.length;
  };
  const overall = mean(rows);
  if (overall === undefined) return undefined;
  const runs = pending.map(({ fault }) => mean(rows.filter((row) => row.fault === fault.name)) ?? overall);
  const settings = new Set(pending.map(({ fault }) => fault.setting));
  const labs = settings.size + pending.filter(({ fault }) => fault.spoils === true).length;
  return runs.reduce((sum, each) => sum + each, 0) + labs * labSeconds;
}

/** "48 s", "12 min", "1 h 5 min" */
export function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
