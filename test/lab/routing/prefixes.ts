/** Several prefixes: two anycast ones with different first choices, and the clients' pool towards the inside. */
import { join } from 'node:path';
import { monotonic } from '../clock.ts';
import { servingGateway } from '../fib.ts';
import { round } from '../report.ts';
import { Router, type RouterKind } from '../router.ts';
import type { Ground } from '../site.ts';
import { expectAnnounced, expectAnswered, expectClientsBack } from '../steady.ts';
import { PREFIX4, PREFIX6, type GatewayPlan } from '../topology.ts';
import { flag, killCharon, otherThan, startCharon } from './acts.ts';
import { INSIDE_AS, insideConf } from './inside-router.ts';
import { configOf, flagCheck, PREFERENCE, routersOf, type Mapping } from './site-config.ts';
import type { RoutingSite, RoutingTrial, Stage } from './trial.ts';
import { assertSame, clientOutage, expectQuiet, expectRouteTo, expectUpdate } from './watch.ts';

const SECOND4 = '192.0.2.2/32';
const POOL = '10.20.0.0/16';
const WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 30_000;
const QUIET_MS = 2000;

/** Takes the second prefix in where the first one is. */
const withSecond = (_: RouterKind, __: string, shipped: string): string =>
  shipped
    .replaceAll(`[ ${PREFIX4} ]`, `[ ${PREFIX4}, ${SECOND4} ]`)
    .replace(/^(ip prefix-list \S+ )seq 10( permit )192\.0\.2\.1\/32$/mu, `$&\n$1seq 11$2${SECOND4}`);

const inside = ({ backendSide, link }: GatewayPlan): Mapping => ({
  ...{ address: backendSide, name: 'backend', side: 'inside', peer_as: INSIDE_AS, local_address: link },
  hold_time_seconds: 9,
});

async function startInside(
  { topology, directory, processes, kind }: Ground,
  signal: AbortSignal,
): Promise<void> {
  const speaker = new Router(kind, processes, {
    ...{ name: 'backend', namespace: topology.namespaces.backend, directory: join(directory, 'backend') },
    ipv4Only: true,
    conf: insideConf(kind, topology.gateways, POOL),
  });
  await speaker.start(signal);
}

const SITE: RoutingSite = {
  label: 'two anycast prefixes, and the pool towards the inside',
  // Two would get each other's address from the other gateway, and this lab's clients share one kernel.
  clients: 1,
  sharedPool: POOL,
  watchBackend: true,
  router: withSecond,
  extra: startInside,
  sidecar: (gateway, paths, settings) => {
    const preference = PREFERENCE[gateway.name];
    const common = ['charon', 'ike-v4'];
    return configOf(gateway, paths, settings, {
      prefixes: [
        { prefix: PREFIX4, preference, checks: common },
        // The other way round: each gateway is the first choice of one.
        { prefix: SECOND4, preference: 3 - preference, checks: [...common, 'second'] },
        { prefix: PREFIX6, preference, checks: ['charon', 'ike-v6'] },
        { prefix: POOL, side: 'inside', preference, checks: common },
      ],
      neighbors: [...routersOf(gateway), inside(gateway)],
      checks: [flagCheck(paths, 'second', 'impaired')],
    });
  },
  ready: async (lab, signal) => {
    await expectAnnounced(lab, signal, BACK_WITHIN_MS, [PREFIX4, SECOND4, PREFIX6]);
    await expectRouteTo(lab, PREFIX4, 'gw1', BACK_WITHIN_MS, signal);
    await expectRouteTo(lab, SECOND4, 'gw2', BACK_WITHIN_MS, signal);
    await expectRouteTo(lab, POOL, 'gw1', BACK_WITHIN_MS, signal, 'backend');
    await expectAnswered(lab, signal);
  },
};

/** The second prefix alone degrades at its first choice. */
async function split(stage: Stage): Promise<void> {
  const { lab, signal, note } = stage;
  const second = await servingGateway(lab.topology, signal, SECOND4);
  assertSame('the first choice of the second prefix', second.name, 'gw2');
  const quiet = expectQuiet(lab, QUIET_MS, { prefix: PREFIX4 }, signal);
  const at = flag(stage, second, 'second', true);
  const moved = await expectRouteTo(lab, SECOND4, 'gw1', WITHIN_MS, signal);
  note({ second_moved_ms: round(moved.at - at) });
  await quiet;
  await expectRouteTo(lab, PREFIX4, 'gw1', WITHIN_MS, signal);
  flag(stage, second, 'second', false);
  await expectRouteTo(lab, SECOND4, 'gw2', BACK_WITHIN_MS, signal);
}

/** charon of the gateway that serves is killed: the way back to the clients moves with the way there. */
async function wayBack(stage: Stage): Promise<void> {
  const { lab, signal, note } = stage;
  const first = await servingGateway(lab.topology, signal);
  const other = otherThan(stage, first);
  const since = monotonic();
  const from = lab.timeline.events.length;
  const at = await killCharon(stage, first.name);
  const gone = { kind: 'withdraw', gateway: first.name } as const;
  const outside = await expectUpdate(lab, from, { ...gone, prefix: PREFIX4 }, WITHIN_MS, signal);
  const pool = { ...gone, prefix: POOL, where: 'backend' } as const;
  const inward = await expectUpdate(lab, from, pool, WITHIN_MS, signal);
  const moved = await expectRouteTo(lab, POOL, other.name, WITHIN_MS, signal, 'backend');
  // Answers come back only where the pool's route leads: there is no other.
  await expectClientsBack(lab, from, signal);
  note({
    withdraw_ms: round(outside.at - at),
    inside_withdraw_ms: round(inward.at - at),
    inside_fib_ms: round(moved.at - at),
    ...(await clientOutage(lab, since, signal)),
  });
  await startCharon(stage, first.name);
  await expectRouteTo(lab, PREFIX4, first.name, BACK_WITHIN_MS, signal);
  await expectRouteTo(lab, POOL, first.name, BACK_WITHIN_MS, signal, 'backend');
}

export const PREFIX_TRIALS: readonly RoutingTrial[] = [
  {
    name: 'prefixes-two',
    shows: 'two prefixes with different first choices; one degrades, the other one stays',
    site: SITE,
    run: split,
  },
  {
    name: 'prefixes-inside',
    shows: "the clients' pool is announced towards the inside: after a fail-over the way back follows",
    site: SITE,
    run: wayBack,
  },
];
