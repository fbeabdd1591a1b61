/**
 * ECMP over the gateways, by addresses and by ports: with ports in the hash UDP 500 of a client may go to one
 * gateway and its UDP 4500 to the other, and then no tunnel comes up for it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../../sidecar/status.ts';
import { monotonic } from '../clock.ts';
import { LabError } from '../lab-error.ts';
import type { Lab } from '../lab.ts';
import { round } from '../report.ts';
import { runCommand } from '../run-command.ts';
import { expectAnnounced, expectAnswered } from '../steady.ts';
import { answeredClients } from '../timeline.ts';
import { PREFIX4, type GatewayName } from '../topology.ts';
import { recipe } from './frr-daemons.ts';
import { configOf } from './site-config.ts';
import { enoughSplit, giveAddresses, hashPolicy, keepTrying, restartClients } from './split.ts';
import type { RoutingSite, RoutingTrial, Stage } from './trial.ts';
import { assertSame } from './watch.ts';

const CLIENTS = 12;
const LASTING_SECONDS = 60;
/** charon takes no further IKE_SA_INIT of an address with five half-open IKE_SAs, for up to 30 s. */
const SEEN_WITHIN_MS = 120_000;
const BACK_WITHIN_MS = 120_000;
/** Those that can log in have done so. */
const LOGIN_MS = 20_000;
const ROUTE_WITHIN_MS = 10_000;

const SITE: RoutingSite = {
  label: 'ECMP over two gateways',
  clients: CLIENTS,
  router: (kind) => recipe(`${kind}-ecmp.conf`),
  sidecar: (gateway, paths, settings) =>
    configOf(gateway, paths, settings, {
      checks: [
        {
          ...{ name: 'ecmp-split', type: 'ecmp-split', interval_seconds: 1, fast_interval_seconds: 1 },
          limits: { lasting_seconds: LASTING_SECONDS },
        },
      ],
    }),
  extra: async ({ topology, directory }, signal) => giveAddresses(topology, directory, signal),
  ready: async (lab, signal) => {
    await expectAnnounced(lab, signal);
    await expectBothHops(lab, signal);
    await expectAnswered(lab, signal, BACK_WITHIN_MS);
  },
};

async function expectBothHops({ topology }: Lab, signal: AbortSignal): Promise<void> {
  const deadline = monotonic() + ROUTE_WITHIN_MS;
  let route = '';
  while (monotonic() < deadline) {
    route = await runCommand(['ip', '-n', topology.namespaces.router, 'route', 'show', PREFIX4], signal);
    if (topology.gateways.every(({ address4 }) => route.includes(`via ${address4} `))) return;
    await delay(50, undefined, { signal });
  }
  throw new LabError(
    'LAB_SPOILT',
    `expected: a route to ${PREFIX4} by both gateways; it is "${route.trim()}"`,
  );
}

const withoutTunnel = ({ timeline }: Lab): readonly number[] =>
  answeredClients(timeline.events, CLIENTS).flatMap((is, client) => (is ? [] : [client]));

async function portHash(stage: Stage): Promise<void> {
  const { lab, signal, defer, note } = stage;
  const since = monotonic();
  await hashPolicy(lab.topology, 1, signal);
  const at = lab.timeline.act('the router hashes on ports too');
  defer(async () => hashPolicy(lab.topology, 0, signal));
  const split = await enoughSplit(lab, signal);
  note({ clients: CLIENTS, split: split.length });
  await restartClients(lab, signal);
  defer(keepTrying(lab, () => withoutTunnel(lab), signal));
  await delay(LOGIN_MS, undefined, { signal });
  const lost = new Set(split.map(({ client }) => client));
  assertSame('clients without a tunnel', withoutTunnel(lab), [...lost]);
  for (const plan of lab.topology.gateways) {
    const seen = await expectCheck(
      stage,
      plan.name,
      'fails with clients-split',
      SEEN_WITHIN_MS,
      ({ reason, up }) => {
        return reason === 'clients-split' && !up;
      },
    );
    note({ [`${plan.name}_seen_ms`]: round(seen - at) });
  }
  await hashPolicy(lab.topology, 0, signal);
  const mendedAt = lab.timeline.act('the router hashes on addresses alone');
  await expectAnswered(lab, signal, BACK_WITHIN_MS);
  note({
    all_answered_ms: round(monotonic() - mendedAt),
    watched_s: Math.round((monotonic() - since) / 1000),
  });
  for (const plan of lab.topology.gateways)
    await expectCheck(
      stage,
      plan.name,
      'passes again',
      BACK_WITHIN_MS,
      ({ verdict, up }) => verdict === 'pass' && up,
    );
}

type CheckStatus = Status['checks'][number];

/** Nothing is withdrawn meanwhile. @returns when it was so */
async function expectCheck(
  { lab, signal }: Stage,
  name: GatewayName,
  what: string,
  withinMs: number,
  isSo: (check: CheckStatus) => boolean,
): Promise<number> {
  const plan = lab.topology.gateways.find((each) => each.name === name);
  const deadline = monotonic() + withinMs;
  let last: CheckStatus | undefined;
  while (plan !== undefined && monotonic() < deadline) {
    const status = (await lab.gateway(plan).status(signal)) as Status | undefined;
    last = status?.checks.find((check) => check.name === 'ecmp-split');
    const away = status?.prefixes.find(({ state }) => state !== 'announced');
    if (away !== undefined)
      throw new LabError(
        'LAB_DEADLINE',
        `${name}: ${away.prefix} is ${away.state} (${away.reason}), expected: announced`,
      );
    if (last !== undefined && isSo(last)) return monotonic();
    await delay(200, undefined, { signal });
  }
  throw new LabError(
    'LAB_DEADLINE',
    `expected within ${withinMs} ms: ${name}'s check ecmp-split ${what}; seen last: ${JSON.stringify(last)}`,
  );
}

export const PORT_HASH_TRIALS: readonly RoutingTrial[] = [
  {
    name: 'port-hash',
    shows:
      'a router that hashes on ports: split clients get no tunnel, both gateways say so; by addresses all are served',
    site: SITE,
    run: portHash,
  },
];
