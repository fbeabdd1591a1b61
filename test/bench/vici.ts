/**
 * What a list-sas of a full gateway costs us: 10,000 IKE_SAs over a unix socket, decoded and kept until
 * the end of the round, as a snapshot does. Memory is read after each round with everything let go.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Message, openReader, type ReadClient } from '../../health/vici/index.ts';

const IKE_SAS = 10_000;
const ROUNDS = 20;
/** Before the first round that counts, so that compilation is not measured. */
const WARM_UP = 3;
const DEADLINE_MS = 10_000;

interface Run {
  readonly ms: number;
  readonly heap_mb: number;
  readonly rss_mb: number;
}

export interface ViciReport {
  readonly bench: 'vici';
  readonly ike_sas: number;
  readonly bytes: number;
  readonly runs: readonly Run[];
  readonly summary: { readonly ms: { readonly min: number; median: number; p95: number; max: number } };
}

export async function benchVici(): Promise<ViciReport> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('run node with --expose-gc: memory is read after a collection');
  const directory = await mkdtemp(join(tmpdir(), 'swancast-bench-'));
  const path = join(directory, 'vici.sock');
  const charon = spawn(
    process.execPath,
    [fileURLToPath(new URL('vici-charon.ts', import.meta.url)), path, String(IKE_SAS)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  try {
    const bytes = Number(await firstLine(charon.stdout));
    const client = await openReader(path, { onlyCommands: true });
    const runs: Run[] = [];
    for (let n = -WARM_UP; n < ROUNDS; n += 1) {
      const ms = await round(client);
      await gc({ execution: 'async' });
      const { heapUsed, rss } = process.memoryUsage();
      if (n >= 0) runs.push({ ms, heap_mb: megabytes(heapUsed), rss_mb: megabytes(rss) });
    }
    client.close();
    const report: ViciReport = {
      bench: 'vici',
      ike_sas: IKE_SAS,
      bytes,
      runs,
      summary: { ms: spread(runs) },
    };
    print(report);
    return report;
  } finally {
    charon.stdin.end();
    if (charon.exitCode === null) await once(charon, 'exit');
    await rm(directory, { recursive: true, force: true });
  }
}

async function round(client: ReadClient): Promise<number> {
  const messages: Message[] = [];
  const start = process.hrtime.bigint();
  const sas = client.stream('list-sas', 'list-sa', { noblock: 'yes' }, { deadlineMs: DEADLINE_MS });
  for await (const message of sas) messages.push(message);
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  if (messages.length !== IKE_SAS) throw new Error(`${messages.length} IKE_SAs instead of ${IKE_SAS}`);
  return Math.round(ms * 10) / 10;
}

async function firstLine(from: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: from })) return line;
  throw new Error('the charon of the bench ended before it listened');
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}

function spread(runs: readonly Run[]): ViciReport['summary']['ms'] {
  const sorted = runs.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { min: at(1 / sorted.length), median: at(0.5), p95: at(0.95), max: at(1) };
}

function print({ bytes, runs, summary }: ViciReport): void {
  const rows = runs.map(
    (run, n) =>
      `${String(n + 1).padStart(5)} ${run.ms.toFixed(1).padStart(9)} ${run.heap_mb.toFixed(1).padStart(9)} ${run.rss_mb.toFixed(1).padStart(9)}`,
  );
  const { min, median, p95, max } = summary.ms;
  process.stdout.write(
    `vici: list-sas of ${IKE_SAS} IKE_SAs, ${megabytes(bytes)} MB, ${runs.length} rounds\n` +
      `round        ms   heap MB    rss MB\n${rows.join('\n')}\n` +
      `ms: min ${min}, median ${median}, p95 ${p95}, max ${max}\n`,
  );
}
