/** `health`: every check's real failure and its recovery, one row each. */
import { LabError, reasonOf, type LabErrorCode } from '../lab-error.ts';
import { assertWritable, withLab, writeReport, type LabRun, type Output } from '../lab-session.ts';
import { formatTimeline } from '../report.ts';
import { assertCanRun } from '../requirements.ts';
import { versionsOf } from '../versions.ts';
import { formatRows, untried } from './trial-report.ts';
import { HEALTH_SETTINGS, type HealthRow, type HealthSetting, type Trial } from './trial.ts';
import { runTrial } from './trial-run.ts';
import { chooseTrials, typeOf } from './trials.ts';

export interface HealthOptions extends Omit<LabRun, 'supervise' | 'clients' | 'keep'> {
  /** Names of checks, or parts of causes; all when undefined. */
  readonly only: readonly string[] | undefined;
  readonly json: string | undefined;
}

const LABS: Readonly<Record<HealthSetting, Pick<LabRun, 'supervise' | 'clients' | 'talkers' | 'stress'>>> = {
  crowd: { supervise: true, clients: 24, talkers: 1 },
  stress: { supervise: true, clients: 12, talkers: 1, stress: true },
};

/** A lab that cannot be raised so often in a row will not be the next time. */
const RAISE_TRIES = 2;
/** Not of a lab, but of how this was called. */
const OURS: ReadonlySet<LabErrorCode> = new Set(['LAB_ARGUMENT', 'LAB_IN_USE']);

/** @returns whether every row is ok, and, unless `only` was given, every type of check has one */
export async function runHealth(
  options: HealthOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<boolean> {
  await assertCanRun(options.router, interrupted);
  assertWritable(options.json);
  const { only, router } = options;
  const chosen = chooseTrials(only);
  const versions = await versionsOf(router, interrupted);
  const rows: HealthRow[] = [];
  // After each trial, so that nothing is lost if a later one breaks.
  const add = (...more: readonly HealthRow[]): void => {
    rows.push(...more);
    writeReport(options.json, { exercise: 'health', router, versions, runs: rows });
  };
  for (const setting of HEALTH_SETTINGS) {
    const pending = chosen.filter((trial) => trial.setting === setting);
    await inSetting(setting, pending, add, options, output, interrupted);
  }
  if (only === undefined) {
    for (const type of untried(chosen.map((trial) => ({ type: typeOf(trial) })))) {
      add({ check: type, cause: '-', ok: false, error: 'nothing makes this check fail here' });
    }
  }
  const failed = rows.filter(({ ok }) => !ok).length;
  const skipped = rows.filter((row) => row.skipped !== undefined).length;
  output.result(
    `health, ms from the cause and from its end; router ${router}\n${formatRows(rows)}\n` +
      `${String(rows.length - failed - skipped)} ok, ${String(failed)} failed, ${String(skipped)} skipped`,
  );
  return failed === 0;
}

/** Says why, if it cannot be tried now. */
function skippedRow({ check, cause, skip }: Trial): HealthRow | undefined {
  const skipped = skip?.();
  return skipped === undefined ? undefined : { check, cause, ok: true, skipped };
}

/** A failure that was seen and did not end is no finding where the machine itself now keeps it up. */
function excused(row: HealthRow, { skip }: Trial): HealthRow {
  const isEndMissing = !row.ok && row.decision !== undefined && row.recovered_ms === undefined;
  const skipped = isEndMissing ? skip?.() : undefined;
  return skipped === undefined ? row : { ...row, ok: true, skipped: `its recovery: ${skipped}` };
}

/** What is left when a lab is spoilt or breaks is tried in another one. */
async function inSetting(
  setting: HealthSetting,
  pending: Trial[],
  add: (row: HealthRow) => void,
  options: HealthOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<void> {
  for (let tries = 0; pending.length > 0;) {
    const skipped = pending.map(skippedRow).filter((row) => row !== undefined);
    // No lab is raised for these alone.
    if (skipped.length === pending.length) {
      for (const row of skipped) add(row);
      return;
    }
    const before = pending.length;
    try {
      await inOneLab(setting, pending, add, options, output, interrupted);
    } catch (error) {
      if (!(error instanceof LabError) || interrupted.aborted || OURS.has(error.code)) throw error;
      output.progress(`the lab broke: ${error.message}`);
      tries = pending.length < before ? 0 : tries + 1;
      if (tries < RAISE_TRIES) continue;
      const [first = ''] = error.message.split('\n', 1);
      for (const { check, cause } of pending.splice(0)) {
        add({ check, cause, ok: false, error: `no lab: ${first}` });
      }
    }
  }
}

/** Takes trials from `pending` until there are none left or the lab is spoilt. */
async function inOneLab(
  setting: HealthSetting,
  pending: Trial[],
  add: (row: HealthRow) => void,
  options: HealthOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<void> {
  await withLab({ ...options, ...LABS[setting], keep: false }, output, interrupted, async (lab, signal) => {
    let good = true;
    for (let trial = pending.shift(); trial !== undefined; trial = pending.shift()) {
      const skipped = skippedRow(trial);
      if (skipped !== undefined) {
        add(skipped);
        continue;
      }
      lab.progress(`${trial.check}: ${trial.cause}`);
      const from = lab.timeline.events.length;
      const { row: measured, spoilt } = await runTrial(lab, trial, signal);
      if (interrupted.aborted) throw reasonOf(interrupted);
      const row = excused(measured, trial);
      add(row);
      good &&= row.ok;
      output.result(`${row.check}: ${row.ok ? 'ok' : 'FAILED'} ${row.error ?? ''}`.trimEnd());
      if (!row.ok) {
        const events = lab.timeline.events.slice(from).filter(({ kind }) => kind !== 'traffic');
        output.result(`${formatTimeline(events, events[0]?.at ?? 0)}\n`);
      }
      if (spoilt) break;
    }
    return good;
  });
}
