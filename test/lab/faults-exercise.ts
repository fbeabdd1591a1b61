/** `faults`: every fault of the tables in labs of the settings they need, N runs each. */
import { monotonic } from './clock.ts';
import type { Fault, Setting } from './fault.ts';
import { formatSeconds, planRuns, secondsLeft, type PlannedRun } from './fault-plan.ts';
import { formatFaults, judgeByMedian, JUDGED, summarizeFaults, type FaultRow } from './fault-report.ts';
import { runFault } from './fault-run.ts';
import { FAULTS } from './fault-tables.ts';
import type { Lab } from './lab.ts';
import { LabError, reasonOf, type LabErrorCode } from './lab-error.ts';
import { assertWritable, withLab, writeReport, type LabRun, type Output } from './lab-session.ts';
import { formatTimeline } from './report.ts';
import { assertCanRun } from './requirements.ts';
import { versionsOf } from './versions.ts';

export interface FaultsOptions extends Omit<LabRun, 'supervise' | 'clients' | 'keep'> {
  readonly runs: number;
  readonly lastingRuns: number;
  /** Names of faults; all when undefined. */
  readonly only: readonly string[] | undefined;
  readonly seconds: number;
  readonly json: string | undefined;
}

type SettingRun = Pick<LabRun, 'supervise' | 'clients' | 'stress' | 'ownClock' | 'fast'> & {
  readonly talkers: number;
};

const STRESS: SettingRun = { supervise: true, clients: 301, talkers: 1, stress: true };
const LABS: Readonly<Record<Setting, SettingRun>> = {
  supervised: { supervise: true, clients: 1, talkers: 1 },
  'own-unit': { supervise: false, clients: 1, talkers: 1 },
  fast: { supervise: true, clients: 1, talkers: 1, fast: true },
  stress: STRESS,
  'fast-stress': { ...STRESS, fast: true },
  clock: { supervise: false, clients: 1, talkers: 1, ownClock: true },
};
/** A lab that cannot be raised so often in a row will not be the next time. */
const RAISE_TRIES = 2;
/** Not of a lab, but of how this was called. */
const OURS: ReadonlySet<LabErrorCode> = new Set(['LAB_ARGUMENT', 'LAB_IN_USE']);

