/** What exercises do to gateways, routes and clients. */
import { section, type Message } from '../../../health/vici/index.ts';
import { patient } from '../dataplane.ts';
import { LabError } from '../lab-error.ts';
import type { Lab } from '../lab.ts';
import { expectRouteTo } from '../routing/watch.ts';
import { runCommand } from '../run-command.ts';
import { ANYCAST4, PREFIX4, type GatewayName, type GatewayPlan } from '../topology.ts';
import { withVici } from '../vici-command.ts';
import type { Stage } from './exercise.ts';

const MOVED_WITHIN_MS = 30_000;

export function planOf({ topology }: Pick<Lab, 'topology'>, name: GatewayName): GatewayPlan {
  const plan = topology.gateways.find((each) => each.name === name);
  if (plan === undefined) throw new LabError('LAB_SPOILT', `there is no ${name} in this lab`);
  return plan;
}

/** Every client logs in, one after the other. */
export async function logIn(lab: Pick<Lab, 'clients' | 'topology'>, signal: AbortSignal): Promise<void> {
  const args = (client: number): Message =>
    Object.assign(section(), { ike: `client${client + 1}`, child: 'services', timeout: '30000' });
  await withVici(lab.clients.charon.viciSocket, signal, async (command) => {
    for (const [client] of lab.topology.clients.entries()) await command('initiate', args(client));
  });
}

/** @returns when the router's kernel route to the anycast address leads to the second gateway */
export async function untilMoved({ lab, second, signal }: Stage): Promise<number> {
  return (await expectRouteTo(lab, PREFIX4, second.plan.name, MOVED_WITHIN_MS, signal)).at;
}

/** Another path is the better one for the router now, and nobody at the gateways knows: a flap upstream. */
export async function overrideRoute({ lab, signal }: Stage, to: GatewayPlan): Promise<number> {
  const at = lab.timeline.act(`the router prefers ${to.name}, whatever it hears`);
  await ipRoute(lab, ['add', ...override(to)], signal);
  return at;
}

export async function restoreRoute({ lab, signal }: Stage, from: GatewayPlan): Promise<number> {
  const at = lab.timeline.act('the router goes by what it hears again');
  await ipRoute(lab, ['del', ...override(from)], signal);
  return at;
}

/** Better than what any BGP daemon writes there. */
const override = ({ address4 }: GatewayPlan): string[] => [ANYCAST4, 'via', address4, 'metric', '1'];

async function ipRoute({ topology }: Lab, args: readonly string[], signal: AbortSignal): Promise<void> {
  await runCommand(['ip', '-n', topology.namespaces.router, 'route', ...args], signal);
}

/** SIGTERM: it takes leave of its clients, and ends. @returns when */
export async function stopCharon({ lab, first }: Stage): Promise<number> {
  const at = lab.timeline.act(`SIGTERM of ${first.plan.name}'s charon`);
  await first.charon.daemon.end('SIGTERM');
  return at;
}

/** Its cable to the router is pulled. */
export async function pullCable({ lab, first, signal }: Stage): Promise<number> {
  const { name } = first.plan;
  const at = lab.timeline.act(`the router's link to ${name} goes down`);
  await runCommand(['ip', '-n', lab.topology.namespaces.router, 'link', 'set', name, 'down'], signal);
  return at;
}

/** For what an exercise waits for that has no bound of its own. */
export const DRAINED_WITHIN_MS = patient(60_000);
