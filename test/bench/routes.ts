/**
 * 100 prefixes to 4 routers, half of the prefixes IPv6 and half of the routers iBGP: what the routers hear, and when.
 * Real sidecar, guard and ExaBGP; the time of a withdrawal counts from the end of charon's socket to the UPDATE in
 * the router's hands.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FakeCharon } from '../fake/charon.ts';
import { recordedResponse } from './recorded.ts';
import type { Heard } from './routes-listeners.ts';
import { missing, ROUTER_ADDRESSES, RoutesNet } from './routes-net.ts';
import { atMost, quantile, same, targetLines, type Target } from './target.ts';

const PREFIXES = 100;
const ROUNDS = 10;
const WITHIN_MS = 30_000;
/** ExaBGP and sidecar have nothing left to do. */
const CALM_MS = 1500;

/** Times in milliseconds since the cause, or since the first UPDATE where the cause is not timed. */
export interface Wave {
  readonly first: number;
  readonly all: number;
  /** How many routes were withdrawn in it. */
  readonly withdrawn: number;
}

export interface RoutesReport {
  readonly bench: 'routes';
  readonly prefixes: number;
  readonly routers: number;
  /** From the end of charon's socket. */
  readonly withdraw_ms: readonly Wave[];
  /** From the first UPDATE to the last; `first` is 0. */
  readonly announce_ms: readonly Wave[];
  readonly degrade_ms: readonly Wave[];
  readonly targets: readonly Target[];
}

export async function benchRoutes(): Promise<RoutesReport> {
  const lack = missing();
  if (lack !== undefined) throw new Error(lack);
  const directory = await mkdtemp(join(tmpdir(), 'swancast-bench-'));
  const table = new Table();
  const prefixes = Array.from({ length: PREFIXES }, (_, n) =>
    n % 2 === 0 ? `192.0.2.${n}/32` : `2001:db8:53::${n.toString(16)}/128`,
  );
  const net = new RoutesNet(directory, prefixes, (heard) => table.hear(heard));
  const waves = { withdraw: [] as Wave[], announce: [] as Wave[], degrade: [] as Wave[] };
  let charon: FakeCharon | undefined;
  try {
    await net.start();
    for (let round = 0; round < ROUNDS; round += 1) {
      charon = await listen(net.viciSocket);
      waves.announce.push(await table.wave((words) => words?.startsWith('med 100 ') === true));
      await delay(CALM_MS);
      net.degrade(true);
      waves.degrade.push(await table.wave((words) => words?.startsWith('med 1000 ') === true));
      net.degrade(false);
      await table.wave((words) => words?.startsWith('med 100 ') === true);
      await delay(CALM_MS);
      const at = Number(process.hrtime.bigint()) / 1e6;
      const crash = charon.crash();
      waves.withdraw.push(await table.wave((words) => words === undefined, at));
      await crash;
      charon = undefined;
      await delay(CALM_MS);
    }
  } catch (cause) {
    throw new Error(`${table.toString()}; the sidecar's log ends:\n${net.tail()}`, { cause });
  } finally {
    await net.stop();
    await charon?.stop();
    await rm(directory, { recursive: true, force: true });
  }
  const first = waves.withdraw.map((wave) => wave.first);
  const all = waves.withdraw.map((wave) => wave.all);
  const report: RoutesReport = {
    bench: 'routes',
    prefixes: PREFIXES,
    routers: ROUTER_ADDRESSES.length,
    withdraw_ms: waves.withdraw,
    announce_ms: waves.announce,
    degrade_ms: waves.degrade,
    targets: [
      atMost('first withdrawal, median', quantile(first, 0.5), 10, 'ms'),
      atMost(`first withdrawal, worst of ${ROUNDS}`, Math.max(...first), 10, 'ms'),
      same(
        'withdrawn while degrading',
        String(waves.degrade.reduce((sum, { withdrawn }) => sum + withdrawn, 0)),
        '0',
      ),
      atMost('all withdrawn, median', quantile(all, 0.5), 300, 'ms'),
      atMost(`all withdrawn, worst of ${ROUNDS}`, Math.max(...all), 300, 'ms'),
    ],
  };
  print(report);
  return report;
}

/** What the routers have. */
class Table {
  readonly #words = new Map<string, string>();
  #since: Heard[] = [];
  #wake: () => void = () => undefined;

  hear(heard: Heard): void {
    this.#since.push(heard);
    const { router, words } = heard;
    for (const prefix of heard.withdrawn) this.#words.delete(`${router} ${prefix}`);
    for (const prefix of heard.announced) this.#words.set(`${router} ${prefix}`, words);
    this.#wake();
  }

  /** Until each router has what it `should` of each prefix (undefined: nothing), from `began` or the first UPDATE. */
  async wave(should: (words: string | undefined) => boolean, began?: number): Promise<Wave> {
    const deadline = performance.now() + WITHIN_MS;
    this.#since = [];
    const goal = should(undefined) ? 0 : PREFIXES * ROUTER_ADDRESSES.length;
    while (this.#words.size !== goal || ![...this.#words.values()].every(should)) {
      if (performance.now() > deadline) throw new Error(`not there within ${WITHIN_MS} ms`);
      await Promise.race([
        new Promise<void>((resolve) => (this.#wake = resolve)),
        delay(1000, undefined, { ref: false }),
      ]);
    }
    const times = this.#since.map(({ at }) => at);
    const from = began ?? Math.min(...times);
    return {
      first: hundredths(Math.min(...times) - from),
      all: hundredths(Math.max(...times) - from),
      withdrawn: this.#since.reduce((sum, { withdrawn }) => sum + withdrawn.length, 0),
    };
  }

  toString(): string {
    const kinds = Map.groupBy(this.#words.values(), (words) => words);
    return `the routers have ${[...kinds].map(([words, { length }]) => `${length} with ${words}`).join(', ')}`;
  }
}

async function listen(path: string): Promise<FakeCharon> {
  const charon = await FakeCharon.listen(path);
  charon.on('version', () => ({ daemon: 'charon', version: '5.9.8' }));
  charon.on('stats', () => recordedResponse('stats'));
  charon.on('get-conns', () => recordedResponse('get-conns'));
  charon.on('list-sas', () => []);
  return charon;
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;

function print({ withdraw_ms: gone, announce_ms: came, degrade_ms: worse, targets }: RoutesReport): void {
  const line = (name: string, values: readonly number[]): string =>
    `${name.padEnd(44)} median ${quantile(values, 0.5).toFixed(2).padStart(8)}   worst ${Math.max(...values)
      .toFixed(2)
      .padStart(8)} ms\n`;
  const lasted = (waves: readonly Wave[]): number[] => waves.map(({ all }) => all);
  process.stdout.write(
    `routes: ${PREFIXES} prefixes to ${ROUTER_ADDRESSES.length} routers, ${ROUNDS} rounds, scripted charon, real ExaBGP\n` +
      line(
        "end of charon's socket to first withdrawal",
        gone.map(({ first }) => first),
      ) +
      line("end of charon's socket to the last", lasted(gone)) +
      line('announced, first UPDATE to last', lasted(came)) +
      line('degraded, first UPDATE to last', lasted(worse)) +
      `\n${targetLines(targets)}`,
  );
}
