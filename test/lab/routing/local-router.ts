/** A router on the gateway itself: ExaBGP talks to it over 127.0.0.1, and it runs the sessions with the router in front. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lab-error.ts';
import type { Lab } from '../lab.ts';
import type { Daemon } from '../processes.ts';
import { round } from '../report.ts';
import type { Ground } from '../site.ts';
import { expectSteady } from '../steady.ts';
import { GATEWAY_AS, PREFIX4, PREFIX6, type GatewayPlan } from '../topology.ts';
import { gatewayOf, killCharon, planOf, startCharon } from './acts.ts';
import { Frr, recipe, withoutFrr } from './frr-daemons.ts';
import { configOf, PREFERENCE, type Mapping } from './site-config.ts';
import type { RoutingSite, RoutingTrial, Stage } from './trial.ts';
import { expectRouteTo, expectUpdate } from './watch.ts';

type Local = 'bird' | 'frr';

const LOCAL_PORT = 1790;
const MOVED_WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 30_000;

/** The recipe is for gw1. */
const confOf = (kind: Local, { number }: GatewayPlan): string =>
  recipe(`local-${kind}.conf`)
    .replace(/\b10\.1\.1\./gu, `10.1.${number}.`)
    .replace(/\bfd00:1:1:/gu, `fd00:1:${number}:`);

/** As the head of each recipe says. */
function partsOf(
  kind: Local,
  { name, router4, router6 }: GatewayPlan,
): { neighbors: Mapping[]; prefixes: Mapping[] } {
  const preference = PREFERENCE[name];
  const common = { port: LOCAL_PORT, peer_as: GATEWAY_AS, hold_time_seconds: 9 };
  return kind === 'bird'
    ? {
        neighbors: [
          { ...common, address: '127.0.0.1', local_address: '127.0.0.1' },
          { ...common, address: '::1', local_address: '::1' },
        ],
        prefixes: [
          { prefix: PREFIX4, preference },
          { prefix: PREFIX6, preference },
        ],
      }
    : {
        neighbors: [
          { ...common, address: '127.0.0.1', local_address: '127.0.0.2', families: ['ipv4', 'ipv6'] },
        ],
        prefixes: [
          { prefix: PREFIX4, preference, next_hop: router4 },
          { prefix: PREFIX6, preference, next_hop: router6 },
        ],
      };
}

interface LocalRouter {
  readonly start: (signal: AbortSignal) => Promise<Daemon>;
  daemon: Daemon;
}

const running = new WeakMap<ReturnType<Ground['gateway']>, LocalRouter>();

const siteOf = (kind: Local): RoutingSite => ({
  label: `${kind === 'bird' ? 'BIRD' : 'FRR'} on each gateway`,
  clients: 1,
  // A router on the gateway also tells its link-local address, and FRR takes that for the next hop: the lab knows
  // gateways by the other one.
  router: (_kind, _name, shipped) =>
    shipped.replace(/^route-map from-gateway permit 20$/mu, '$&\n set ipv6 next-hop prefer-global'),
  sidecar: (gateway, paths, settings) =>
    configOf(gateway, paths, settings, { ...partsOf(kind, gateway), bgp: { router_id: '127.0.0.1' } }),
  extra: async (ground, signal) => {
    for (const plan of ground.topology.gateways) {
      const start = await (kind === 'bird' ? bird : frr)(ground, plan, signal);
      running.set(ground.gateway(plan), { start, daemon: await start(signal) });
    }
  },
  ready: async (lab, signal) => {
    await expectSteady(lab, signal);
    for (const prefix of [PREFIX4, PREFIX6]) await expectRouteTo(lab, prefix, 'gw1', BACK_WITHIN_MS, signal);
  },
});

async function bird({ processes, directory }: Ground, plan: GatewayPlan): Promise<LocalRouter['start']> {
  const { name, namespace } = plan;
  const own = join(directory, name, 'local-router');
  mkdirSync(own);
  const file = join(own, 'bird.conf');
  writeFileSync(file, confOf('bird', plan));
  const argv = ['bird', '-f', '-c', file, '-s', join(own, 'bird.ctl'), '-P', join(own, 'bird.pid')] as const;
  return Promise.resolve(async () =>
    Promise.resolve(processes.start({ name: `${name}-bird`, namespace, argv })),
  );
}

async function frr(
  { processes, directory }: Ground,
  plan: GatewayPlan,
  signal: AbortSignal,
): Promise<LocalRouter['start']> {
  const { name, namespace } = plan;
  const own = new Frr(processes, `${name}-frr`, namespace, join(directory, name, 'local-router'));
  // One frr.conf for all, as users have it: each daemon takes from it what is its own.
  const conf = confOf('frr', plan);
  await own.start('zebra', conf, signal);
  return async (again) => own.start('bgpd', conf, again, ['-p', String(LOCAL_PORT)]);
}

