import { createInterface } from 'node:readline';
import type { RealtimeClock } from './clock.ts';
import { LabError } from './lab-error.ts';
import type { Daemon, Processes } from './processes.ts';
import { runCommand } from './run-command.ts';
import type { Timeline } from './timeline.ts';
import {
  ANYCAST4,
  ANYCAST6,
  gatewayAt,
  PREFIX4,
  PREFIX6,
  type GatewayPlan,
  type Topology,
} from './topology.ts';
import { parseRouteLine } from './wire/route-line.ts';

const WATCHED: Readonly<Record<string, string>> = { [ANYCAST4]: PREFIX4, [ANYCAST6]: PREFIX6 };
/** A documentation address (RFC 5737) that is added once, to see that the monitor listens. */
const PROBE = '198.51.100.1';

/** Puts each change of the router's kernel routes to the anycast addresses on the timeline. */
export async function startFibMonitor(
  processes: Processes,
  topology: Topology,
  timeline: Timeline,
  clock: RealtimeClock,
  signal: AbortSignal,
): Promise<Daemon> {
  const daemon = processes.start({
    name: 'router-route-monitor',
    namespace: topology.namespaces.router,
    argv: ['ip', '-ts', 'monitor', 'route'],
    env: { TZ: 'UTC' },
    stdout: 'pipe',
  });
  const stdout = daemon.child.stdout;
  if (stdout === null) throw new LabError('LAB_COMMAND', 'ip monitor has no stdout');
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  createInterface({ input: stdout }).on('line', (line) => {
    const route = parseRouteLine(line);
    if (route?.destination === PROBE) resolve();
    const prefix = route === undefined ? undefined : WATCHED[route.destination];
    if (route === undefined || prefix === undefined) return;
    const gateway = route.deleted ? undefined : gatewayAt(topology, route.via)?.name;
    timeline.add({ kind: 'route', at: clock.toMonotonic(route.at), prefix, gateway });
  });
  const router = topology.namespaces.router;
  let listening = false;
  void ready.then(() => (listening = true));
  while (!listening && daemon.child.exitCode === null) {
    await runCommand(['ip', '-n', router, 'route', 'replace', 'unreachable', PROBE], signal);
    await runCommand(['ip', '-n', router, 'route', 'del', 'unreachable', PROBE], signal);
  }
  return daemon;
}

/** The gateway that serves: the next hop of the router's kernel route to the IPv4 anycast address. */
export async function servingGateway(topology: Topology, signal: AbortSignal): Promise<GatewayPlan> {
  const answer = await runCommand(['ip', '-n', topology.namespaces.router, 'route', 'show', PREFIX4], signal);
  const via = / via (?:inet6? )?(\S+)/.exec(answer)?.[1];
  const gateway = gatewayAt(topology, via);
  if (gateway === undefined)
    throw new LabError(
      'LAB_SPOILT',
      `no gateway serves: the router's kernel route to ${PREFIX4} is "${answer.trim()}"`,
    );
  return gateway;
}
