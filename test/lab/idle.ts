/** `idle`: what the serving gateway's processes cost while nothing happens. */
import { setTimeout as delay } from 'node:timers/promises';
import { servingGateway } from './fib.ts';
import type { PartName } from './gateway-parts.ts';
import { expectSteady } from './steady.ts';
import { assertWritable, withLab, writeReport, type LabRun, type Output } from './lab-session.ts';
import { costOf } from './process-cost.ts';
import { round } from './report.ts';
import { assertCanRun } from './requirements.ts';
import { versionsOf } from './versions.ts';

export interface IdleOptions extends Omit<LabRun, 'keep' | 'clients'> {
  readonly seconds: number;
  readonly json: string | undefined;
}

interface IdleRow {
  readonly process: PartName;
  readonly ok: boolean;
  readonly cpu_s_per_min: number;
  readonly rss_mb: number;
  readonly pss_mb: number;
  readonly cpu_target?: number;
  readonly rss_target?: number;
}

interface Target {
  readonly process: PartName;
  readonly cpu_target?: number;
  readonly rss_target?: number;
}

/** For the bundle; from the sources, Node's type stripping costs some 20 MB more. */
const TARGETS: readonly Target[] = [
  { process: 'sidecar', cpu_target: 0.3, rss_target: 75 },
  { process: 'guard', rss_target: 48 },
  { process: 'exabgp' },
];
/** Starting up is not idling. */
const WARM_UP_MS = 5000;

/** @returns whether every process stays within its targets */
export async function runIdle(
  options: IdleOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<boolean> {
  await assertCanRun(options.router, interrupted);
  assertWritable(options.json);
  const versions = await versionsOf(options.router, interrupted);
  const { router, seconds, bundle } = options;
  return withLab({ ...options, clients: 1, keep: false }, output, interrupted, async (lab, signal) => {
    const gateway = lab.gateway(await servingGateway(lab.topology, signal));
    await delay(WARM_UP_MS, undefined, { signal });
    const parts = TARGETS.map((target) => ({ target, process: gateway.part(target.process) }));
    const before = parts.map(({ process }) => costOf(process));
    lab.progress(`watches ${gateway.plan.name} for ${seconds} s`);
    await delay(seconds * 1000, undefined, { signal });
    const runs = parts.map(({ target, process }, index): IdleRow => {
      const cost = costOf(process);
      const spent = cost.cpuSeconds - (before[index]?.cpuSeconds ?? 0);
      return judge(target, round((spent * 60) / seconds), round(cost.rssMb), round(cost.pssMb));
    });
    await expectSteady(lab, signal);
    writeReport(options.json, { exercise: 'idle', router, seconds, bundle, versions, runs });
    output.result(
      `idle for ${seconds} s with one client, ${bundle ? 'the bundle' : 'the sources'}\n${runs.map(line).join('\n')}`,
    );
    return runs.every(({ ok }) => ok);
  });
}

function judge(target: Target, cpu_s_per_min: number, rss_mb: number, pss_mb: number): IdleRow {
  const { cpu_target = Infinity, rss_target = Infinity } = target;
  const ok = cpu_s_per_min <= cpu_target && rss_mb <= rss_target;
  return { ...target, ok, cpu_s_per_min, rss_mb, pss_mb };
}

function line(row: IdleRow): string {
  const { process, ok, cpu_s_per_min, rss_mb, pss_mb, cpu_target, rss_target } = row;
  const of = (target: number | undefined): string => (target === undefined ? '' : ` (at most ${target})`);
  return `${process.padEnd(8)} ${cpu_s_per_min.toFixed(2)} CPU s/min${of(cpu_target)}, RSS ${rss_mb.toFixed(1)} MB${of(rss_target)}, PSS ${pss_mb.toFixed(1)} MB  ${ok ? 'ok' : 'FAILED'}`;
}
