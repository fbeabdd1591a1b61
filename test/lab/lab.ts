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
import { Router, shippedConf, type RouterKind } from './router.ts';
import { routerConf } from './router-conf.ts';
import type { Site } from './site.ts';
import { expectRoute, expectSteady, whereOf } from './steady.ts';
import { Timeline, type Where } from './timeline.ts';
import { planTopology, type GatewayName, type GatewayPlan, type Topology } from './topology.ts';

/** Of clients that log in all at once; see DaemonSettings. */
const FIRST_ANSWER_MS = 10;

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
  readonly site?: Site;
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
  /** The first one. */
  readonly router: Router;
  readonly routers: readonly Router[];
  readonly clients: Clients;
  /** The first so many clients have traffic. */
  readonly talkers: number;
  /** For what an exercise starts by itself. */
  readonly processes: Processes;
  /** BGP messages of this gateway that have reached its routers so far. */
  bgpSent(gateway: GatewayName): SentMessages;
  readonly progress: (line: string) => void;
  gateway(plan: GatewayPlan): Gateway;
  /** Ends what watches (it writes to this process), and leaves the rest up for good. */
  leaveUp(): Promise<void>;
}

/**
 * Builds the lab until both gateways announce both prefixes and all clients' packets are answered, or what its site
 * says instead. What fails on the way leaves a lab that takeDown(name) removes.
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
  const { site = {} } = options;
  const topology = planTopology(options.name, options.clients, site);
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
    (plan) => new Gateway(plan, { entry, supervise, stress, ownClock, fast, site }, directory, processes),
  );
  const shipped = shippedConf(options.router);
  const routers = topology.routers.map((plan) => {
    const { name, namespace } = plan;
    const usual = routerConf(shipped, topology, plan);
    const conf = site.router?.(options.router, name, usual) ?? usual;
    return new Router(options.router, processes, { name, namespace, directory: join(directory, name), conf });
  });
  const clients = new Clients(topology, directory, processes, {
    patient: stress,
    ...(site.crowd === true ? { firstAnswerMs: FIRST_ANSWER_MS } : {}),
    ...(site.radius === true ? { eap: true } : {}),
  });
  const startGateway = async (gateway: Gateway, started: AbortSignal): Promise<void> => {
    await gateway.mountDisk(started);
    await gateway.configureCharon(authority, started);
    await gateway.startCharon(started);
  };
  const startClients = async (started: AbortSignal): Promise<void> => {
    await clients.configure(authority, started, site.clientSwanctl);
    await clients.charon.start(started);
  };
  const places: readonly ({ readonly namespace: string } & Where)[] = [
    ...topology.routers.map((plan) => placeOf(plan.namespace, whereOf(plan))),
    ...(site.watchBackend === true ? [placeOf(topology.namespaces.backend, 'backend')] : []),
  ];
  const [captures, monitors, traffic] = await together(signal, (started) => [
    Promise.all(places.map(async (place) => startCapture(processes, topology, timeline, clock, place))),
    Promise.all(
      places.map(async (place) => startFibMonitor(processes, topology, timeline, clock, started, place)),
    ),
    Traffic.start(processes, topology, timeline, talkers, started),
    Promise.all(routers.map(async (router) => router.start(started))),
    startEcho(processes, topology, started),
    startClients(started),
    Promise.all(gateways.map(async (gateway) => startGateway(gateway, started))),
  ]);
  progress(
    `${routers.length === 1 ? 'router' : 'routers'} (${options.router}), ${gateways.length + 1} charons, backend, ${options.clients} client(s)`,
  );

  const gatewayOf = (plan: GatewayPlan): Gateway => find(gateways, plan);
  await site.extra?.(
    { topology, directory, processes, kind: options.router, routers, gateway: gatewayOf },
    signal,
  );
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
    router: first(routers),
    routers,
    clients,
    talkers,
    processes,
    bgpSent: (gateway) => captures.map((capture) => capture.sent(gateway)).reduce(sum),
    progress,
    gateway: gatewayOf,
    leaveUp: async () => {
      await Promise.all(
        [...captures.map(({ daemon }) => daemon), ...monitors, traffic.daemon].map(async (daemon) =>
          daemon.end('SIGTERM'),
        ),
      );
      ledger.disown();
    },
  };
  if (site.ready !== undefined) {
    await clients.charon.load(signal);
    await site.ready(lab, signal);
    progress('the lab is up');
    return lab;
  }
  await expectRoute(lab, signal);
  progress('the router has a kernel route to the anycast address');
  await clients.charon.load(signal);
  await expectSteady(lab, signal);
  progress('every gateway announces both prefixes, all clients are answered: the lab is up');
  return lab;
}

/**
 * All of what is started at once. If one part fails the others are told to stop, and waited for: what they start
 * after the lab has been taken down would stay for ever.
 */
async function together<T extends readonly Promise<unknown>[]>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const failed = new AbortController();
  const parts = start(AbortSignal.any([signal, failed.signal]));
  try {
    return await Promise.all(parts);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(parts);
    throw error;
  }
}

const placeOf = (namespace: string, where: Where['where']): { readonly namespace: string } & Where =>
  where === undefined ? { namespace } : { namespace, where };

const sum = (a: SentMessages, b: SentMessages): SentMessages => ({
  open: a.open + b.open,
  update: a.update + b.update,
  notification: a.notification + b.notification,
  keepalive: a.keepalive + b.keepalive,
});

function first(routers: readonly Router[]): Router {
  const [router] = routers;
  if (router === undefined) throw new RangeError('a lab has a router');
  return router;
}

function find(gateways: readonly Gateway[], plan: GatewayPlan): Gateway {
  const gateway = gateways.find((each) => each.plan.name === plan.name);
  if (gateway === undefined) throw new RangeError(`no gateway ${plan.name} in this lab`);
  return gateway;
}
