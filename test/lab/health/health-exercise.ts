/** `health`: every check's real failure and its recovery, one row each. */
import { isCheckType, type CheckTypeName } from '../../../health/registry.ts';
import { LabError, reasonOf } from '../lab-error.ts';
import { assertWritable, withLab, writeReport, type LabRun, type Output } from '../lab-session.ts';
import { formatTimeline } from '../report.ts';
import { assertCanRun } from '../requirements.ts';
import { versionsOf } from '../versions.ts';
import { formatRows, untried } from './trial-report.ts';
import { HEALTH_SETTINGS, type HealthRow, type HealthSetting, type Trial } from './trial.ts';
import { runTrial } from './trial-run.ts';
import { SKIPPED, TRIALS } from './trials.ts';

export interface HealthOptions extends Omit<LabRun, 'supervise' | 'clients' | 'keep'> {
  /** Names of checks, or parts of causes; all when undefined. */
  readonly only: readonly string[] | undefined;
  readonly json: string | undefined;
}

const LABS: Readonly<Record<HealthSetting, Pick<LabRun, 'supervise' | 'clients' | 'talkers' | 'stress'>>> = {
  crowd: { supervise: true, clients: 24, talkers: 1 },
  stress: { supervise: true, clients: 12, talkers: 1, stress: true },
};

/** The type of the check that a trial is about: that of its own entry, or of the lab's configuration. */
function typeOf({ check }: { readonly check: string }): CheckTypeName {
  const type = check.startsWith('ike-') ? 'ike-probe' : check;
  if (!isCheckType(type)) throw new Error(`trial of check ${check}: there is no type "${type}"`);
  return type;
}

/** @returns whether every row is ok, and, unless `only` was given, every type of check has one */
export async function runHealth(
  options: HealthOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<boolean> {
  await assertCanRun(options.router, interrupted);
  assertWritable(options.json);
  const { only, router } = options;
  const isChosen = ({ check, cause }: { readonly check: string; readonly cause: string }): boolean =>
    only === undefined || only.some((text) => check === text || cause.includes(text));
  const chosen = TRIALS.filter(isChosen);
  if (chosen.length === 0) {
    const names = [...new Set(TRIALS.map(({ check }) => check))].join(', ');
    throw new LabError('LAB_ARGUMENT', `no trial is of ${String(only)}; there are: ${names}`);
  }
  const versions = await versionsOf(router, interrupted);
  const rows: HealthRow[] = [];
  for (const setting of HEALTH_SETTINGS) {
    const pending = chosen.filter((trial) => trial.setting === setting);
    while (pending.length > 0) await inOneLab(setting, pending, rows, options, output, interrupted);
  }
  rows.push(...SKIPPED.filter(isChosen).map((trial) => ({ ...trial, ok: true })));
  if (only === undefined) {
    const tried = [...TRIALS, ...SKIPPED].map((trial) => ({ type: typeOf(trial) }));
    for (const type of untried(tried)) {
      rows.push({ check: type, cause: '-', ok: false, error: 'nothing makes this check fail here' });
    }
  }
  writeReport(options.json, { exercise: 'health', router, versions, runs: rows });
  const failed = rows.filter(({ ok }) => !ok).length;
  output.result(
    `health, ms from the cause and from its end; router ${router}\n${formatRows(rows)}\n${String(rows.length - failed)} ok, ${String(failed)} failed`,
  );
  return failed === 0;
}

/** Takes trials from `pending` until there are none left or the lab is spoilt. */
async function inOneLab(
  setting: HealthSetting,
  pending: Trial[],
  rows: HealthRow[],
  options: HealthOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<void> {
  await withLab({ ...options, ...LABS[setting], keep: false }, output, interrupted, async (lab, signal) => {
    const before = rows.length;
    for (let trial = pending.shift(); trial !== undefined; trial = pending.shift()) {
      lab.progress(`${trial.check}: ${trial.cause}`);
      const from = lab.timeline.events.length;
      const { row, spoilt } = await runTrial(lab, trial, signal);
      rows.push(row);
      output.result(`${row.check}: ${row.ok ? 'ok' : 'FAILED'} ${row.error ?? ''}`.trimEnd());
      if (!row.ok) {
        const events = lab.timeline.events.slice(from).filter(({ kind }) => kind !== 'traffic');
        output.result(`${formatTimeline(events, events[0]?.at ?? 0)}\n`);
      }
      if (interrupted.aborted) throw reasonOf(interrupted);
      if (spoilt) break;
    }
    return rows.slice(before).every(({ ok }) => ok);
  });
}
