import { dataplaneOf } from './dataplane.ts';
import type { Exercise } from './exercises.ts';
import type { Lab } from './lab.ts';
import { LabError, thrownUnder } from './lab-error.ts';
import { assertWritable, withLab, writeReport, type LabRun, type Output } from './lab-session.ts';
import { runOutage, type OutageResult } from './outage.ts';
import {
  formatTable,
  formatTimeline,
  LEGEND,
  METRICS,
  round,
  summarize,
  type Report,
  type Row,
} from './report.ts';
import { assertCanRun } from './requirements.ts';
import { versionsOf } from './versions.ts';

export interface ExerciseOptions extends LabRun {
  readonly runs: number;
  /** For a newcomer: say first what is shown. */
  readonly demo: boolean;
  readonly json: string | undefined;
}

/** Raises the lab, runs the exercise, takes the lab down whatever happened. @returns whether every run was ok */
export async function runExercise(
  exercise: Exercise,
  options: ExerciseOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<boolean> {
  await assertCanRun(options.router, interrupted);
  assertWritable(options.json);
  if (options.demo) output.result(`${introduction(exercise, options)}\n`);
  const versions = await versionsOf(options.router, interrupted);
  const ok = await withLab(options, output, interrupted, async (lab, signal) => {
    const runs = await repeat(lab, exercise, options.runs, output, signal);
    const { router, clients } = options;
    const summary = summarize(runs);
    const report: Report = { exercise: exercise.name, router, clients, versions, runs, summary };
    writeReport(options.json, report);
    output.result(
      `${exercise.name}: ${exercise.summary}; router ${router}, ${clients} client(s), ESP by ${dataplaneOf()}\n${formatTable(report)}${options.demo ? `\n${LEGEND}` : ''}`,
    );
    return runs.length === options.runs && runs.every((run) => run.ok);
  });
  const last = lastWords(options);
  if (last !== undefined) output.result(last);
  return ok;
}

/** Of a demonstration, when its lab is down. */
export const lastWords = ({ demo, keep }: Pick<ExerciseOptions, 'demo' | 'keep'>): string | undefined =>
  demo && !keep
    ? '\nthe lab is gone again; look around in one that stays: npm run -s lab -- crash --keep'
    : undefined;

async function repeat(
  lab: Lab,
  exercise: Exercise,
  times: number,
  output: Output,
  signal: AbortSignal,
): Promise<Row[]> {
  const rows: Row[] = [];
  const isLease = exercise.name === 'sidecar-kill';
  const bound = isLease ? { bound_ms: exercise.fault.withdrawBoundMs } : {};
  while (rows.length < times) {
    lab.progress(`run ${rows.length + 1} of ${times}`);
    const from = lab.timeline.events.length;
    try {
      const result = await runOutage(lab, exercise.fault, signal);
      rows.push({ ok: true, gateway: result.gateway, ...numbersOf(result), ...bound });
      output.result(
        `run ${rows.length}, ms after the kill:\n${formatTimeline(result.events, result.killedAt)}\n`,
      );
    } catch (thrown) {
      const error = thrownUnder(signal, thrown);
      if (!(error instanceof LabError)) throw error;
      rows.push({ ok: false, ...bound, error: error.message });
      const events = lab.timeline.events.slice(from);
      output.result(
        `run ${rows.length} FAILED: ${error.message}\n${formatTimeline(events, events[0]?.at ?? 0)}\n`,
      );
      // The lab is no longer in a known state: the runs that were left would measure that.
      break;
    }
  }
  return rows;
}

function numbersOf(result: OutageResult): Partial<Row> {
  return Object.fromEntries(METRICS.map((metric) => [metric, round(result[metric])]));
}

function introduction({ fault }: Exercise, { router, clients }: ExerciseOptions): string {
  return [
    'Two strongSwan gateways announce the same anycast addresses, 192.0.2.1 and 2001:db8:53::1, to one router',
    `(${router}), each through its own swancast and ExaBGP. ${clients} IKEv2 client(s) with an anycast tunnel send a packet`,
    `every 10 ms. The ${fault.victim} of the gateway that serves is killed with SIGKILL: its prefixes are withdrawn, the`,
    "router's kernel route moves, the clients find out by dead peer detection and connect again, to the other gateway.",
    'All of it is real and lives in network namespaces; what is measured is measured from outside.',
  ].join('\n');
}
