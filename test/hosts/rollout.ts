/** `hosts rollout`: every scenario on one set of hosts, one after the other, each a row. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonic } from '../lab/clock.ts';
import { LabError, reasonOf, thrownUnder } from '../lab/lab-error.ts';
import { assertWritable, writeReport, type Output } from '../lab/lab-session.ts';
import { formatTimeline } from '../lab/report.ts';
import { allAnnounce } from './expect.ts';
import { formatTable, remarksOf, rowOf, skippedRow, type ScenarioRow } from './report.ts';
import { assertCanBootHosts } from './requirements.ts';
import type { Notes, Scenario, Stage } from './scenario.ts';
import { chooseScenarios } from './scenarios.ts';
import { setStage } from './set-stage.ts';
import type { HostsSite } from './site.ts';
import type { Seen } from './watch.ts';
import { withSite, type SiteRun } from './with-site.ts';

export interface RolloutOptions extends SiteRun {
  readonly only?: readonly string[];
  readonly subset: boolean;
  /** Times and losses may be so many times as large. */
  readonly slack: number;
  readonly json?: string;
}

const NOTICED_MS = 1000;

/** @returns whether no row failed; without the tools all are skipped, and that is said */
export async function runRollout(
  options: RolloutOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<boolean> {
  const { only, subset, json } = options;
  const chosen = chooseScenarios(only, subset);
  assertWritable(json);
  const rows: ScenarioRow[] = [];
  const startedAt = monotonic();
  let versions: Readonly<Record<string, string>> = {};
  const add = (row: ScenarioRow): void => {
    rows.push(row);
    // After each one, so that nothing is lost if a later one breaks.
    const seconds = Math.round((monotonic() - startedAt) / 1000);
    writeReport(json, {
      exercise: 'hosts rollout',
      ...{ clients: options.clients, slack: options.slack, versions, seconds },
      runs: rows,
    });
  };
  try {
    await assertCanBootHosts(interrupted);
  } catch (error) {
    if (!(error instanceof LabError) || interrupted.aborted) throw error;
    output.result(`SKIPPED, no host was booted: ${error.message}`);
    for (const scenario of chosen) add(skippedRow(scenario, error.message));
    return true;
  }
  await withSite(options, output, interrupted, async (site, signal) => {
    versions = await versionsOf(site, signal);
    const stage = await setStage(site, signal);
    await play(chosen, stage, { ...options, output, add, interrupted });
    return rows.every(({ ok }) => ok);
  });
  const seconds = ((monotonic() - startedAt) / 1000).toFixed(0);
  const remarks = rows.flatMap((row) => remarksOf(row).map((remark) => `  ${row.scenario}: ${remark}`));
  output.result(`${formatTable(rows)}\n${remarks.join('\n')}\n${seconds} s in all`);
  return rows.every(({ ok }) => ok);
}

async function versionsOf({ hosts }: HostsSite, signal: AbortSignal): Promise<Record<string, string>> {
  const [host] = hosts;
  const query = [
    'dpkg-query',
    '-W',
    '-f',
    '${Package} ${Version}\\n',
    'charon-systemd',
    'exabgp',
    'systemd',
  ] as const;
  const text = (await host?.run([...query], signal)) ?? '';
  const lines = text.split('\n').filter((line) => line !== '');
  return {
    node: process.version,
    ...Object.fromEntries(lines.map((line) => line.split(' ') as [string, string])),
  };
}

interface Play extends Pick<RolloutOptions, 'slack'> {
  readonly output: Output;
  readonly add: (row: ScenarioRow) => void;
  readonly interrupted: AbortSignal;
}

async function play(
  scenarios: readonly Scenario[],
  stage: Omit<Stage, 'note'>,
  { output, add, interrupted, slack }: Play,
): Promise<void> {
  let spoilt: string | undefined;
  for (const scenario of scenarios) {
    if (spoilt !== undefined) {
      const error = `not tried: ${spoilt} left the hosts in no state to go on`;
      add(rowOf(scenario, { error, seconds: 0, clients: [], notes: {} }));
      continue;
    }
    stage.site.progress(`${scenario.name}: ${scenario.shows}`);
    const from = stage.watch.timeline.events.length;
    const { row, broken } = await one(scenario, stage, slack);
    if (interrupted.aborted) throw reasonOf(interrupted);
    add(row);
    output.result(formatTable([row]).split('\n').slice(1).join('\n'));
    for (const remark of remarksOf(row)) output.result(`  ${remark}`);
    if (!row.ok) {
      const events = stage.watch.timeline.events.slice(from).filter(({ kind }) => kind !== 'traffic');
      writeFileSync(
        join(stage.site.logs, `${scenario.name}.timeline`),
        `${formatTimeline(events, events[0]?.at ?? 0)}\n`,
      );
    }
    if (broken) spoilt = scenario.name;
  }
}

/** @returns `broken`: the next one would not find what it needs */
async function one(
  scenario: Scenario,
  given: Omit<Stage, 'note'>,
  slack: number,
): Promise<{ readonly row: ScenarioRow; readonly broken: boolean }> {
  const { watch, signal } = given;
  let notes: Notes = {};
  let seconds = 0;
  let seen: Seen | undefined;
  const stage: Stage = { ...given, note: (more) => (notes = { ...notes, ...more }) };
  const act = async (): Promise<void> => {
    const startedAt = monotonic();
    try {
      await scenario.act(stage);
    } finally {
      seconds = (monotonic() - startedAt) / 1000;
    }
  };
  const error = await failureOf(signal, async () => {
    await scenario.arrange?.(stage);
    seen = await watch.measure(act, scenario.noticedMs ?? NOTICED_MS, signal);
  });
  const after = await failureOf(signal, async () => {
    await scenario.restore?.(stage);
    await allAnnounce(stage);
    await watch.calm(monotonic(), signal);
  });
  const problem = error ?? (after === undefined ? undefined : `afterwards: ${after}`);
  const outcome = {
    ...(problem === undefined ? {} : { error: problem }),
    ...(seen === undefined ? {} : { updates: seen.updates }),
    ...{ seconds, clients: seen?.clients ?? [], notes },
  };
  return { row: rowOf(scenario, outcome, slack), broken: after !== undefined };
}

async function failureOf(signal: AbortSignal, act: () => Promise<void>): Promise<string | undefined> {
  try {
    await act();
    return undefined;
  } catch (thrown) {
    const error = thrownUnder(signal, thrown);
    if (!(error instanceof LabError) || signal.aborted) throw error;
    return error.message;
  }
}
