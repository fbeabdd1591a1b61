/**
 * A storm of clients: 5,000 IKE_SAs a second come or go for 30 s, each with its CHILD_SA, which makes twice as
 * many events. The charon is scripted (crowd-charon.ts), with recorded events; the sidecar is a real process.
 * Then charon crashes in the middle of shorter storms, and a witness on the lease socket times the withdrawal.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Order, Word } from './crowd-charon.ts';
import { Gateway } from './gateway.ts';
import { atMost, quantile, same, targetLines, type Target } from './target.ts';

const IKE_SAS = 2000;
const PER_SECOND = 5000;
const SECONDS = 30;
/** Idle before the storm: memory settles, and the first listing is over. */
const CALM_MS = 10_000;
const SETTLE_MS = 5000;
const CRASHES = 10;
/** How long the storm rages before each crash. */
const BEFORE_CRASH_MS = 1500;

const CHECKS = [
  '{ name: charon, type: charon }',
  // Never listed again: what an event lost would stay lost, and be seen.
  '{ name: sa-count, type: sa-count, limits: { list_interval_seconds: 3600, collapse_percent: 0 } }',
];

export interface StormReport {
  readonly bench: 'storm';
  readonly changes: number;
  readonly messages: number;
  readonly sidecar_cpu_percent: number;
  /** What charon could not write at once, at most: how far the sidecar fell behind. */
  readonly backlog_max_bytes: number;
  readonly rss_mb: { readonly before: number; readonly max: number; readonly after: number };
  readonly right_after_ms: number | undefined;
  readonly withdraw_ms: readonly number[];
  readonly targets: readonly Target[];
}

export async function benchStorm(): Promise<StormReport> {
  const directory = await mkdtemp(join(tmpdir(), 'swancast-bench-'));
  const charon = new Crowd(join(directory, 'charon.vici'));
  let gateway: Gateway | undefined;
  try {
    await charon.hear('listening');
    gateway = await Gateway.start({ directory, viciSocket: charon.path, checks: CHECKS });
    const storm = await weather(charon, gateway);
    const withdrawMs: number[] = [];
    for (let n = 0; n < CRASHES; n += 1) withdrawMs.push(await crash(charon, gateway));
    const report: StormReport = { bench: 'storm', ...storm, withdraw_ms: withdrawMs, targets: [] };
    const targets = [
      ...storm.targets,
      atMost(`withdraw at EOF in a storm, worst of ${CRASHES}`, Math.max(...withdrawMs), 20, 'ms'),
    ];
    print({ ...report, targets });
    return { ...report, targets };
  } finally {
    await gateway?.stop();
    await charon.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The long storm, and whether the count is right when it is over. */
async function weather(charon: Crowd, gateway: Gateway): Promise<Omit<StormReport, 'bench' | 'withdraw_ms'>> {
  await delay(CALM_MS);
  const { rssMb: before, cpuSeconds: cpuBefore } = gateway.cost();
  let max = before;
  const watching = setInterval(() => {
    max = Math.max(max, gateway.cost().rssMb);
  }, 250);
  charon.send({ do: 'storm', perSecond: PER_SECOND, seconds: SECONDS });
  const { changes, messages, ikeSas, backlogMax } = await charon.hear('stormed');
  const cpu = gateway.cost().cpuSeconds - cpuBefore;
  const over = performance.now();
  const right = `${ikeSas} IKE_SAs, ${ikeSas} CHILD_SAs`;
  let seen = '';
  while (performance.now() - over < SETTLE_MS) {
    seen = /^\d+ IKE_SAs, \d+ CHILD_SAs/.exec(await gateway.seen('sa-count'))?.[0] ?? '';
    if (seen === right) break;
    await delay(50);
  }
  const rightAfterMs = seen === right ? Math.round(performance.now() - over) : undefined;
  await delay(CALM_MS);
  clearInterval(watching);
  return {
    changes,
    messages,
    sidecar_cpu_percent: Math.round((cpu / SECONDS) * 1000) / 10,
    backlog_max_bytes: backlogMax,
    rss_mb: { before: tenth(before), max: tenth(max), after: tenth(gateway.cost().rssMb) },
    right_after_ms: rightAfterMs,
    targets: [
      same('count at the end, by events alone', seen, right),
      atMost('RSS growth', max - before, 30, 'MB'),
    ],
  };
}

const tenth = (value: number): number => Math.round(value * 10) / 10;

/** From charon's end to the set without announcements. Resolves once it is announced again. */
async function crash(charon: Crowd, { witness }: Gateway): Promise<number> {
  charon.send({ do: 'storm', perSecond: PER_SECOND, seconds: 60 });
  await delay(BEFORE_CRASH_MS);
  if (!witness.announces) throw new Error('withdrawn before charon crashed');
  charon.send({ do: 'crash' });
  const { at } = await charon.hear('crashed');
  await witness.until(() => !witness.announces, SETTLE_MS);
  const ms = (witness.last?.at ?? Number.NaN) - at;
  charon.send({ do: 'listen' });
  await charon.hear('listening');
  await witness.until(() => witness.announces, 20_000);
  return Math.round(ms * 100) / 100;
}

/** The process of crowd-charon.ts. */
class Crowd {
  readonly path: string;
  readonly #child: ChildProcess;
  readonly #words: Word[] = [];
  #wake: () => void = () => undefined;

  constructor(path: string) {
    this.path = path;
    const program = fileURLToPath(new URL('crowd-charon.ts', import.meta.url));
    this.#child = fork(program, [path, String(IKE_SAS)], { execArgv: [] });
    this.#child.on('message', (word) => {
      this.#words.push(word as Word);
      this.#wake();
    });
    this.#child.on('exit', () => this.#wake());
  }

  send(order: Order): void {
    this.#child.send(order);
  }

  /** The next word of this kind; what came before it is forgotten. */
  async hear<S extends Word['said']>(said: S): Promise<Extract<Word, { said: S }>> {
    for (;;) {
      const word = this.#words.shift();
      if (word?.said === said) return word as Extract<Word, { said: S }>;
      if (word !== undefined) continue;
      if (this.#child.exitCode !== null) throw new Error('the charon of the bench ended by itself');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}

function print(report: StormReport): void {
  const { changes, messages, rss_mb: rss, withdraw_ms: ms } = report;
  process.stdout.write(
    `storm: ${changes} IKE_SAs came or went in ${SECONDS} s (${Math.round(messages / SECONDS)} events a second), scripted charon\n` +
      `sidecar: ${report.sidecar_cpu_percent} % of a core, RSS ${rss.before} MB before, ${rss.max} at most, ${rss.after} after; ` +
      `charon held back ${report.backlog_max_bytes} bytes at most\n` +
      `count right ${report.right_after_ms ?? 'never'} ms after the end\n` +
      `withdraw at EOF, ms: ${ms.join(' ')} (median ${quantile(ms, 0.5)})\n\n` +
      targetLines(report.targets),
  );
}
