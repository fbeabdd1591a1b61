/**
 * A gateway with 10,000 clients at rest: what the sidecar costs, and what it costs charon. Real IKE_SAs between
 * two charons (crowd-net.ts) as far as they come up here; a scripted charon with recorded ones where they do not.
 * With and without the sidecar by turns, since a machine is not as fast all the time.
 */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CrowdNet, IKE_ADDRESS, missing } from './crowd-net.ts';
import { Gateway } from './gateway.ts';
import { atMost, quantile, targetLines, type Target } from './target.ts';

const IKE_SAS = 10_000;
const CONNECT_MS = 300_000;
const ROUNDS = 2;
/** Longer than the interval of listings: each window has one in it, beside the one at the start. */
const WINDOW_MS = 66_000;
const PROBE_INTERVAL_MS = 50;
const SETTLE_MS = 5000;

const CHECKS = ['{ name: charon, type: charon }', '{ name: sa-count, type: sa-count }'];
const PROBE_CHECK = `{ name: ike-v4, type: ike-probe, limits: { address: ${IKE_ADDRESS} } }`;

interface Window {
  readonly sidecar: boolean;
  readonly cpu_percent?: number;
  readonly rss_mb?: number;
  readonly charon_cpu_percent: number;
  readonly probes: number;
  readonly unanswered: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly max_ms: number;
}

export interface SasReport {
  readonly bench: 'sas';
  /** How many of each kind were measured with. */
  readonly ike_sas: { readonly real: number; readonly child_sas: number; readonly scripted: number };
  readonly connect_seconds?: number;
  /** One list-sas of the real ones, with nothing else going on. */
  readonly listing_ms?: number;
  readonly windows: readonly Window[];
  readonly scripted_cpu_percent?: number;
  readonly targets: readonly Target[];
}

