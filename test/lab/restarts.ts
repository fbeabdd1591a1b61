/** `restarts`: the serving gateway's swancast restarted again and again under traffic; nobody may notice. */
import type { Scene } from './fault.ts';
import { watched } from './fault-run.ts';
import { unnoticed } from './fault-window.ts';
import { servingGateway } from './fib.ts';
import type { Lab } from './lab.ts';
import { expectSteady } from './steady.ts';
import { assertWritable, withLab, writeReport, type LabRun, type Output } from './lab-session.ts';
import { assertCanRun } from './requirements.ts';
import { restartSidecar, takenOver } from './sidecar-restart.ts';
import { versionsOf } from './versions.ts';

export interface RestartsOptions extends Omit<LabRun, 'supervise' | 'keep'> {
  readonly runs: number;
  readonly json: string | undefined;
}

interface RestartRow {
  readonly ok: boolean;
  readonly gateway: string;
  /** BGP UPDATEs of both gateways. */
  readonly updates: number;
  /** Packets without an answer. */
  readonly lost: number;
  /** SIGUSR2 → the new sidecar holds the lease. */
  readonly taken_over_ms: number;
  readonly error?: string;
}

/** @returns whether not one UPDATE was sent and not one packet lost */
export async function runRestarts(
  options: RestartsOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<boolean> {
  await assertCanRun(options.router, interrupted);
  assertWritable(options.json);
  const versions = await versionsOf(options.router, interrupted);
  const { router, runs: times } = options;
  const run: LabRun = { ...options, supervise: false, keep: false };
  return withLab(run, output, interrupted, async (lab, signal) => {
    const runs: RestartRow[] = [];
    while (runs.length < times) {
      const row = await restartOnce(lab, signal);
      runs.push(row);
      lab.progress(
        `restart ${runs.length} of ${times}: ${row.updates} UPDATE(s), ${row.lost} packet(s) lost, taken over after ${row.taken_over_ms} ms`,
      );
    }
    const sum = (key: 'updates' | 'lost'): number => runs.reduce((total, row) => total + row[key], 0);
    const summary = { updates: sum('updates'), lost: sum('lost') };
    writeReport(options.json, { exercise: 'restarts', router, versions, runs, summary });
    const failed = runs.filter(({ ok }) => !ok);
    output.result(
      `restarts: ${runs.length} in a row, router ${router}: ${summary.updates} UPDATE(s), ${summary.lost} packet(s) lost, ${failed.length} failed`,
    );
    return failed.length === 0;
  });
}

async function restartOnce(lab: Lab, signal: AbortSignal): Promise<RestartRow> {
  await expectSteady(lab, signal);
  const gateway = lab.gateway(await servingGateway(lab.topology, signal));
  lab.clock.calibrate();
  const scene: Scene = { lab, gateway, signal, seconds: 0 };
  let takenOverMs = 0;
  const window = await watched(scene, async () => {
    const from = performance.now();
    await restartSidecar(scene);
    await takenOver(scene);
    takenOverMs = Math.round(performance.now() - from);
  });
  const error = unnoticed(window);
  return {
    ok: error === undefined,
    gateway: gateway.plan.name,
    updates: window.updates,
    lost: window.lost,
    taken_over_ms: takenOverMs,
    ...(error === undefined ? {} : { error }),
  };
}
