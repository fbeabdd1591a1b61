import { createInterface } from 'node:readline';
import type { RealtimeClock } from './clock.ts';
import { LabError } from './lab-error.ts';
import type { Daemon, Processes } from './processes.ts';
import { runCommand } from './run-command.ts';
import type { Timeline, Where } from './timeline.ts';
import { gatewayAt, PREFIX4, type GatewayPlan, type Topology } from './topology.ts';
import { parseRouteLine } from './wire/route-line.ts';

/** A documentation address (RFC 5737) that is added once, to see that the monitor listens. */
const PROBE = '198.51.100.1';

/** Puts each change of a router's kernel routes to what gateways announce on the timeline. */
export async function startFibMonitor(
  processes: Processes,
  topology: Topology,
  timeline: Timeline,
  clock: RealtimeClock,
  signal: AbortSignal,
  { namespace, where }: { readonly namespace: string } & Where = { namespace: topology.namespaces.router },
): Promise<Daemon> {
  const daemon = processes.start({
    name: `${where ?? 'router'}-route-monitor`,
    namespace,
    argv: ['ip', '-ts', 'monitor', 'route'],
    env: { TZ: 'UTC' },
    stdout: 'pipe',
  });
  const stdout = daemon.child.stdout;
  if (stdout === null) throw new LabError('LAB_COMMAND', 'ip monitor has no stdout');
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const watched = new Set<string>();
  createInterface({ input: stdout }).on('line', (line) => {
    const route = parseRouteLine(line);
    if (route?.destination === PROBE) resolve();
    if (route === undefined) return;
    const prefix = prefixOf(route.destination);
    const via = gatewayAt(topology, route.via)?.name;
    // Links, defaults and what the kernel makes by itself lead to no gateway.
    if (via !== undefined) watched.add(prefix);
    if (!watched.has(prefix)) return;
    const gateway = route.deleted ? undefined : via;
    const at = clock.toMonotonic(route.at);
    timeline.add({ kind: 'route', at, prefix, gateway, ...(where === undefined ? {} : { where }) });
  });
  let listening = false;
  void ready.then(() => (listening = true));
  while (!listening && daemon.child.exitCode === null) {
    await runCommand(['ip', '-n', namespace, 'route', 'replace', 'unreachable', PROBE], signal);
    await runCommand(['ip', '-n', namespace, 'route', 'del', 'unreachable', PROBE], signal);
  }
  return daemon;
}

/** `ip` leaves the length of a single address out. */
function prefixOf(destination: string): string {
  if (destination.includes('/')) return destination;
  return `${destination}/${destination.includes(':') ? 128 : 32}`;
}

/** The gateway that serves: the next hop of the first router's kernel route to this prefix. */
export async function servingGateway(
  topology: Topology,
  signal: AbortSignal,
  prefix = PREFIX4,
): Promise<GatewayPlan> {
  const gateway = await routedTo(topology.namespaces.router, topology, prefix, signal);
  if (typeof gateway !== 'string') return gateway;
  throw new LabError(
    'LAB_SPOILT',
    `no gateway serves: the router's kernel route to ${prefix} is "${gateway}"`,
  );
}

/** The same in any namespace. @returns the route as the kernel shows it, "" for none, if it leads to no gateway */
export async function routedTo(
  namespace: string,
  topology: Topology,
  prefix: string,
  signal: AbortSignal,
): Promise<GatewayPlan | string> {
  const family = prefix.includes(':') ? '-6' : '-4';
  const answer = await runCommand(['ip', family, '-n', namespace, 'route', 'show', prefix], signal);
  const via = / via (?:inet6? )?(\S+)/.exec(answer)?.[1];
  return gatewayAt(topology, via) ?? answer.trim();
}
