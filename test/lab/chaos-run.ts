/**
 * The chaos run: random faults from a seed, judged at the router.
 *
 *   chaos-kinds.ts, chaos-schedule.ts   what may happen; when it does (pure)
 *   chaos-faults.ts                     does it, undoes it
 *   observer.ts                         the judge (pure), observer-bounds.ts: by when what must have gone
 *   observer-watch.ts, -probe.ts        its eyes
 *   chaos-report.ts, chaos-memory.ts, chaos-leftovers.ts
 */
import { setTimeout as delay } from 'node:timers/promises';
import { beginFault, type Stage } from './chaos-faults.ts';
import { FAULT_KINDS } from './chaos-kinds.ts';
import { leftovers, recordedProcesses } from './chaos-leftovers.ts';
import { GROWTH_MB } from './chaos-memory.ts';
import {
  formatBreach,
  formatChaos,
  recoverySpread,
  summarizeReactions,
  type ChaosReport,
  type DoneFault,
} from './chaos-report.ts';
import { describeFault, planChaos, type ScheduledFault } from './chaos-schedule.ts';
import { monotonic } from './clock.ts';
import type { Lab } from './lab.ts';
import { LabError } from './lab-error.ts';
import { assertWritable, withLab, writeReport, type Output } from './lab-session.ts';
import type { Breach } from './observer-event.ts';
import { ObserverWatch } from './observer-watch.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { round } from './report.ts';
import { assertCanRun } from './requirements.ts';
import type { RouterKind } from './router.ts';
import { runCommand } from './run-command.ts';
import { PREFIX4, PREFIX6 } from './topology.ts';
import { versionsOf } from './versions.ts';

export interface ChaosOptions {
  readonly name: string;
  readonly seconds: number;
  readonly seed: number;
  readonly router: RouterKind;
  readonly supervise: boolean;
  readonly bundle: boolean;
  readonly sidecar?: string | undefined;
  readonly json: string | undefined;
}

/** One client, so that there are IKE_SAs and traffic; what clients notice is for the exercises to measure. */
const CLIENTS = 1;
/** With this the observer lets the run go on for as long as it needs; it is the one that says too late. */
const RECOVERY_LOOK_MS = 100;