function localRouter(stage: Stage): LocalRouter {
  const found = running.get(gatewayOf(stage, 'gw1'));
  if (found === undefined) throw new LabError('LAB_SPOILT', 'gw1 has no router of its own');
  return found;
}

/** Both routes lead to gw2 after what was done at gw1 then. */
async function moved({ lab, signal, note }: Stage, key: string, at: number): Promise<void> {
  const seen = [];
  for (const prefix of [PREFIX4, PREFIX6])
    seen.push(await expectRouteTo(lab, prefix, 'gw2', MOVED_WITHIN_MS, signal));
  note({ [key]: round(Math.max(...seen.map((each) => each.at)) - at) });
}

const back = async ({ lab, signal }: { readonly lab: Lab; readonly signal: AbortSignal }): Promise<void> => {
  for (const prefix of [PREFIX4, PREFIX6]) await expectRouteTo(lab, prefix, 'gw1', BACK_WITHIN_MS, signal);
};

/** What each kind of death upstream looks like, one after the other, at the gateway of first choice. */
async function deaths(stage: Stage): Promise<void> {
  const { lab, signal, note, defer } = stage;
  const gateway = gatewayOf(stage, 'gw1');

  // The preference, which iBGP cannot carry as a path, is in what the router hears.
  for (const [name, detail] of [
    ['gw1', /\bMED 100\b/u],
    ['gw2', /\bMED 200\b/u],
  ] as const)
    await expectUpdate(lab, 0, { kind: 'announce', gateway: name, prefix: PREFIX4, detail }, 1000, signal);
  const told = lab.timeline.events.findLast(
    (event) => event.kind === 'announce' && event.gateway === 'gw2' && event.prefix === PREFIX4,
  );
  const path = told?.kind === 'announce' ? told.route?.asPath : undefined;
  if (path?.join(' ') !== `${GATEWAY_AS} ${GATEWAY_AS}`)
    throw new LabError(
      'LAB_DEADLINE',
      `expected: gw2, the second choice, is prepended once; its path: ${String(path)}`,
    );
  const hop = told?.kind === 'announce' ? told.route?.nextHop : undefined;
  if (hop !== planOf(stage, 'gw2').address4)
    throw new LabError('LAB_DEADLINE', `expected: the next hop is gw2 itself; it is ${String(hop)}`);

  const from = lab.timeline.events.length;
  const killedAt = await killCharon(stage, 'gw1');
  const withdrawals = await Promise.all(
    [PREFIX4, PREFIX6].map(async (prefix) =>
      expectUpdate(lab, from, { kind: 'withdraw', gateway: 'gw1', prefix }, MOVED_WITHIN_MS, signal),
    ),
  );
  note({ charon_withdraw_ms: round(Math.max(...withdrawals.map(({ at }) => at)) - killedAt) });
  await moved(stage, 'charon_fib_ms', killedAt);
  await startCharon(stage, 'gw1');
  await back(stage);

  const exabgp = gateway.part('exabgp');
  const exabgpAt = lab.timeline.act("SIGKILL of gw1's ExaBGP");
  gateway.signal(exabgp, 'SIGKILL');
  await moved(stage, 'exabgp_fib_ms', exabgpAt);
  await back(stage);

  const sidecarAt = lab.timeline.act("SIGKILL of gw1's swancast");
  await gateway.killSidecar().gone;
  let gone = true;
  const startAgain = (): void => {
    if (gone) gateway.startSidecar();
    gone = false;
  };
  defer(startAgain);
  await moved(stage, 'sidecar_fib_ms', sidecarAt);
  startAgain();
  await back(stage);

  const local = localRouter(stage);
  const routerAt = lab.timeline.act("SIGKILL of gw1's own router");
  await local.daemon.end('SIGKILL');
  await moved(stage, 'router_fib_ms', routerAt);
  local.daemon = await local.start(signal);
  await back(stage);
}

export const LOCAL_ROUTER_TRIALS: readonly RoutingTrial[] = (['bird', 'frr'] as const).map((kind) => ({
  name: `local-router-${kind}`,
  shows: `${kind === 'bird' ? 'BIRD' : 'FRR'} on the gateway announces upstream what ExaBGP tells it, and withdraws whatever of the four dies`,
  site: siteOf(kind),
  ...(kind === 'frr' ? { skip: withoutFrr } : {}),
  run: deaths,
}));
