/** What is seen of the hosts from outside: UPDATEs on the wire, the router's kernel routes, the clients' packets. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startCapture, type Capture } from '../lab/capture.ts';
import { monotonic, RealtimeClock } from '../lab/clock.ts';
import { patient } from '../lab/dataplane.ts';
import { startFibMonitor } from '../lab/fib.ts';
import { untilCalm } from '../lab/sessions/stage.ts';
import { Timeline } from '../lab/timeline.ts';
import { ClientLoad, startPeer } from '../lab/traffic/client-load.ts';
import type { ClientResult } from '../lab/traffic/client-result.ts';
import { SessionWatch } from '../lab/traffic/session-watch.ts';
import type { HostsSite } from './site.ts';

const HOST_ROUTES = fileURLToPath(new URL('../lab/sessions/host-routes.ts', import.meta.url));
/** Clients are known to a drain by what they sent. */
const BEFORE_MS = patient(1500);
/** A packet sent so shortly before may be lost by what was done. */
const IN_FLIGHT_MS = 50;
const STREAMS_WITHIN_MS = 10_000;

export interface Seen {
  /** BGP messages with routes that any host sent. */
  readonly updates: number;
  readonly clients: readonly ClientResult[];
}

export class Watch {
  readonly timeline: Timeline;
  readonly #clock: RealtimeClock;
  readonly #capture: Capture;
  readonly #site: HostsSite;
  #load: ClientLoad | undefined;

  private constructor(site: HostsSite, timeline: Timeline, clock: RealtimeClock, capture: Capture) {
    this.#site = site;
    this.timeline = timeline;
    this.#clock = clock;
    this.#capture = capture;
  }

  static async start(site: HostsSite, signal: AbortSignal): Promise<Watch> {
    const timeline = new Timeline(site.logs);
    const clock = new RealtimeClock();
    const { processes, topology } = site;
    const capture = await startCapture(processes, topology, timeline, clock);
    await startFibMonitor(processes, topology, timeline, clock, signal);
    await startPeer(processes, topology, signal);
    await startHostRoutes(site, signal);
    return new Watch(site, timeline, clock, capture);
  }

  /** Once the clients have tunnels. */
  async startLoad(signal: AbortSignal): Promise<void> {
    const { processes, topology, clients } = this.#site;
    const sessions = await SessionWatch.start(clients.charon.viciSocket, signal);
    this.#load = await ClientLoad.start(
      processes,
      topology,
      this.timeline,
      sessions,
      topology.clients.length,
      signal,
    );
    await this.calm(monotonic(), signal);
  }

  /** From this moment on all clients are answered, and a while later still. */
  async calm(from: number, signal: AbortSignal): Promise<void> {
    const { logs, topology } = this.#site;
    await untilCalm(
      { lab: { timeline: this.timeline, logs }, talkers: topology.clients.length },
      from,
      signal,
    );
  }

  updates(): number {
    return this.#site.plan.hosts
      .map(({ name }) => this.#capture.sent(name).update)
      .reduce((sum, count) => sum + count, 0);
  }

  /** @param settleMs how long after it a client may notice what was done */
  async measure(act: () => Promise<void>, settleMs: number, signal: AbortSignal): Promise<Seen> {
    const load = this.#load;
    this.#clock.calibrate();
    if (load === undefined) {
      const before = this.updates();
      await act();
      return { updates: this.updates() - before, clients: [] };
    }
    await load.begin(signal);
    await delay(BEFORE_MS, undefined, { signal });
    const before = this.updates();
    const since = monotonic() - IN_FLIGHT_MS;
    await act();
    await this.calm(monotonic() + patient(settleMs), signal);
    await load.settle(STREAMS_WITHIN_MS, signal);
    return { updates: this.updates() - before, clients: await load.results(since, signal) };
  }
}

/** See host-routes.ts: the way back to a client whose address is bound to its identity. */
async function startHostRoutes(
  { processes, topology, hosts }: HostsSite,
  signal: AbortSignal,
): Promise<void> {
  const daemon = processes.start({
    name: 'backend-host-routes',
    namespace: topology.namespaces.backend,
    argv: [
      ...([process.execPath, HOST_ROUTES] as const),
      ...hosts.map(({ viciSocket, plan }) => `${viciSocket}=${plan.link}`),
    ],
    stdout: 'pipe',
  });
  if (daemon.child.stdout !== null) await once(daemon.child.stdout, 'data', { signal });
  daemon.child.stdout?.destroy();
}
