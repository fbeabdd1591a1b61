/** BFD: FRR's bfdd beside ExaBGP on each gateway, the router's own at the other end. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../../sidecar/status.ts';
import { monotonic } from '../clock.ts';
import { servingGateway } from '../fib.ts';
import { LabError } from '../lab-error.ts';
import type { Lab } from '../lab.ts';
import type { Daemon } from '../processes.ts';
import { round } from '../report.ts';
import { runCommand } from '../run-command.ts';
import type { Ground } from '../site.ts';
import { expectSteady } from '../steady.ts';
import { PREFIX4, PREFIX6, type GatewayPlan } from '../topology.ts';
import { gatewayOf, otherThan } from './acts.ts';
import { Frr, quickBfd, recipe, withoutFrr } from './frr-daemons.ts';
import { configOf, gatewayDirectory } from './site-config.ts';
import { silence } from './silent-link.ts';
import type { RoutingSite, RoutingTrial, Stage } from './trial.ts';
import { clientOutage, expectRouteTo } from './watch.ts';

/** 50 ms times 3, and what a busy machine adds to it. */
const BFD_WITHIN_MS = 1000;
const HOLD_TIME_MS = 9000;
const UP_WITHIN_MS = 15_000;
const SHOWN_WITHIN_MS = 5000;

const PRINT_METRICS =
  "fetch('http://127.0.0.1:9179/metrics').then((r) => r.text()).then((t) => process.stdout.write(t))";

const directoryOf = (directory: string): string => join(directory, 'frr');

const bfdds = new WeakMap<Gateway, { readonly frr: Frr; daemon: Daemon; readonly conf: string }>();
type Gateway = ReturnType<Ground['gateway']>;

/** The recipe is for gw1. */
const gatewayConf = ({ number }: GatewayPlan): string =>
  quickBfd(recipe('gateway-bfdd.conf'))
    .replace(/\b10\.1\.1\./gu, `10.1.${number}.`)
    .replace(/\bfd00:1:1:/gu, `fd00:1:${number}:`);

const SITE: RoutingSite = {
  label: 'BFD with 50 ms times 3',
  clients: 1,
  router: (_kind, _name, shipped) => quickBfd(shipped),
  sidecar: (gateway, paths, settings) =>
    configOf(gateway, paths, settings, {
      checks: [
        {
          ...{
            name: 'bfd',
            type: 'bfd',
            interval_seconds: 0.5,
            fast_interval_seconds: 0.5,
            timeout_seconds: 0.5,
          },
          limits: {
            socket_directory: directoryOf(gatewayDirectory(paths)),
            peers: [gateway.router4, gateway.router6],
          },
        },
      ],
    }),
  extra: async (ground, signal) => {
    const { topology, processes, directory, kind, routers } = ground;
    if (kind === 'frr')
      for (const { name, namespace, directory: meeting } of routers)
        await new Frr(processes, name, namespace, meeting).start(
          'bfdd',
          quickBfd(recipe('frr-bfdd.conf')),
          signal,
        );
    for (const plan of topology.gateways) {
      const { name, namespace } = plan;
      const frr = new Frr(processes, `${name}-frr`, namespace, directoryOf(join(directory, name)));
      await frr.start('zebra', '', signal);
      const conf = gatewayConf(plan);
      const daemon = await frr.start('bfdd', conf, signal);
      bfdds.set(ground.gateway(plan), { frr, daemon, conf });
    }
  },
  ready: async (lab, signal) => {
    await expectSteady(lab, signal);
    for (const plan of lab.topology.gateways)
      await expectStatus(lab, plan, 'its BFD sessions are up', UP_WITHIN_MS, signal, ({ bfd }) =>
        [plan.router4, plan.router6].every((router) => bfd?.[router] === 'up'),
      );
  },
};

/** @returns when it was so */
async function expectStatus(
  lab: Lab,
  plan: GatewayPlan,
  what: string,
  withinMs: number,
  signal: AbortSignal,
  isSo: (status: Status) => boolean,
): Promise<number> {
  const deadline = monotonic() + withinMs;
  let last: Status | undefined;
  while (monotonic() < deadline) {
    last = (await lab.gateway(plan).status(signal)) as Status | undefined;
    if (last !== undefined && isSo(last)) return monotonic();
    await delay(20, undefined, { signal });
  }
  const check = last?.checks.find(({ name }) => name === 'bfd');
  const seen = JSON.stringify({ bfd: last?.bfd, check });
  throw new LabError(
    'LAB_DEADLINE',
    `expected within ${withinMs} ms: ${plan.name}: ${what}; seen last: ${seen}`,
  );
}

