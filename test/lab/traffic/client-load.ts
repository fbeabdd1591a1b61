/**
 * The clients' load as an exercise uses it: `begin`, do something to the lab, `settle`, `results`. It also has what
 * Traffic (client.ts) has, events on the timeline included, and can stand in its place.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { monotonic } from '../clock.ts';
import { patient } from '../dataplane.ts';
import { LabError, reasonOf } from '../lab-error.ts';
import type { Daemon, Processes } from '../processes.ts';
import type { Timeline } from '../timeline.ts';
import type { Topology } from '../topology.ts';
import { startBackend } from './backend-program.ts';
import { resultOf, type ClientResult } from './client-result.ts';
import {
  LOAD_PORT,
  type FromLoad,
  type LoadPacket,
  type StreamReport,
  type ToLoad,
} from './load-protocol.ts';
import type { SessionWatch } from './session-watch.ts';

const ANSWERS_WITHIN_MS = patient(5000);
const BEGINS_WITHIN_MS = patient(30_000);
/** A packet sent so shortly before is on its way, and not lost. */
const IN_FLIGHT_MS = patient(250);
const LOOK_AGAIN_MS = 500;

type Answer<T extends FromLoad['type']> = Extract<FromLoad, { type: T }>;

function program(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** The backend's side. Resolves once it listens on every client's service address. */
export async function startPeer(
  processes: Processes,
  topology: Pick<Topology, 'namespaces' | 'clients'>,
  signal: AbortSignal,
): Promise<void> {
  await startBackend(processes, topology, { file: 'peer', port: LOAD_PORT }, signal);
}

export class ClientLoad {
  readonly daemon: Daemon;
  readonly #sessions: SessionWatch;
  readonly #clients: number;

  private constructor(daemon: Daemon, sessions: SessionWatch, clients: number) {
    this.daemon = daemon;
    this.#sessions = sessions;
    this.#clients = clients;
  }

  /**
   * @param sessions of the clients' charon
   * @param talkers the first so many clients have traffic, the others a tunnel only
   */
  static async start(
    processes: Processes,
    { namespaces, clients }: Pick<Topology, 'namespaces' | 'clients'>,
    timeline: Timeline,
    sessions: SessionWatch,
    talkers: number,
    signal: AbortSignal,
  ): Promise<ClientLoad> {
    const addresses = clients.slice(0, talkers).map((client) => client.service);
    const daemon = processes.start({
      name: 'client-load',
      namespace: namespaces.client,
      argv: [process.execPath, program('load.ts'), String(LOAD_PORT), ...addresses],
      ipc: true,
    });
    daemon.child.on('message', (message: FromLoad) => {
      if (message.type !== 'answered' && message.type !== 'silent') return;
      const { client, at, sequence } = message;
      timeline.add({ kind: 'traffic', at, client, state: message.type, sequence });
    });
    const load = new ClientLoad(daemon, sessions, addresses.length);
    await load.#answer('ready', ANSWERS_WITHIN_MS, signal);
    return load;
  }

  /** Forgets what was. Resolves once every client has a TCP stream that works, and answers to its packets: only
   * then may something be done. */
  async begin(signal: AbortSignal): Promise<void> {
    await this.#ask({ type: 'begin' }, 'begun', BEGINS_WITHIN_MS, signal);
    await this.#sessions.begin(signal);
  }

  /**
   * Waits until every stream carries data again or is lost, at most so long: a retransmission timer that doubled
   * during an outage runs out as late again. UDP has to be answered before.
   */
  async settle(withinMs: number, signal: AbortSignal): Promise<void> {
    const deadline = monotonic() + patient(withinMs);
    await delay(2 * IN_FLIGHT_MS, undefined, { signal });
    while (monotonic() < deadline) {
      const results = await this.results(0, signal);
      if (results.every(({ tcp }) => tcp !== 'stalled')) return;
      await delay(LOOK_AGAIN_MS, undefined, { signal });
    }
  }

  /** Per client, of all packets sent since then (CLOCK_MONOTONIC ms). Older ones are forgotten. */
  async results(since: number, signal: AbortSignal): Promise<ClientResult[]> {
    const until = monotonic() - IN_FLIGHT_MS;
    const { clients, streams } = await this.#report(since, signal);
    return Array.from({ length: this.#clients }, (_, client) => {
      const packets = (clients[client] ?? []).filter(({ sentAt }) => sentAt < until);
      const session = this.#sessions.fateOf(`client${client + 1}`);
      return resultOf({ client, packets, stream: streams[client] ?? NO_STREAM, session });
    });
  }

  /** As Traffic has it. */
  async packetsSince(since: number, signal: AbortSignal): Promise<readonly (readonly LoadPacket[])[]> {
    return (await this.#report(since, signal)).clients;
  }

  async #report(since: number, signal: AbortSignal): Promise<Answer<'packets'>> {
    return this.#ask({ type: 'report', since }, 'packets', ANSWERS_WITHIN_MS, signal);
  }

  async #ask<T extends FromLoad['type']>(
    question: ToLoad,
    type: T,
    withinMs: number,
    signal: AbortSignal,
  ): Promise<Answer<T>> {
    const answer = this.#answer(type, withinMs, signal);
    this.daemon.child.send(question);
    return answer;
  }

  async #answer<T extends FromLoad['type']>(
    type: T,
    withinMs: number,
    signal: AbortSignal,
  ): Promise<Answer<T>> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer<T>>();
    const { child, logFile } = this.daemon;
    const listener = (message: FromLoad): void => {
      if (message.type === type) resolve(message as Answer<T>);
    };
    const abort = (): void => reject(reasonOf(signal));
    const timer = setTimeout(() => {
      const what = `expected within ${withinMs} ms: the clients' load says "${type}"; log: ${logFile}`;
      reject(new LabError('LAB_DEADLINE', what));
    }, withinMs);
    child.on('message', listener);
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      child.off('message', listener);
      signal.removeEventListener('abort', abort);
    }
  }
}

const NO_STREAM: StreamReport = { open: false, localAddress: undefined, confirmedAt: undefined, gapMs: 0 };