/** @returns whether every row is ok; what was skipped is said, and is no failure */
export async function runFaults(
  options: FaultsOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<boolean> {
  await assertCanRun(options.router, interrupted);
  assertWritable(options.json);
  const chosen = choose(options.only);
  const versions = await versionsOf(options.router, interrupted);
  const series = new Series(options, output, interrupted, (rows) => {
    const runs = judgeByMedian(rows);
    const summary = summarizeFaults(runs);
    const { router } = options;
    writeReport(options.json, { exercise: 'faults', router, versions, judged: JUDGED, runs, summary });
  });
  const rows = await series.run(chosen);
  const runs = judgeByMedian(rows);
  const summary = summarizeFaults(runs);
  const failed = summary.filter(({ ok }) => !ok).length;
  const skipped = summary.filter(({ expect }) => expect === 'skipped').length;
  output.result(
    `faults, ms from the fault to the withdrawal on the wire; router ${options.router}; ${JUDGED}\n${formatFaults(runs, summary)}\n` +
      `of ${summary.length} ${summary.length === 1 ? 'fault' : 'faults'}: ${summary.length - failed - skipped} ok, ${failed} failed, ${skipped} skipped`,
  );
  return failed === 0;
}

/** @throws LabError naming what there is */
function choose(only: readonly string[] | undefined): readonly Fault[] {
  const unknown = only?.filter((name) => !FAULTS.some((fault) => fault.name === name)) ?? [];
  if (unknown.length > 0)
    throw new LabError(
      'LAB_ARGUMENT',
      `no fault is called ${unknown.join(', ')}; there are: ${FAULTS.map(({ name }) => name).join(', ')}`,
    );
  return only === undefined ? FAULTS : FAULTS.filter(({ name }) => only.includes(name));
}

class Series {
  readonly #options: FaultsOptions;
  readonly #output: Output;
  readonly #interrupted: AbortSignal;
  readonly #onRows: (rows: readonly FaultRow[]) => void;
  readonly #rows: FaultRow[] = [];
  #pending: PlannedRun[] = [];
  #labsRaised = 0;
  #labSeconds = 0;

  /** @param onRows called after each lab with all that was measured, so that nothing is lost if a later one breaks */
  constructor(
    options: FaultsOptions,
    output: Output,
    interrupted: AbortSignal,
    onRows: (rows: readonly FaultRow[]) => void,
  ) {
    this.#options = options;
    this.#output = output;
    this.#interrupted = interrupted;
    this.#onRows = onRows;
  }

  async run(chosen: readonly Fault[]): Promise<readonly FaultRow[]> {
    for (const fault of chosen)
      if (fault.expect === 'skipped')
        this.#rows.push({ fault: fault.name, ok: true, expect: 'skipped', skipped: fault.reason });
    const plan = planRuns(chosen, this.#options);
    this.#pending = [...plan.values()].flat();
    for (const setting of plan.keys()) await this.#inSetting(setting);
    this.#onRows(this.#rows);
    return this.#rows;
  }

  async #inSetting(setting: Setting): Promise<void> {
    let tries = 0;
    for (let next = this.#nextOf(setting); next !== undefined; next = this.#nextOf(setting)) {
      const begun = this.#labsRaised;
      try {
        await this.#inOneLab(setting);
      } catch (error) {
        if (!(error instanceof LabError) || this.#interrupted.aborted || OURS.has(error.code)) throw error;
        // Its rows are kept, and what is left is tried in another lab.
        tries = this.#labsRaised > begun ? 0 : tries + 1;
        this.#output.progress(`the lab broke: ${error.message}`);
        if (tries === RAISE_TRIES) this.#giveUp(setting, error);
      } finally {
        this.#onRows(this.#rows);
      }
    }
  }

  #nextOf(setting: Setting): PlannedRun | undefined {
    return this.#pending.find(({ fault }) => fault.setting === setting);
  }

  #giveUp(setting: Setting, { message }: LabError): void {
    const lost = this.#pending.filter(({ fault }) => fault.setting === setting);
    this.#pending = this.#pending.filter((each) => !lost.includes(each));
    for (const { fault } of lost)
      this.#rows.push({ fault: fault.name, ok: false, expect: fault.expect, error: `no lab: ${message}` });
  }

  /** Takes runs of this setting until there are none left or the lab is spoilt. */
  async #inOneLab(setting: Setting): Promise<void> {
    const startedAt = monotonic();
    let inRuns = 0;
    const run: LabRun = { ...this.#options, ...LABS[setting], keep: false };
    await withLab(run, this.#output, this.#interrupted, async (lab, signal) => {
      this.#labsRaised += 1;
      let good = true;
      for (let next = this.#nextOf(setting); next !== undefined; next = this.#nextOf(setting)) {
        this.#pending = this.#pending.filter((each) => each !== next);
        const { row, spoilt } = await this.#inTurn(lab, next, signal);
        inRuns += row.took_s ?? 0;
        good &&= row.ok;
        if (this.#interrupted.aborted) throw reasonOf(this.#interrupted);
        if (spoilt) break;
      }
      return good;
    });
    const took = (monotonic() - startedAt) / 1000 - inRuns;
    this.#labSeconds += (took - this.#labSeconds) / this.#labsRaised;
  }

  async #inTurn(
    lab: Lab,
    { fault, number, of }: PlannedRun,
    signal: AbortSignal,
  ): Promise<{ readonly row: FaultRow; readonly spoilt: boolean }> {
    const left = secondsLeft(this.#pending, this.#rows, this.#labSeconds);
    const then = left === undefined || left < 1 ? '' : `; then about ${formatSeconds(left)} are left`;
    lab.progress(`${fault.name}, run ${number} of ${of}: ${fault.summary}${then}`);
    const { row, spoilt, events } = await runFault(lab, fault, this.#options.seconds, signal);
    this.#rows.push(row);
    const time = row.withdraw_ms ?? row.announce_ms;
    const late = time !== undefined && row.bound_ms !== undefined && time > row.bound_ms;
    const said = time === undefined ? '' : `${time.toFixed(2)} ms, bound ${row.bound_ms ?? '-'} ms`;
    this.#output.result(
      `${fault.name}: ${row.ok ? (late ? 'LATE' : 'ok') : 'FAILED'} ${said} ${row.error ?? ''}`,
    );
    if (!row.ok || late || (row.withdrawals ?? 0) > 0)
      this.#output.result(`${formatTimeline(events, events[0]?.at ?? 0)}\n`);
    return { row, spoilt };
  }
}