/** Raises the lab, runs, takes it down whatever happened. @returns whether no invariant broke and nothing is left */
export async function runChaos(
  options: ChaosOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<boolean> {
  const { name, seed, seconds, router, supervise } = options;
  await assertCanRun(router, interrupted);
  assertWritable(options.json);
  const versions = await versionsOf(router, interrupted);
  const schedule = planChaos(seed, seconds, supervise);
  const run = new ChaosRun(options, output);
  await withLab({ ...options, clients: CLIENTS, keep: false }, output, interrupted, async (lab, signal) =>
    run.play(lab, schedule, signal),
  );
  const report = run.report(versions, leftovers(name, run.processes));
  writeReport(options.json, report);
  output.result(formatChaos(report));
  return report.ok;
}

class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #output: Output;
  readonly #done = new Map<number, DoneFault>();
  readonly #breaches: Breach[] = [];
  #watch: ObserverWatch | undefined;
  #lab: Lab | undefined;
  #recorded: readonly ProcessIdentity[] = [];
  #from = 0;
  #startedAt = 0;

  constructor(options: ChaosOptions, output: Output) {
    this.#options = options;
    this.#output = output;
  }

  /** All that the lab started, and what these started as far as it was seen. */
  get processes(): readonly ProcessIdentity[] {
    return [...this.#recorded, ...(this.#watch?.seen.values() ?? [])];
  }

  /** Until everything is undone and announced again, or the first breach, which is printed. @returns whether there was none */
  async play(lab: Lab, schedule: readonly ScheduledFault[], outer: AbortSignal): Promise<boolean> {
    const { seed, supervise } = this.#options;
    const over = new AbortController();
    const signal = AbortSignal.any([outer, over.signal]);
    const watch = new ObserverWatch(lab, (breaches) => {
      if (this.#breaches.length === 0) this.#breaches.push(...breaches);
      over.abort(new LabError('LAB_SPOILT', 'an invariant broke'));
    });
    this.#lab = lab;
    this.#watch = watch;
    this.#from = lab.timeline.events.length;
    this.#startedAt = monotonic();
    lab.progress(`chaos: seed ${seed}, ${schedule.length} faults`);
    const stage: Stage = { lab, watch, supervise, signal };
    const watching = watch.run(signal);
    try {
      await Promise.all(schedule.map(async (fault) => this.#carryOut(fault, stage)));
      while (!watch.observer.steady) await delay(RECOVERY_LOOK_MS, undefined, { signal });
    } catch (error) {
      // What was waiting when a daemon died only knows that it was told to stop.
      const cause: unknown = outer.aborted ? outer.reason : error;
      if (cause instanceof LabError && (cause.code === 'LAB_DAEMON_DIED' || cause.code === 'LAB_DEADLINE'))
        this.#breaches.push(this.#partBroke(cause));
      else if (this.#breaches.length === 0) throw cause;
    } finally {
      over.abort(new LabError('LAB_SPOILT', 'the run is over'));
      await watching;
    }
    this.#recorded = recordedProcesses(this.#options.name);
    if (this.#breaches.length > 0) await this.#tellBreach(lab, watch);
    return this.#breaches.length === 0;
  }

  report(versions: Readonly<Record<string, string>>, left: readonly string[]): ChaosReport {
    const { seed, seconds, router, supervise } = this.#options;
    const events = this.#lab?.timeline.events.slice(this.#from) ?? [];
    const memory = this.#watch?.memory.growths ?? [];
    const grown = memory.filter(({ begin_mb, end_mb }) => end_mb - begin_mb > GROWTH_MB);
    const breaches = [
      ...this.#breaches.map((breach) => ({ ...breach, at: round(breach.at - this.#startedAt) })),
      ...grown.map(({ name, begin_mb, end_mb }): Breach => ({
        invariant: 'alive',
        at: round(monotonic() - this.#startedAt),
        gateway: name,
        prefix: '',
        text: `memory grew from ${begin_mb} to ${end_mb} MB, at most ${GROWTH_MB} MB more are expected`,
      })),
    ];
    const ok = breaches.length === 0 && left.length === 0;
    const faults = this.#faults;
    return {
      exercise: 'chaos',
      ...{ seed, seconds, router, supervise, versions, faults, breaches, leftovers: left, ok },
      runs: [{ ok }],
      summary: {
        faults: faults.length,
        withdrawals: events.filter(({ kind }) => kind === 'withdraw').length,
        announcements: events.filter(({ kind }) => kind === 'announce').length,
        recover_ms: recoverySpread(this.#watch?.observer.recoveries ?? []),
        reactions: summarizeReactions(this.#watch?.observer.reactions ?? []),
        memory,
      },
    };
  }

  get #faults(): DoneFault[] {
    return [...this.#done.values()].toSorted((a, b) => a.number - b.number);
  }

  async #carryOut(fault: ScheduledFault, stage: Stage): Promise<void> {
    const { lab, watch, signal } = stage;
    const { number, kind, gateway } = fault;
    const until = async (ms: number): Promise<void> => {
      await delay(Math.max(0, this.#startedAt + ms - monotonic()), undefined, { signal });
    };
    await until(fault.at);
    const hitless = FAULT_KINDS[kind].hitless === true;
    const mark = (state: 'begins' | 'ends'): void =>
      watch.tell({ kind: 'fault', at: monotonic(), gateway, state, hitless });
    const note = (outcome: DoneFault['outcome'], text: string): void => {
      this.#done.set(number, { ...fault, outcome });
      lab.timeline.act(`#${number} ${gateway ?? 'all'} ${kind} ${text}`);
    };
    this.#output.progress(describeFault(fault));
    mark('begins');
    note('cut short', 'begins');
    try {
      const plan = lab.topology.gateways.find((each) => each.name === gateway);
      const undo = await beginFault(kind, plan, stage);
      await until(fault.until);
      await undo();
      note('undone', 'ends');
    } catch (error) {
      if (!(error instanceof LabError) || error.code !== 'LAB_SPOILT' || signal.aborted) throw error;
      note('skipped', `skipped: ${error.message}`);
      this.#output.progress(`#${number} skipped: ${error.message}`);
    }
    mark('ends');
  }

  #partBroke(error: LabError): Breach {
    return { invariant: 'alive', at: monotonic(), gateway: 'lab', prefix: '', text: error.message };
  }

  async #tellBreach(lab: Lab, watch: ObserverWatch): Promise<void> {
    const { router } = lab.topology.namespaces;
    const signal = AbortSignal.timeout(5000);
    const routes = await Promise.all(
      [PREFIX4, PREFIX6].map(async (prefix) => {
        const family = prefix.includes(':') ? '-6' : '-4';
        const found = await runCommand(['ip', '-n', router, family, 'route', 'show', prefix], signal).catch(
          String,
        );
        return `kernel route now: ${found.trim() === '' ? `none to ${prefix}` : found.trim()}`;
      }),
    );
    const processes = lab.topology.gateways.map((plan) => {
      const parts = [...lab.gateway(plan).parts()].map(
        ([part, all]) => `${part} ${all.map(({ pid }) => pid).join('+')}`,
      );
      return `${plan.name} processes: ${parts.join(', ')}`;
    });
    const state = [...watch.observer.describe(this.#breaches[0]?.at ?? monotonic()), ...processes, ...routes];
    this.#output.result(
      formatBreach({
        breaches: this.#breaches,
        seed: this.#options.seed,
        startedAt: this.#startedAt,
        faults: this.#faults,
        events: lab.timeline.events.slice(this.#from),
        state,
        logs: lab.logs,
      }),
    );
  }
}
