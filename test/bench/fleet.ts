/**
 * What a fleet of 50 costs one of its gateways: this process asks 50 others and answers 50 others at the default
 * interval, with the decision behind it, as the daemon does. Their words change with every answer and they ask
 * at moments of their own: nothing is spared by chance. Measured twice: with clocks that agree, so that all of them
 * ask at the same moments, and with clocks that do not.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import pino from 'pino';
import { Registry } from 'prom-client';
import type { FleetConfig } from '../../sidecar/config/config.ts';
import { tuneEngine } from '../../sidecar/engine.ts';
import { FleetDesk } from '../../sidecar/fleet/desk.ts';
import { BURST, intervalOf } from '../../sidecar/fleet/poll.ts';
import { serve } from '../../sidecar/http.ts';
import { monotonic } from '../../sidecar/monotonic.ts';
import { Sidecar } from '../../sidecar/sidecar.ts';
import { statusOf, type Status } from '../../sidecar/status.ts';
import { POLICY } from '../sidecar/scenario.ts';
import { atMost, quantile, targetLines, type Target } from './target.ts';

const OTHERS = 50;
/** The defaults of the section fleet. */
const TIMES = { pollMs: 500, timeoutMs: 1000, maxAgeMs: 5000, minimumOthers: 1 };
const INTERVAL_MS = intervalOf(TIMES, OTHERS);
const WARM_UP_MS = 12_000;
const ROUNDS = 5;
const ROUND_MS = 10_000;

interface Run {
  readonly cpu_percent: number;
  readonly heard: number;
  readonly answered: number;
  readonly rss_mb: number;
}

interface Clocks {
  /** The same process with a listener, before anybody asked. */
  readonly idle_cpu_percent: number;
  readonly median_cpu_percent: number;
  readonly runs: readonly Run[];
}

export interface FleetBenchReport {
  readonly bench: 'fleet';
  readonly gateways: number;
  readonly interval_ms: number;
  readonly clocks_agree: Clocks;
  readonly clocks_differ: Clocks;
  readonly targets: readonly Target[];
}

export async function benchFleet(): Promise<FleetBenchReport> {
  tuneEngine();
  const agree = await withClocks(Math.ceil(OTHERS / BURST));
  const differ = await withClocks(0);
  const report: FleetBenchReport = {
    bench: 'fleet',
    gateways: OTHERS,
    interval_ms: INTERVAL_MS,
    clocks_agree: agree,
    clocks_differ: differ,
    targets: [
      atMost('CPU of asking and answering 50, clocks agree', agree.median_cpu_percent, 1, '% of a core'),
    ],
  };
  print(report);
  return report;
}

async function withClocks(slots: number): Promise<Clocks> {
  const program = fileURLToPath(new URL('fleet-peers.ts', import.meta.url));
  const peers = fork(program, [OTHERS, INTERVAL_MS, slots].map(String));
  const gateway = new Gateway();
  try {
    const { ports } = await reply<{ ports: readonly number[] }>(peers);
    const port = await gateway.listen();
    const idle = await measure(gateway, () => Promise.resolve(0), ROUND_MS);
    gateway.join(ports);
    peers.send({ port });
    await wait(WARM_UP_MS);
    const answered = async (): Promise<number> => {
      peers.send('count');
      return (await reply<{ answers: number }>(peers)).answers;
    };
    const runs: Run[] = [];
    for (let n = 0; n < ROUNDS; n += 1) runs.push(await measure(gateway, answered, ROUND_MS));
    const expected = (OTHERS * ROUND_MS) / INTERVAL_MS;
    for (const { heard, answered: given } of runs) {
      if (heard < 0.8 * expected || given < 0.8 * expected) {
        throw new Error(`${heard} answers heard and ${given} given in a round, about ${expected} expected`);
      }
    }
    const median = quantile(
      runs.map((run) => run.cpu_percent),
      0.5,
    );
    return { idle_cpu_percent: idle.cpu_percent, median_cpu_percent: median, runs };
  } finally {
    gateway.close();
    peers.disconnect();
    if (peers.exitCode === null) await once(peers, 'exit');
  }
}

