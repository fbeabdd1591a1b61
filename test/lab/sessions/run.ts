/** `exercise`: what the clients see of each exercise, a lab of its own for every run. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../clock.ts';
import { dataplaneOf, patient } from '../dataplane.ts';
import { LabError } from '../lab-error.ts';
import type { Lab } from '../lab.ts';
import { assertWritable, withLab, writeReport, type LabRun, type Output } from '../lab-session.ts';
import { labDirectory } from '../ledger.ts';
import { formatTimeline } from '../report.ts';
import { assertCanRun } from '../requirements.ts';
import { expectRouteTo } from '../routing/watch.ts';
import { ANYCAST4, PREFIX4 } from '../topology.ts';
import type { ClientResult } from '../traffic/client-result.ts';
import { ClientLoad, startPeer } from '../traffic/client-load.ts';
import { SessionWatch } from '../traffic/session-watch.ts';
import { attempt } from '../trial-labs.ts';
import { versionsOf } from '../versions.ts';
import { logIn, planOf } from './acts.ts';
import { chooseExercises } from './exercises.ts';
import { titleOf, type Figures, type SessionExercise, type Stage } from './exercise.ts';
import { formatSummary, rowOf, summaryOf, type RunRow } from './report.ts';
import { siteOf } from './site.ts';
import { untilAllAt, untilCalm } from './stage.ts';

export interface SessionsOptions extends Omit<LabRun, 'supervise' | 'keep' | 'site' | 'talkers'> {
  readonly runs: number;
  /** So many clients have traffic; all of them by default. */
  readonly talkers?: number;
  /** Of drains. */
  readonly rate?: number;
  /** Bounds are so many times as wide: for a busy machine. */
  readonly slack?: number;
  readonly json: string | undefined;
}

const UP_WITHIN_MS = 30_000;
/** Traffic before anything happens: the sweep and the drain know clients by what they sent. */
const BEFORE_MS = patient(2000);
/** A packet sent so shortly before may be lost by what was done. */
const IN_FLIGHT_MS = 50;
const NOTICED_MS = 1500;
/** Until a stream goes on whose retransmission timer has doubled a few times. */
const STREAMS_WITHIN_MS = 15_000;
/** A lab that cannot be raised says nothing about what was to be tried there. */
const RAISE_TRIES = 2;

/**
 * The virtual machine has one slow processor for all: what it loses is by its own slowness, what becomes of sessions
 * is not.
 */
const slackOf = ({ slack = 1 }: SessionsOptions): number => (dataplaneOf() === 'kernel' ? Infinity : slack);