export async function benchSas(): Promise<SasReport> {
  const directory = await mkdtemp(join(tmpdir(), 'swancast-bench-'));
  try {
    const lack = missing();
    if (lack !== undefined) process.stdout.write(`sas: no real IKE_SAs here, ${lack}\n`);
    const real = lack === undefined ? await measureReal(directory) : undefined;
    const enough = real !== undefined && real.ike_sas.real >= IKE_SAS;
    const scripted = enough ? undefined : await measureScripted(directory);
    const report: SasReport = {
      bench: 'sas',
      ike_sas: { real: 0, child_sas: 0, ...real?.ike_sas, scripted: enough ? 0 : IKE_SAS },
      ...(real === undefined ? {} : { connect_seconds: real.connect_seconds, listing_ms: real.listing_ms }),
      windows: real?.windows ?? [],
      ...(scripted === undefined ? {} : { scripted_cpu_percent: scripted }),
      targets: [...(real?.targets ?? []), ...(scripted === undefined ? [] : [cpuTarget(scripted)])],
    };
    print(report);
    return report;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const cpuTarget = (percent: number): Target => atMost('sidecar, worst window', percent, 3, '% of a core');

type Real = Pick<SasReport, 'windows' | 'targets'> & {
  readonly ike_sas: { readonly real: number; readonly child_sas: number };
  readonly connect_seconds: number;
  readonly listing_ms: number;
};

async function measureReal(directory: string): Promise<Real> {
  const net = new CrowdNet(directory);
  try {
    await net.start();
    const begun = performance.now();
    const established = await net.connect(IKE_SAS, CONNECT_MS);
    const connectSeconds = Math.round((performance.now() - begun) / 1000);
    const childSas = await net.childSas();
    process.stdout.write(`sas: ${established} IKE_SAs, ${childSas} CHILD_SAs after ${connectSeconds} s\n`);
    await delay(SETTLE_MS);
    const listingMs = Math.round(await net.listingMs());
    const charon = (): number => net.charonCpuSeconds();
    const windows: Window[] = [];
    const times: Record<'with' | 'without', number[]> = { with: [], without: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      const alone = await measured(charon, () => probe(net));
      windows.push({ ...windowOf(alone.result, times.without), charon_cpu_percent: alone.cpuPercent });
      const gateway = await Gateway.start({
        directory,
        viciSocket: net.viciSocket,
        checks: [...CHECKS, PROBE_CHECK],
        namespace: net.namespace,
      });
      try {
        await delay(SETTLE_MS);
        const sidecar = (): number => gateway.cost().cpuSeconds;
        const both = await measured(sidecar, () => measured(charon, () => probe(net)));
        windows.push({
          ...windowOf(both.result.result, times.with),
          sidecar: true,
          cpu_percent: both.cpuPercent,
          rss_mb: Math.round(gateway.cost().rssMb),
          charon_cpu_percent: both.result.cpuPercent,
        });
      } finally {
        await gateway.stop();
      }
    }
    const [p95, without] = [quantile(times.with, 0.95), quantile(times.without, 0.95)];
    return {
      ike_sas: { real: established, child_sas: childSas },
      connect_seconds: connectSeconds,
      listing_ms: listingMs,
      windows,
      targets: [
        cpuTarget(Math.max(...windows.map((each) => each.cpu_percent ?? 0))),
        atMost(`probe p95 with (${p95} ms) / without (${without} ms)`, p95 / without, 1.2, ''),
      ],
    };
  } finally {
    await net.close();
  }
}

/** Only the sidecar's own cost: what a scripted charon answers in says nothing. */
async function measureScripted(directory: string): Promise<number> {
  const path = join(directory, 'scripted.vici');
  const program = fileURLToPath(new URL('crowd-charon.ts', import.meta.url));
  const charon = fork(program, [path, String(IKE_SAS), 'always'], { execArgv: [] });
  try {
    await once(charon, 'message');
    const gateway = await Gateway.start({ directory, viciSocket: path, checks: CHECKS });
    try {
      await delay(SETTLE_MS);
      return (
        await measured(
          () => gateway.cost().cpuSeconds,
          () => delay(WINDOW_MS),
        )
      ).cpuPercent;
    } finally {
      await gateway.stop();
    }
  } finally {
    const exited = once(charon, 'exit');
    charon.disconnect();
    await exited;
  }
}

/** Processor time as a share of one core while `run` runs. */
async function measured<T>(
  cpuSeconds: () => number,
  run: () => Promise<T>,
): Promise<{ readonly cpuPercent: number; readonly result: T }> {
  const [begun, cpu] = [performance.now(), cpuSeconds()];
  const result = await run();
  const share = ((cpuSeconds() - cpu) * 1000) / (performance.now() - begun);
  return { cpuPercent: Math.round(share * 10_000) / 100, result };
}

/** From a process of its own: what else this one does must not be measured. */
async function probe(net: CrowdNet): Promise<readonly (number | null)[]> {
  const program = fileURLToPath(new URL('crowd-probe.ts', import.meta.url));
  const count = Math.floor(WINDOW_MS / (PROBE_INTERVAL_MS + 1));
  const words = [program, IKE_ADDRESS, String(count), String(PROBE_INTERVAL_MS)];
  const { stdout } = await promisify(execFile)('ip', [
    'netns',
    'exec',
    net.namespace,
    process.execPath,
    ...words,
  ]);
  return JSON.parse(stdout) as (number | null)[];
}

/** Also adds the answer times to `all`. */
function windowOf(answers: readonly (number | null)[], all: number[]): Omit<Window, 'charon_cpu_percent'> {
  const ms = answers.filter((each) => each !== null);
  all.push(...ms);
  return {
    sidecar: false,
    probes: answers.length,
    unanswered: answers.length - ms.length,
    p50_ms: quantile(ms, 0.5),
    p95_ms: quantile(ms, 0.95),
    max_ms: quantile(ms, 1),
  };
}

function print({
  ike_sas: count,
  listing_ms: listing,
  windows,
  scripted_cpu_percent: scripted,
  targets,
}: SasReport): void {
  const rows = windows.map(
    (each) =>
      `${(each.sidecar ? 'with' : 'without').padEnd(8)} ${String(each.cpu_percent ?? '-').padStart(6)} ` +
      `${String(each.rss_mb ?? '-').padStart(7)} ${String(each.charon_cpu_percent).padStart(9)} ${[each.p50_ms, each.p95_ms, each.max_ms].map((ms) => ms.toFixed(3).padStart(8)).join(' ')} ` +
      `${String(each.unanswered).padStart(5)} of ${each.probes}\n`,
  );
  process.stdout.write(
    `sas: ${count.real} real IKE_SAs with ${count.child_sas} CHILD_SAs, ${count.scripted} scripted ones\n` +
      (listing === undefined ? '' : `one list-sas: ${listing} ms\n`) +
      (rows.length === 0
        ? ''
        : `sidecar   CPU %  RSS MB  charon %   p50 ms   p95 ms   max ms  unanswered\n${rows.join('')}`) +
      (scripted === undefined ? '' : `scripted charon: sidecar ${scripted} % of a core\n`) +
      `\n${targetLines(targets)}`,
  );
}
