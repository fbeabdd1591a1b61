/** `faults`: every fault of the tables in labs of the settings they need, N runs each. */
import { CALM_FAULTS, OTHER_FAULTS } from './faults-calm.ts';
import { SETTINGS, type Fault, type Setting } from './fault.ts';
import { formatFaults, judgeByMedian, JUDGED, summarizeFaults, type FaultRow } from './fault-report.ts';
import { runFault } from './fault-run.ts';
import { WITHDRAW_FAULTS } from './faults-withdraw.ts';
import type { Lab } from './lab.ts';
import { LabError, reasonOf } from './lab-error.ts';
import { assertWritable, withLab, writeReport, type LabRun, type Output } from './lab-session.ts';
import { formatTimeline } from './report.ts';
import { assertCanRun } from './requirements.ts';
import { versionsOf } from './versions.ts';

export const FAULTS: readonly Fault[] = [...CALM_FAULTS, ...WITHDRAW_FAULTS, ...OTHER_FAULTS];

export interface FaultsOptions extends Omit<LabRun, 'supervise' | 'clients' | 'keep'> {
  readonly runs: number;
  /** Names of faults; all when undefined. */
  readonly only: readonly string[] | undefined;
  readonly seconds: number;
  readonly json: string | undefined;
}

type RunnableFault = Exclude<Fault, { expect: 'skipped' }>;

const LABS: Readonly<
  Record<
    Setting,
    Pick<LabRun, 'supervise' | 'clients' | 'stress' | 'ownClock'> & { readonly talkers: number }
  >
> = {
  supervised: { supervise: true, clients: 1, talkers: 1 },
  'own-unit': { supervise: false, clients: 1, talkers: 1 },
  stress: { supervise: true, clients: 301, talkers: 1, stress: true },
  clock: { supervise: false, clients: 1, talkers: 1, ownClock: true },
};

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
  const measured: FaultRow[] = [];
  for (const setting of SETTINGS) {
    const runnable = chosen.filter(
      (fault): fault is RunnableFault => fault.expect !== 'skipped' && fault.setting === setting,
    );
    const pending = runnable.flatMap((fault) => Array.from({ length: options.runs }, () => fault));
    while (pending.length > 0) await inOneLab(setting, pending, measured, options, output, interrupted);
  }
  for (const { expect, name, ...rest } of chosen)
    if (expect === 'skipped')
      measured.push({
        fault: name,
        ok: true,
        expect,
        skipped: 'reason' in rest ? rest.reason : '',
      });
  const runs = judgeByMedian(measured);
  const summary = summarizeFaults(runs);
  const { router } = options;
  writeReport(options.json, { exercise: 'faults', router, versions, judged: JUDGED, runs, summary });
  const failed = summary.filter(({ ok }) => !ok).length;
  const skipped = summary.filter(({ expect }) => expect === 'skipped').length;
  output.result(
    `faults, ms from the fault to the withdrawal on the wire; router ${router}; ${JUDGED}\n${formatFaults(runs, summary)}\n` +
      `${summary.length - failed - skipped} faults ok, ${failed} failed, ${skipped} skipped`,
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

/** Takes runs from `pending` until there are none left or the lab is spoilt. */
async function inOneLab(
  setting: Setting,
  pending: RunnableFault[],
  rows: FaultRow[],
  options: FaultsOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<void> {
  const run: LabRun = { ...options, ...LABS[setting], keep: false };
  await withLab(run, output, interrupted, async (lab, signal) => {
    for (let fault = pending.shift(); fault !== undefined; fault = pending.shift()) {
      const again = rows.filter((row) => row.fault === fault?.name).length;
      lab.progress(`${fault.name}, run ${again + 1} of ${options.runs}: ${fault.summary}`);
      const spoilt = await inTurn(lab, fault, rows, options.seconds, output, signal);
      if (interrupted.aborted) throw reasonOf(interrupted);
      if (spoilt) return;
    }
  });
}

async function inTurn(
  lab: Lab,
  fault: RunnableFault,
  rows: FaultRow[],
  seconds: number,
  output: Output,
  signal: AbortSignal,
): Promise<boolean> {
  const { row, spoilt, events } = await runFault(lab, fault, seconds, signal);
  rows.push(row);
  const time = row.withdraw_ms ?? row.announce_ms;
  const late = time !== undefined && row.bound_ms !== undefined && time > row.bound_ms;
  const said = time === undefined ? '' : `${time.toFixed(2)} ms, bound ${row.bound_ms ?? '-'} ms`;
  output.result(`${fault.name}: ${row.ok ? (late ? 'LATE' : 'ok') : 'FAILED'} ${said} ${row.error ?? ''}`);
  if (!row.ok || late || (row.withdrawals ?? 0) > 0)
    output.result(`${formatTimeline(events, events[0]?.at ?? 0)}\n`);
  return spoilt;
}
