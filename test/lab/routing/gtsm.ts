/** GTSM (RFC 5082) both ways: the router checks the TTL itself, for ExaBGP the gateway's nftables do. */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LabError } from '../lab-error.ts';
import { runCommand } from '../run-command.ts';
import { servingGateway } from '../fib.ts';
import { expectSteady } from '../steady.ts';
import type { GatewayPlan } from '../topology.ts';
import { gatewayOf } from './acts.ts';
import { configOf, routersOf } from './site-config.ts';
import type { RoutingSite, RoutingTrial, Stage } from './trial.ts';

const SPOOF = fileURLToPath(new URL('spoofed-reset.py', import.meta.url));
const TABLE = ['inet', 'swancast_gtsm'] as const;
/** A TTL of one hop away. */
const FAR = 254;
/** A keepalive comes every 3 s; by then a session that was reset would be gone. */
const STAYS_MS = 4000;
/** A packet in between makes the number that was seen an old one. */
const TRIES = 5;
/** The router may have sent a keepalive (19 octets) meanwhile, or a second one. */
const GUESSES = [0, 19, 38] as const;
const SPOOFED = TRIES * GUESSES.length;
const CLOSED_WITHIN_MS = 8000;

const SITE: RoutingSite = {
  label: 'GTSM both ways',
  clients: 1,
  router: (kind, _name, shipped) => {
    const text =
      kind === 'bird'
        ? shipped.replace('define GTSM = 0;', 'define GTSM = 1;')
        : shipped.replace(/^ ! (neighbor gateway[46] ttl-security hops 1)$/gmu, ' $1');
    if (text === shipped) throw new LabError('LAB_SPOILT', `the ${kind} recipe has no GTSM to turn on`);
    return text;
  },
  sidecar: (gateway, paths, settings) =>
    configOf(gateway, paths, settings, { neighbors: routersOf(gateway, { gtsm: true }) }),
  extra: async ({ topology, gateway }, signal) => {
    for (const plan of topology.gateways)
      await nft(plan, ['-f', '-'], signal, await gateway(plan).swancast(['render', 'gtsm'], signal));
  },
};

async function nft(
  { namespace }: GatewayPlan,
  argv: readonly string[],
  signal: AbortSignal,
  input = '',
): Promise<string> {
  return runCommand(['ip', 'netns', 'exec', namespace, 'nft', ...argv], signal, { input });
}

/** Packets that the rules have dropped. */
async function dropped(plan: GatewayPlan, signal: AbortSignal): Promise<number> {
  const text = await nft(plan, ['list', 'table', ...TABLE], signal);
  return [...text.matchAll(/\bpackets (\d+)/gu)].reduce((sum, [, count]) => sum + Number(count), 0);
}

interface Family {
  readonly family: 4 | 6;
  readonly router: string;
  readonly own: string;
}

const familiesOf = ({ router4, address4, router6, address6 }: GatewayPlan): readonly Family[] => [
  { family: 4, router: router4, own: address4 },
  { family: 6, router: router6, own: address6 },
];

/** A reset of the session that the gateway's kernel would obey, sent from behind the gateway as if by the router. */
async function spoof({ lab, signal }: Stage, plan: GatewayPlan, { router, own }: Family): Promise<void> {
  const { router: front, backend } = lab.topology.namespaces;
  // What the gateway acknowledges is the number that it waits for (RFC 5961 section 3.2 wants it exact).
  const filter = `src host ${own} and dst host ${router} and tcp dst port 179`;
  const seen = await runCommand(
    ['ip', 'netns', 'exec', front, 'tcpdump', '-i', plan.name, '-c', '1', '-nn', '-S', filter],
    signal,
  );
  const port = /\.(\d+) > /u.exec(seen)?.[1];
  const next = / ack (\d+)/u.exec(seen)?.[1];
  if (port === undefined || next === undefined)
    throw new LabError('LAB_COMMAND', `tcpdump shows no acknowledgement: ${seen.trim()}`);
  const links = JSON.parse(
    await runCommand(['ip', '-j', '-n', plan.namespace, 'link', 'show', 'eth1'], signal),
  ) as {
    readonly address: string;
  }[];
  const mac = links[0]?.address ?? '';
  for (const sent of GUESSES)
    await runCommand(
      [
        ...(['ip', 'netns', 'exec', backend, 'python3', SPOOF] as const),
        ...[plan.name, mac, router, own, '179', port, String((Number(next) + sent) % 2 ** 32), String(FAR)],
      ],
      signal,
    );
}

async function spoofed(stage: Stage): Promise<void> {
  const { lab, signal, defer, note } = stage;
  const plan = await servingGateway(lab.topology, signal);
  const rules = await gatewayOf(stage, plan.name).swancast(['render', 'gtsm'], signal);
  const closedSince = (from: number, family: 4 | 6): boolean =>
    lab.timeline.events
      .slice(from)
      .some(
        (event) =>
          event.kind === 'session' &&
          event.gateway === plan.name &&
          event.family === family &&
          event.state === 'closed',
      );
  for (const family of familiesOf(plan)) {
    const from = lab.timeline.events.length;
    const before = await dropped(plan, signal);
    for (let sent = 0; sent < TRIES; sent += 1) await spoof(stage, plan, family);
    await delay(STAYS_MS, undefined, { signal });
    const count = (await dropped(plan, signal)) - before;
    if (count !== SPOOFED || closedSince(from, family.family))
      throw new LabError(
        'LAB_DEADLINE',
        `expected: ${plan.name} drops ${SPOOFED} spoofed packets (IPv${family.family}) and its session stays; dropped: ${count}, ${closedSince(from, family.family) ? 'the session ended' : 'it stayed'}`,
      );
    note({ [`dropped${family.family}`]: count });
  }
  lab.timeline.act(`${plan.name} loses its GTSM rules`);
  await nft(plan, ['delete', 'table', ...TABLE], signal);
  const restore = async (): Promise<unknown> => nft(plan, ['-f', '-'], signal, rules);
  defer(async () => void (await restore()));
  for (const family of familiesOf(plan)) {
    const from = lab.timeline.events.length;
    let sent = 0;
    while (sent < TRIES && !closedSince(from, family.family)) {
      await spoof(stage, plan, family);
      sent += 1;
      await delay(CLOSED_WITHIN_MS / TRIES, undefined, { signal });
    }
    if (!closedSince(from, family.family))
      throw new LabError(
        'LAB_DEADLINE',
        `expected: without the rules ${sent} tries end ${plan.name}'s session (IPv${family.family}); it stayed, so nothing is shown`,
      );
    note({ [`tries_without_rules${family.family}`]: sent });
  }
  await restore();
  await expectSteady(lab, signal);
}

export const GTSM_TRIALS: readonly RoutingTrial[] = [
  {
    name: 'gtsm-spoofed-reset',
    shows:
      'a reset sent from one hop away is dropped by the rendered rules; without them it ends the session',
    site: SITE,
    run: spoofed,
  },
];
