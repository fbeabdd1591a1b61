import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Charon } from './charon.ts';
import { patient } from './dataplane.ts';
import { LabError, reasonOf } from './lab-error.ts';
import type { Authority } from './pki.ts';
import type { Daemon, Processes } from './processes.ts';
import { clientSwanctlConf, type ClientSettings } from './strongswan-conf.ts';
import type { Timeline } from './timeline.ts';
import { ECHO_PORT, type Topology } from './topology.ts';
import { startBackend } from './traffic/backend-program.ts';
import type { Packet } from './traffic/gaps.ts';
import type { FromSender, ToSender } from './traffic/protocol.ts';

const ANSWERS_WITHIN_MS = patient(5000);
/** It starts while hundreds of keys are made for the clients of a large lab. */
const READY_WITHIN_MS = patient(30_000);

function program(name: string): string {
  return fileURLToPath(new URL(`traffic/${name}`, import.meta.url));
}

/** The backend's echo server. Resolves once it listens on every client's service address. */
export async function startEcho(
  processes: Processes,
  topology: Topology,
  signal: AbortSignal,
): Promise<void> {
  await startBackend(processes, topology, { file: 'echo', port: ECHO_PORT }, signal);
}

/** All clients' IKE side: one charon whose connections start by themselves once loaded. */
export class Clients {
  readonly charon: Charon;
  readonly #topology: Topology;
  readonly #settings: ClientSettings;

  constructor(topology: Topology, labDirectory: string, processes: Processes, settings: ClientSettings) {
    this.#topology = topology;
    this.#settings = settings;
    const directory = join(labDirectory, 'client');
    mkdirSync(directory);
    this.charon = new Charon('client', topology.namespaces.client, directory, processes, settings);
  }

  /** @param edit takes what would be in swanctl.conf by default, and says what shall be */
  async configure(
    authority: Authority,
    signal: AbortSignal,
    edit: (usual: string) => string = (usual) => usual,
  ): Promise<void> {
    const issued = await Promise.all(
      this.#topology.clients.map(
        async (_, client) => [`client${client + 1}`, await authority.issueClient(client, signal)] as const,
      ),
    );
    this.charon.configure(
      edit(clientSwanctlConf(this.#topology, this.#settings)),
      authority,
      Object.fromEntries(issued),
    );
  }
}

/** The clients' traffic: numbered UDP packets every 10 ms, and which of them were answered. */
export class Traffic {
  readonly daemon: Daemon;

  private constructor(daemon: Daemon) {
    this.daemon = daemon;
  }

  /** @param talkers the first so many clients have traffic, the others a tunnel only */
  static async start(
    processes: Processes,
    topology: Topology,
    timeline: Timeline,
    talkers: number,
    signal: AbortSignal,
  ): Promise<Traffic> {
    const daemon = processes.start({
      name: 'client-traffic',
      namespace: topology.namespaces.client,
      argv: [
        process.execPath,
        program('sender.ts'),
        String(ECHO_PORT),
        ...topology.clients.slice(0, talkers).map((client) => client.service),
      ],
      ipc: true,
    });
    daemon.child.on('message', (message: FromSender) => {
      if (message.type !== 'answered' && message.type !== 'silent') return;
      const { client, at, sequence } = message;
      timeline.add({ kind: 'traffic', at, client, state: message.type, sequence });
    });
    const traffic = new Traffic(daemon);
    await traffic.#answer('ready', signal, READY_WITHIN_MS);
    return traffic;
  }

  /** Per client all packets sent since then (CLOCK_MONOTONIC ms), in order. */
  async packetsSince(since: number, signal: AbortSignal): Promise<readonly (readonly Packet[])[]> {
    const request: ToSender = { type: 'report', since };
    const answer = this.#answer('packets', signal);
    this.daemon.child.send(request);
    const message = await answer;
    return message.type === 'packets' ? message.clients : [];
  }

  async #answer(
    type: FromSender['type'],
    signal: AbortSignal,
    withinMs = ANSWERS_WITHIN_MS,
  ): Promise<FromSender> {
    const { promise, resolve, reject } = Promise.withResolvers<FromSender>();
    const { child } = this.daemon;
    const listener = (message: FromSender): void => {
      if (message.type === type) resolve(message);
    };
    const abort = (): void => reject(reasonOf(signal));
    const timer = setTimeout(
      () =>
        reject(
          new LabError(
            'LAB_DEADLINE',
            `expected within ${withinMs} ms: the traffic generator says "${type}"; log: ${this.daemon.logFile}`,
          ),
        ),
      withinMs,
    );
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
