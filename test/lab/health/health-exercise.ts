/** `health`: every check's real failure and its recovery, one row each. */
import { assertWritable, writeReport, type LabRun, type Output } from '../lab-session.ts';
import { assertCanRun } from '../requirements.ts';
import { counted, runInLabs, type Series } from '../trial-labs.ts';
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

const SERIES: Omit<Series<Trial, HealthRow>, 'add'> = {
  title: ({ check, cause }) => `${check}: ${cause}`,
  skip: (trial) => trial.skip?.(),
  row: ({ check, cause }, outcome) => ({ check, cause, ...outcome }),
  attempt: async (lab, trial, signal) => {
    const { row, spoilt } = await runTrial(lab, trial, signal);
    return { row: excused(row, trial), spoilt };
  },
};

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
    const run: LabRun = { ...options, ...LABS[setting], keep: false };
    await runInLabs(pending, run, { ...SERIES, add }, output, interrupted);
  }
  if (only === undefined) {
    for (const type of untried(chosen.map((trial) => ({ type: typeOf(trial) })))) {
      add({ check: type, cause: '-', ok: false, error: 'nothing makes this check fail here' });
    }
  }
  output.result(
    `health, ms from the cause and from its end; router ${router}\n${formatRows(rows)}\n${counted(rows)}`,
  );
  return rows.every(({ ok }) => ok);
}

/** A failure that was seen and did not end is no finding where the machine itself now keeps it up. */
function excused(row: HealthRow, { skip }: Trial): HealthRow {
  const isEndMissing = !row.ok && row.decision !== undefined && row.recovered_ms === undefined;
  const skipped = isEndMissing ? skip?.() : undefined;
  return skipped === undefined ? row : { ...row, ok: true, skipped: `its recovery: ${skipped}` };
}
