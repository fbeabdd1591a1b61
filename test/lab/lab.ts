import { join } from 'node:path';
import { Clients, startEcho, Traffic } from './client.ts';
import type { SentMessages } from './bgp-sessions.ts';
import { startCapture } from './capture.ts';
import { takeDown } from './cleanup.ts';
import { monotonic, RealtimeClock } from './clock.ts';
import { startFibMonitor } from './fib.ts';
import { Gateway, sidecarEntry } from './gateway.ts';
import type { LabError } from './lab-error.ts';
import type { Ledger } from './ledger.ts';
import { createNamespaces } from './namespaces.ts';
import { Authority } from './pki.ts';
import { Processes } from './processes.ts';
import { Router, type RouterKind } from './router.ts';
import { announcersOf, answeredClients, Timeline } from './timeline.ts';
import {
  planTopology,
  PREFIX4,
  PREFIX6,
  type GatewayName,
  type GatewayPlan,
  type Topology,
} from './topology.ts';

export interface LabOptions {
  /** Claimed by us. */
  readonly ledger: Ledger;
  readonly name: string;
  readonly router: RouterKind;
  readonly clients: number;
  /** Run dist/swancast.cjs instead of the sources. */
  readonly bundle: boolean;
  /** Run this entry file instead of either. */
  readonly sidecar?: string | undefined;
  /** Who starts ExaBGP: swancast (default), or the lab, as a unit of its own. */
  readonly supervise?: boolean;
  /** So many clients have traffic; all of them by default. */
  readonly talkers?: number;
  /** See GatewayOptions; the clients are patient then (see DaemonSettings). */
  readonly stress?: boolean;
  /** See GatewayOptions. */
  readonly ownClock?: boolean;
  /** See GatewayOptions. */
  readonly fast?: boolean;
  /** For people, line by line. */
  readonly progress: (line: string) => void;
  /** Called when a daemon ends although nobody ended it; whoever calls should abort the signal with it. */
  readonly onDeath: (error: LabError) => void;
}

export interface Lab {
  readonly topology: Topology;
  readonly directory: string;
  readonly logs: string;
  readonly timeline: Timeline;
  readonly clock: RealtimeClock;
  readonly traffic: Traffic;
  readonly router: Router;
  readonly clients: Clients;
  /** The first so many clients have traffic. */
  readonly talkers: number;
  /** For what an exercise starts by itself. */
  readonly processes: Processes;
  /** BGP messages of this gateway that have reached the router so far. */
  bgpSent(gateway: GatewayName): SentMessages;
  readonly progress: (line: string) => void;
  gateway(plan: GatewayPlan): Gateway;
  /** Ends what watches (it writes to this process), and leaves the rest up for good. */
  leaveUp(): Promise<void>;
}

const ANNOUNCED_WITHIN_MS = 30_000;
/** A client whose route moved under a login has its own retransmissions and dead peer detection to sit out, twice. */
const TRAFFIC_WITHIN_MS = 45_000;

/**
 * Builds the lab until both gateways announce both prefixes and all clients' packets are answered. What fails on
 * the way leaves a lab that takeDown(name) removes.
 */