/** The part of the daemon that has to do with the fleet: no charon, no ExaBGP. */
class Gateway {
  heard = 0;
  #close: (() => void) | undefined;
  readonly #startedAt = monotonic();
  readonly #sidecar = new Sidecar(
    {
      ...POLICY,
      fleet: { ...TIMES, members: Array.from({ length: OTHERS }, (_, n) => ({ name: `gw${n}` })) },
    },
    {
      set: () => undefined,
      renew: () => undefined,
      pace: () => undefined,
      journal: () => undefined,
      forceEnded: () => undefined,
      sessions: () => undefined,
      askFleet: () => undefined,
    },
    monotonic,
  );
  readonly #desk = new FleetDesk({
    gateway: 'self',
    link: {
      ask: () => Promise.resolve({ kind: 'gone', detail: 'no charon in this bench' }),
      snapshot: undefined,
    },
    now: monotonic,
    log: pino({ level: 'silent' }),
    status: () => this.#status(),
    onView: (view) => this.#sidecar.dispatch({ type: 'fleet', view }),
  });
  #seen = new Map<string, number>();

  async listen(): Promise<number> {
    const views = {
      status: () => this.#status(),
      registry: new Registry(),
      checks: {
        list: () => ({ gateway: 'self', checks: [] }),
        run: () => Promise.resolve({ refused: 'no' }),
      },
      fleet: this.#desk,
    };
    const server = await serve({ host: '127.0.0.1', port: 0 }, views);
    this.#close = () => {
      server.close();
      server.closeAllConnections();
    };
    return (server.address() as AddressInfo).port;
  }

  join(ports: readonly number[]): void {
    const gateways: FleetConfig['gateways'] = ports.map((port, n) => ({
      name: `gw${n}`,
      url: `http://127.0.0.1:${port}`,
    }));
    this.#desk.start({ gateways, ...TIMES });
  }

  /** Answers since the last call: every word says how many its gateway has given. */
  heardSince(): number {
    let sum = 0;
    for (const [name, { word }] of this.#sidecar.state.fleet?.members ?? []) {
      const said = word?.load.ike_sas ?? 0;
      sum += said - (this.#seen.get(name) ?? said);
      this.#seen.set(name, said);
    }
    return sum;
  }

  close(): void {
    this.#desk.close();
    this.#sidecar.close();
    this.#close?.();
  }

  #status(): Status {
    const identity = {
      version: '0.1.0',
      gateway: 'self',
      startedAt: this.#startedAt,
      neighbors: ['10.1.1.1'],
    };
    return statusOf(this.#sidecar.state, this.#sidecar.policy, identity, [], monotonic());
  }
}

async function measure(gateway: Gateway, count: () => Promise<number>, ms: number): Promise<Run> {
  gateway.heardSince();
  const before = await count();
  const from = monotonic();
  const cpu = process.cpuUsage();
  await wait(ms);
  const { user, system } = process.cpuUsage(cpu);
  const took = monotonic() - from;
  return {
    cpu_percent: Math.round(((user + system) / 1000 / took) * 10_000) / 100,
    heard: gateway.heardSince(),
    answered: (await count()) - before,
    rss_mb: Math.round(process.memoryUsage.rss() / 1e5) / 10,
  };
}

async function reply<T>(from: ChildProcess): Promise<T> {
  const [message] = (await once(from, 'message')) as [T];
  return message;
}

function print({
  gateways,
  interval_ms: interval,
  clocks_agree: agree,
  clocks_differ: differ,
  targets,
}: FleetBenchReport): void {
  process.stdout.write(
    `fleet: ${gateways} others, each asked every ${interval / 1000} s and asking as often; rounds of ${ROUND_MS / 1000} s\n` +
      `clocks    round     CPU %     heard  answered    rss MB\n${lines('agree', agree)}${lines('differ', differ)}${targetLines(targets)}`,
  );
}

const lines = (
  clocks: string,
  { idle_cpu_percent: idle, runs, median_cpu_percent: median }: Clocks,
): string =>
  [
    ...runs.map(
      (run, n) =>
        `${clocks.padEnd(6)} ${String(n + 1).padStart(8)} ${run.cpu_percent.toFixed(2).padStart(9)} ${String(run.heard).padStart(9)} ${String(run.answered).padStart(9)} ${run.rss_mb.toFixed(1).padStart(9)}\n`,
    ),
    `${clocks.padEnd(6)}   median ${median.toFixed(2).padStart(9)}   (before anybody asked: ${idle})\n`,
  ].join('');
