/** First choice and second: an active gateway and a passive one, without VRRP. */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../clock.ts';
import { servingGateway } from '../fib.ts';
import { LabError } from '../lab-error.ts';
import { round } from '../report.ts';
import { expectClientsBack, expectSteady } from '../steady.ts';
import { PREFIX4, PREFIX6, type GatewayName } from '../topology.ts';
import { killCharon, otherThan, planOf, startCharon } from './acts.ts';
import { fleetOf, writeTokens } from './fleet-site.ts';
import { configOf, PREFERENCE } from './site-config.ts';
import type { RoutingSite, RoutingTrial, Stage } from './trial.ts';
import { clientOutage, expectRouteTo, expectUpdate, updatesSince } from './watch.ts';

const WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 30_000;
/** How long the one that came back is watched not to move anybody. */
const STAYS_MS = 5000;

const siteOf = (preempt: boolean): RoutingSite => ({
  label: `first and second choice, preempt ${String(preempt)}`,
  clients: 2,
  sidecar: (gateway, paths, settings) => {
    const role = { preference: PREFERENCE[gateway.name], preempt };
    return configOf(gateway, paths, settings, {
      prefixes: [
        { prefix: PREFIX4, ...role },
        { prefix: PREFIX6, ...role },
      ],
      ...fleetOf(gateway, paths, ['gw1', 'gw2']),
    });
  },
  extra: async (ground) => Promise.resolve(writeTokens(ground)),
});

const PREEMPT: RoutingSite = {
  ...siteOf(true),
  ready: async (lab, signal) => {
    await expectSteady(lab, signal);
    for (const prefix of [PREFIX4, PREFIX6]) await expectRouteTo(lab, prefix, 'gw1', BACK_WITHIN_MS, signal);
    await expectSteady(lab, signal);
  },
};
const NO_PREEMPT = siteOf(false);

interface Move {
  readonly withdraw_ms: number;
  readonly fib_ms: number;
  readonly client_gap_ms: number;
  readonly lost: number;
}

/** charon of the one that serves is killed: the other one has the clients. */
async function failOver(stage: Stage, from: GatewayName, to: GatewayName): Promise<Move> {
  const { lab, signal } = stage;
  const since = monotonic();
  const index = lab.timeline.events.length;
  const at = await killCharon(stage, from);
  const withdrawn = await Promise.all(
    [PREFIX4, PREFIX6].map(async (prefix) =>
      expectUpdate(lab, index, { kind: 'withdraw', gateway: from, prefix }, WITHIN_MS, signal),
    ),
  );
  const moved = await expectRouteTo(lab, PREFIX4, to, WITHIN_MS, signal);
  await expectRouteTo(lab, PREFIX6, to, WITHIN_MS, signal);
  await expectClientsBack(lab, index, signal);
  return {
    withdraw_ms: round(Math.max(...withdrawn.map((event) => event.at)) - at),
    fib_ms: round(moved.at - at),
    ...(await clientOutage(lab, since, signal)),
  };
}

const named = (prefix: string, figures: object): Record<string, number> =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [`${prefix}_${name}`, Number(value)] as const),
  );

async function preempt(stage: Stage): Promise<void> {
  const { lab, signal, note } = stage;
  await expectRouteTo(lab, PREFIX4, 'gw1', BACK_WITHIN_MS, signal);
  note(named('failover', await failOver(stage, 'gw1', 'gw2')));

  const since = monotonic();
  const index = lab.timeline.events.length;
  const at = lab.timeline.act("starts gw1's charon again");
  await startCharon(stage, 'gw1');
  const spec = { kind: 'announce', gateway: 'gw1', detail: /^MED 100\b/u } as const;
  const announced = await expectUpdate(lab, index, { ...spec, prefix: PREFIX4 }, BACK_WITHIN_MS, signal);
  await expectUpdate(lab, index, { ...spec, prefix: PREFIX6 }, BACK_WITHIN_MS, signal);
  const moved = await expectRouteTo(lab, PREFIX4, 'gw1', WITHIN_MS, signal);
  await expectClientsBack(lab, index, signal);
  note({
    failback_announce_ms: round(announced.at - at),
    failback_fib_ms: round(moved.at - at),
    ...named('failback', await clientOutage(lab, since, signal)),
  });
}

async function noPreempt(stage: Stage): Promise<void> {
  const { lab, signal, note } = stage;
  // Until the one with the better preference is the one that serves, as it was meant by who set it up.
  const first = planOf(stage, 'gw1');
  if ((await servingGateway(lab.topology, signal)).name !== 'gw1') await swap(stage);
  const second = otherThan(stage, first);
  note(named('failover', await failOver(stage, first.name, second.name)));

  // The first choice returns, and stays behind the second.
  const index = lab.timeline.events.length;
  await startCharon(stage, first.name);
  const yielding = { kind: 'announce', gateway: first.name, detail: /^MED 500\b/u } as const;
  for (const prefix of [PREFIX4, PREFIX6])
    await expectUpdate(lab, index, { ...yielding, prefix }, BACK_WITHIN_MS, signal);
  const since = monotonic();
  await expectStays(stage, index, second.name);
  const { lost } = await clientOutage(lab, since, signal);
  note({ return_lost: lost });
  if (lost > 0)
    throw new LabError(
      'LAB_DEADLINE',
      `expected: nobody notices that ${first.name} is back; ${lost} packets lost`,
    );

  // The second dies: the first takes over.
  note(named('takeover', await failOver(stage, second.name, first.name)));
  const back = lab.timeline.events.length;
  await startCharon(stage, second.name);
  for (const prefix of [PREFIX4, PREFIX6])
    await expectUpdate(lab, back, { kind: 'announce', gateway: second.name, prefix }, BACK_WITHIN_MS, signal);
  await expectStays(stage, back, first.name);
}

/** The one that serves goes and comes back, and is the second one then. */
async function swap(stage: Stage): Promise<void> {
  const { lab, signal } = stage;
  const serving = await servingGateway(lab.topology, signal);
  await failOver(stage, serving.name, otherThan(stage, serving).name);
  const index = lab.timeline.events.length;
  await startCharon(stage, serving.name);
  const spec = { kind: 'announce', gateway: serving.name, prefix: PREFIX4 } as const;
  await expectUpdate(lab, index, spec, BACK_WITHIN_MS, signal);
  await expectSteady(lab, signal);
}

/** No kernel route of the router has led anywhere else since this event, nor does for a while. */
async function expectStays({ lab, signal }: Stage, from: number, name: GatewayName): Promise<void> {
  await delay(STAYS_MS, undefined, { signal });
  const stray = lab.timeline.events
    .slice(from)
    .find((event) => event.kind === 'route' && event.where === undefined && event.gateway !== name);
  if (stray === undefined) return;
  const told = updatesSince(lab, from).map(({ gateway, kind, prefix }) => `${gateway} ${kind}s ${prefix}`);
  throw new LabError(
    'LAB_DEADLINE',
    `expected for ${STAYS_MS} ms: the router's kernel routes lead to ${name}; one moved after: ${told.join(', ')}`,
  );
}

export const ROLE_TRIALS: readonly RoutingTrial[] = [
  {
    name: 'roles-preempt',
    shows: "the first choice's charon dies: the second takes over; it returns: it takes back",
    site: PREEMPT,
    run: preempt,
  },
  {
    name: 'roles-no-preempt',
    shows: 'the first choice returns and stays behind the second, until that one dies',
    site: NO_PREEMPT,
    run: noPreempt,
  },
];