export async function raiseLab(options: LabOptions, signal: AbortSignal): Promise<Lab> {
  const startedAt = monotonic();
  const progress = (line: string): void => {
    options.progress(`${((monotonic() - startedAt) / 1000).toFixed(2).padStart(6)} s  ${line}`);
  };
  if (await takeDown(options.name)) progress(`took down what an earlier lab "${options.name}" had left`);
  const { ledger } = options;
  ledger.begin();
  const { directory } = ledger;
  const logs = join(directory, 'logs');
  const topology = planTopology(options.name, options.clients);
  const processes = new Processes(ledger, options.onDeath);
  const timeline = new Timeline(logs);
  const clock = new RealtimeClock();
  const entry = sidecarEntry(options.bundle, options.sidecar);

  const [authority] = await Promise.all([
    Authority.create(join(directory, 'pki'), signal),
    createNamespaces(topology, signal),
  ]);
  progress(`namespaces sc-${options.name}-…, certification authority`);

  const {
    supervise = true,
    stress = false,
    ownClock = false,
    fast = false,
    talkers = options.clients,
  } = options;
  const gateways = topology.gateways.map(
    (plan) => new Gateway(plan, { entry, supervise, stress, ownClock, fast }, directory, processes),
  );
  const router = new Router(options.router, processes, topology, join(directory, 'router'));
  const clients = new Clients(topology, directory, processes, stress);
  const startGateway = async (gateway: Gateway): Promise<void> => {
    await gateway.mountDisk(signal);
    await gateway.configureCharon(authority, signal);
    await gateway.startCharon(signal);
  };
  const startClients = async (): Promise<void> => {
    await clients.configure(authority, signal);
    await clients.charon.start(signal);
  };
  const [[capture, monitor], traffic] = await Promise.all([
    Promise.all([
      startCapture(processes, topology, timeline, clock),
      startFibMonitor(processes, topology, timeline, clock, signal),
    ]),
    Traffic.start(processes, topology, timeline, talkers, signal),
    router.start(signal),
    startEcho(processes, topology, signal),
    startClients(),
    ...gateways.map(startGateway),
  ]);
  progress(`router (${options.router}), 3 charons, backend, ${options.clients} client(s)`);

  for (const gateway of gateways) {
    await gateway.startBgp(signal);
    gateway.startSidecar();
  }
  const lab: Lab = {
    topology,
    directory,
    logs,
    timeline,
    clock,
    traffic,
    router,
    clients,
    talkers,
    processes,
    bgpSent: (gateway) => capture.sent(gateway),
    progress,
    gateway: (plan) => find(gateways, plan),
    leaveUp: async () => {
      await Promise.all(
        [capture.daemon, monitor, traffic.daemon].map(async (daemon) => daemon.end('SIGTERM')),
      );
      ledger.disown();
    },
  };
  await expectRoute(lab, signal);
  progress('the router has a kernel route to the anycast address');
  await clients.charon.load(signal);
  await expectSteady(lab, signal);
  progress('both gateways announce both prefixes, all clients are answered: the lab is up');
  return lab;
}

function find(gateways: readonly Gateway[], plan: GatewayPlan): Gateway {
  const gateway = gateways.find((each) => each.plan.name === plan.name);
  if (gateway === undefined) throw new RangeError(`no gateway ${plan.name} in this lab`);
  return gateway;
}

async function expectRoute(lab: Lab, signal: AbortSignal): Promise<void> {
  await lab.timeline.expect(
    {
      what: `the router's kernel has a route to ${PREFIX4}`,
      withinMs: ANNOUNCED_WITHIN_MS,
      find: (events) =>
        events.find(
          (event) => event.kind === 'route' && event.prefix === PREFIX4 && event.gateway !== undefined,
        ),
    },
    signal,
  );
}

/** Both gateways announce both prefixes, and every client's packets are answered. */
export async function expectSteady(lab: Lab, signal: AbortSignal): Promise<void> {
  await expectAnnounced(lab, signal);
  await lab.timeline.expect(
    {
      what: `the packets of all clients (${lab.talkers}) are answered`,
      withinMs: TRAFFIC_WITHIN_MS,
      find: (events) => (answeredClients(events, lab.talkers).every(Boolean) ? true : undefined),
    },
    signal,
  );
}

/** Both gateways announce both prefixes. */
export async function expectAnnounced(
  lab: Lab,
  signal: AbortSignal,
  withinMs = ANNOUNCED_WITHIN_MS,
): Promise<void> {
  const all = lab.topology.gateways.length;
  for (const prefix of [PREFIX4, PREFIX6])
    await lab.timeline.expect(
      {
        what: `both gateways announce ${prefix}`,
        withinMs,
        find: (events) => (announcersOf(events, prefix).size === all ? true : undefined),
      },
      signal,
    );
}
