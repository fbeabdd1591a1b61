/** `routing`: prefixes, neighbors, roles, fleet and routers, one row each. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from '../lab.ts';
import { assertWritable, writeReport, type LabRun, type Output } from '../lab-session.ts';
import { assertCanRun } from '../requirements.ts';
import type { RouterKind } from '../router.ts';
import { expectSteady } from '../steady.ts';
import { attempt, counted, runInLabs, type Series } from '../trial-labs.ts';
import { versionsOf } from '../versions.ts';
import { formatRows } from './report.ts';
import { chooseTrials } from './trials.ts';
import type { RoutingRow, RoutingSite, RoutingTrial } from './trial.ts';

/** Longer than it takes to see that a client is not answered. */
const CALM_MS = 300;

export interface RoutingOptions extends Omit<LabRun, 'supervise' | 'clients' | 'keep'> {
  /** Names of trials, or their beginnings; all when undefined. */
  readonly only: readonly string[] | undefined;
  /** How long to watch where nothing may happen. */
  readonly seconds: number;
  readonly json: string | undefined;
}

/** @returns whether every row is ok */
export async function runRouting(
  options: RoutingOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<boolean> {
  const { only, router, seconds } = options;
  await assertCanRun(router, interrupted);
  assertWritable(options.json);
  const chosen = chooseTrials(only);
  const versions = await versionsOf(router, interrupted);
  const rows: RoutingRow[] = [];
  const add = (row: RoutingRow): void => {
    rows.push(row);
    // After each trial, so that nothing is lost if a later one breaks.
    writeReport(options.json, { exercise: 'routing', router, seconds, versions, runs: rows });
  };
  for (const site of new Set(chosen.map((trial) => trial.site))) {
    const { label, clients, talkers = clients, supervise = true } = site;
    output.progress(`lab: ${label}`);
    const run: LabRun = { ...options, clients, talkers, supervise, site, keep: false };
    const trials = chosen.filter((trial) => trial.site === site);
    await runInLabs(trials, run, { ...seriesOf(site, router, seconds), add }, output, interrupted);
  }
  output.result(`routing; router ${router}\n${formatRows(rows)}\n${counted(rows)}`);
  return rows.every(({ ok }) => ok);
}

/** As it should be, and still so a moment later: a client whose route has just moved does not know it yet. */
async function calm(ready: NonNullable<RoutingSite['ready']>, lab: Lab, signal: AbortSignal): Promise<void> {
  await ready(lab, signal);
  await delay(CALM_MS, undefined, { signal });
  await ready(lab, signal);
}

function seriesOf(
  site: RoutingSite,
  kind: RouterKind,
  seconds: number,
): Omit<Series<RoutingTrial, RoutingRow>, 'add'> {
  return {
    title: ({ name, shows }) => `${name}: ${shows}`,
    skip: (trial) => trial.skip?.(kind),
    row: ({ name, shows }, outcome) => ({ trial: name, shows, figures: {}, ...outcome }),
    attempt: async (lab, trial, signal) => {
      let figures: RoutingRow['figures'] = {};
      const settle = async (): Promise<void> =>
        trial.spoils === true ? undefined : calm(site.ready ?? expectSteady, lab, signal);
      const { error, spoilt } = await attempt(
        async (defer) => {
          await calm(site.ready ?? expectSteady, lab, signal);
          lab.clock.calibrate();
          const note = (more: RoutingRow['figures']): void => {
            figures = { ...figures, ...more };
          };
          await trial.run({ lab, kind, seconds, signal, defer, note });
        },
        settle,
        signal,
      );
      const { name, shows } = trial;
      const outcome = error === undefined ? { ok: true } : { ok: false, error };
      return { row: { trial: name, shows, figures, ...outcome }, spoilt: spoilt || trial.spoils === true };
    },
  };
}