/** @returns whether every run came to its end, and every bound is met */
export async function runSessions(
  asked: string,
  options: SessionsOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<boolean> {
  const chosen = chooseExercises(asked);
  const { router, clients, talkers = clients } = options;
  if (talkers > clients)
    throw new LabError('LAB_ARGUMENT', `--talkers ${talkers}: there are ${clients} clients`);
  await assertCanRun(router, interrupted);
  assertWritable(options.json);
  const versions = await versionsOf(router, interrupted);
  const rows: RunRow[] = [];
  const summary = (): ReturnType<typeof summaryOf>[] =>
    chosen.map((exercise) => summaryOf(exercise, rows, slackOf(options))).filter(({ runs }) => runs > 0);
  for (let run = 1; run <= options.runs; run += 1)
    for (const exercise of chosen) {
      output.progress(`${titleOf(exercise)}, run ${run} of ${options.runs}: ${exercise.shows}`);
      rows.push(await oneRun(exercise, run, { ...options, talkers }, output, interrupted));
      // After each run, so that nothing is lost if a later one breaks.
      const head = { exercise: asked, router, clients, talkers, versions };
      writeReport(options.json, { ...head, runs: rows, summary: summary() });
    }
  const judged = summary();
  output.result(
    `exercise ${asked}; router ${router}, ${clients} client(s), ${talkers} with traffic, ESP by ${dataplaneOf()}\n${formatSummary(judged)}`,
  );
  return judged.every(({ met }) => met);
}

async function oneRun(
  exercise: SessionExercise,
  run: number,
  options: SessionsOptions & { readonly talkers: number },
  output: Output,
  interrupted: AbortSignal,
): Promise<RunRow> {
  // Who has traffic is told by the load of this exercise, not by that of every lab.
  const lab = { ...options, talkers: 0, supervise: true, keep: false };
  const site = siteOf(exercise.setup, options.clients);
  for (let tries = 1; ; tries += 1) {
    try {
      let row: RunRow | undefined;
      await withLab({ ...lab, site }, output, interrupted, async (raised, signal) => {
        row = await attemptIn(raised, exercise, run, options, output, signal);
        return row.ok;
      });
      if (row !== undefined) {
        if (!row.ok) keepLogs(options.name, `${titleOf(exercise)} ${run}`, output);
        return row;
      }
    } catch (error) {
      if (!(error instanceof LabError) || interrupted.aborted || error.code === 'LAB_IN_USE') throw error;
      output.progress(`the lab broke: ${error.message}`);
      if (tries < RAISE_TRIES) continue;
      return rowOf(exercise, run, { error: `no lab: ${error.message}`, figures: {}, clients: [] });
    }
  }
}

/** The next run's lab has the same name. */
function keepLogs(name: string, what: string, output: Output): void {
  const kept = join(`${labDirectory(name)}-failed`, what.replaceAll(' ', '-'));
  cpSync(join(labDirectory(name), 'logs'), kept, { recursive: true });
  output.result(`its logs: ${kept}`);
}

async function attemptIn(
  lab: Lab,
  exercise: SessionExercise,
  run: number,
  options: SessionsOptions & { readonly talkers: number },
  output: Output,
  signal: AbortSignal,
): Promise<RunRow> {
  const { talkers, rate } = options;
  let figures: Figures = {};
  let clients: readonly ClientResult[] = [];
  const from = lab.timeline.events.length;
  const title = titleOf(exercise);
  const { error } = await attempt(
    async (defer) => {
      const [first, second] = [planOf(lab, 'gw1'), planOf(lab, 'gw2')].map((plan) => lab.gateway(plan));
      if (first === undefined || second === undefined) return;
      const load = await startLoad(lab, talkers, defer, signal);
      const note = (more: Figures): void => {
        figures = { ...figures, ...more };
      };
      const stage: Stage = { lab, load, talkers, first, second, rate, signal, defer, note };
      await settleIn(stage, exercise);
      clients = await measure(stage, exercise);
    },
    async () => Promise.resolve(),
    signal,
  );
  const row = rowOf(exercise, run, { ...(error === undefined ? {} : { error }), figures, clients });
  output.result(`${title}, run ${run}: ${error ?? `ok ${JSON.stringify(figures)}`}`);
  if (error === undefined) output.result(formatSummary([summaryOf(exercise, [row], slackOf(options))]));
  else {
    const events = lab.timeline.events.slice(from).filter(({ kind }) => kind !== 'traffic');
    output.result(`${formatTimeline(events, events[0]?.at ?? 0)}\n`);
  }
  return row;
}

async function startLoad(
  lab: Lab,
  talkers: number,
  defer: Stage['defer'],
  signal: AbortSignal,
): Promise<ClientLoad> {
  await startPeer(lab.processes, lab.topology, signal);
  const watch = await SessionWatch.start(lab.clients.charon.viciSocket, signal);
  defer(() => watch.close());
  return ClientLoad.start(lab.processes, lab.topology, lab.timeline, watch, talkers, signal);
}

/** All clients log in at the first gateway, and nobody is on his way any more. */
async function settleIn(stage: Stage, { setup, arrange }: SessionExercise): Promise<void> {
  const { lab, first, signal } = stage;
  await expectRouteTo(lab, PREFIX4, first.plan.name, UP_WITHIN_MS, signal);
  await logIn(lab, signal);
  await untilAllAt(lab, setup.pinned === true ? first.plan.address4 : ANYCAST4, signal);
  await untilCalm(stage, monotonic(), signal);
  await arrange?.(stage);
  lab.clock.calibrate();
  lab.progress('all clients are there');
}

async function measure(stage: Stage, exercise: SessionExercise): Promise<readonly ClientResult[]> {
  const { load, signal } = stage;
  await load.begin(signal);
  await delay(BEFORE_MS, undefined, { signal });
  const since = monotonic() - IN_FLIGHT_MS;
  const doneAt = await exercise.act(stage);
  await untilCalm(stage, doneAt + patient(exercise.noticedMs ?? NOTICED_MS), signal);
  await load.settle(STREAMS_WITHIN_MS, signal);
  return load.results(since, signal);
}