/** The link of the gateway that serves goes silent. @returns who it was, and when both routes led elsewhere */
async function silent(
  stage: Stage,
  withinMs: number,
): Promise<{ readonly plan: GatewayPlan; readonly since: number; readonly end: () => Promise<void> }> {
  const { lab, signal, note } = stage;
  const plan = await servingGateway(lab.topology, signal);
  const spare = otherThan(stage, plan);
  const since = monotonic();
  const { at, end } = await silence(stage, plan);
  for (const [prefix, key] of [
    [PREFIX4, 'fib4_ms'],
    [PREFIX6, 'fib6_ms'],
  ] as const) {
    const moved = await expectRouteTo(lab, prefix, spare.name, withinMs, signal);
    note({ [key]: round(Math.max(0, moved.at - at)) });
  }
  return { plan, since, end };
}

/** The check says so, and withdraws nothing: that is the router's to do, and the others may be well. */
async function silentWithBfd(stage: Stage): Promise<void> {
  const { lab, signal, note } = stage;
  const { plan, since, end } = await silent(stage, BFD_WITHIN_MS);
  await expectStatus(
    lab,
    plan,
    'its check bfd says bfd-session-down, everything is announced',
    SHOWN_WITHIN_MS,
    signal,
    ({ bfd, checks, prefixes }) =>
      bfd?.[plan.router4] === 'down' &&
      bfd[plan.router6] === 'down' &&
      checks.some(({ name, reason, up }) => name === 'bfd' && reason === 'bfd-session-down' && !up) &&
      prefixes.every(({ state }) => state === 'announced'),
  );
  const text = await runCommand(
    ['ip', 'netns', 'exec', plan.namespace, process.execPath, '-e', PRINT_METRICS],
    signal,
  );
  if (!text.includes(`swancast_bfd_session_up{peer="${plan.router4}"} 0`))
    throw new LabError('LAB_DEADLINE', `expected: ${plan.name}'s metrics say that the BFD session is down`);
  const mendedAt = monotonic();
  await end();
  await (SITE.ready ?? expectSteady)(lab, signal);
  note({ recover_ms: round(monotonic() - mendedAt), ...(await clientOutage(lab, since, signal)) });
}

/** The price of BFD: a bfdd that ends is silence too, although the gateway is well. */
async function bfddEnds(stage: Stage): Promise<void> {
  const { lab, signal, note } = stage;
  const plan = await servingGateway(lab.topology, signal);
  const running = bfdds.get(gatewayOf(stage, plan.name));
  if (running === undefined) throw new LabError('LAB_SPOILT', `${plan.name} has no bfdd`);
  const at = lab.timeline.act(`SIGTERM of ${plan.name}'s bfdd`);
  await running.daemon.end('SIGTERM');
  const moved = await expectRouteTo(lab, PREFIX4, otherThan(stage, plan).name, BFD_WITHIN_MS, signal);
  note({ fib4_ms: round(moved.at - at) });
  await expectStatus(
    lab,
    plan,
    'its check bfd says bfd-not-known',
    SHOWN_WITHIN_MS,
    signal,
    ({ bfd, checks }) => {
      const check = checks.find(({ name }) => name === 'bfd');
      return check?.reason === 'bfd-not-known' && check.verdict === 'unknown' && bfd === undefined;
    },
  );
  running.daemon = await running.frr.start('bfdd', running.conf, signal);
}

export const BFD_TRIALS: readonly RoutingTrial[] = [
  {
    name: 'bfd-silent-link',
    shows:
      'a link that is silent with its carrier up: with BFD the routes have moved within a fraction of a second',
    site: SITE,
    skip: withoutFrr,
    run: silentWithBfd,
  },
  {
    name: 'bfd-daemon-ends',
    shows: "the gateway's bfdd ends in good order: the router drops a gateway that is well",
    site: SITE,
    skip: withoutFrr,
    run: bfddEnds,
  },
  {
    name: 'bfd-none',
    shows: 'the same silent link without BFD: the hold time of 9 s',
    site: { label: 'two gateways without BFD', clients: 1 },
    run: async (stage) => {
      const { since, end } = await silent(stage, HOLD_TIME_MS + 2000);
      await end();
      await expectSteady(stage.lab, stage.signal);
      stage.note(await clientOutage(stage.lab, since, stage.signal));
    },
  },
];
