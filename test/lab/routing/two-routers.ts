/** Two routers, each gateway with sessions to both. */
import { monotonic } from '../clock.ts';
import { routedTo, servingGateway } from '../fib.ts';
import type { Lab } from '../lab.ts';
import { LabError } from '../lab-error.ts';
import { round } from '../report.ts';
import { runCommand } from '../run-command.ts';
import { expectAnnounced, expectClientsBack, expectSteady } from '../steady.ts';
import { PREFIX4, PREFIX6 } from '../topology.ts';
import { killCharon, otherThan, startCharon } from './acts.ts';
import { configOf } from './site-config.ts';
import type { RoutingSite, RoutingTrial, Stage } from './trial.ts';
import { assertSame, clientOutage, expectQuiet, expectRouteTo, expectUpdate } from './watch.ts';

const WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 40_000;
const QUIET_MS = 3000;
const BOTH = [undefined, 'router2'] as const;

const SITE: RoutingSite = {
  label: 'two routers',
  clients: 1,
  routers: 2,
  sidecar: (gateway, paths, settings) => configOf(gateway, paths, settings, {}),
};

/** The client's way out. It keeps its address: the other router knows the way back. */
async function leaveBy({ lab, signal }: Stage, index: 0 | 1): Promise<void> {
  const { namespaces, routers } = lab.topology;
  const via = routers[index];
  if (via === undefined) throw new LabError('LAB_SPOILT', 'this lab has one router');
  lab.timeline.act(`the client goes out by ${via.name}`);
  for (const [hop, source] of [
    [via.client4, '10.0.1.2'],
    [via.client6, 'fd00:0:1::2'],
  ] as const) {
    const words = ['-n', namespaces.client, 'route', 'replace', 'default', 'via', hop, 'src', source];
    await runCommand(['ip', ...words], signal);
  }
}

/** Both routers hear that the gateway that serves is gone. */
async function withdrawBoth(stage: Stage): Promise<void> {
  const { lab, signal, note } = stage;
  const serving = await servingGateway(lab.topology, signal);
  const other = otherThan(stage, serving);
  const since = monotonic();
  const from = lab.timeline.events.length;
  const at = await killCharon(stage, serving.name);
  for (const where of BOTH) {
    const told = await Promise.all(
      [PREFIX4, PREFIX6].map(async (prefix) => {
        const spec = { kind: 'withdraw', gateway: serving.name, prefix } as const;
        return expectUpdate(lab, from, where === undefined ? spec : { ...spec, where }, WITHIN_MS, signal);
      }),
    );
    const moved = await expectRouteTo(lab, PREFIX4, other.name, WITHIN_MS, signal, where);
    const name = where ?? 'router';
    note({
      [`${name}_withdraw_ms`]: round(Math.max(...told.map((event) => event.at)) - at),
      [`${name}_fib_ms`]: round(moved.at - at),
    });
  }
  await expectClientsBack(lab, from, signal);
  note({ ...(await clientOutage(lab, since, signal)) });
  await startCharon(stage, serving.name);
  await expectSteady(lab, signal);
}

/** Where the second router's kernel sends the clients. */
async function seconds(lab: Lab, signal: AbortSignal): Promise<string> {
  const { topology } = lab;
  const gateway = await routedTo(topology.namespaces.router2 ?? '', topology, PREFIX4, signal);
  return typeof gateway === 'string' ? gateway : gateway.name;
}

/** The first router's BGP daemon is killed; the second one serves on, and hears of a withdrawal meanwhile. */
async function oneDies(stage: Stage): Promise<void> {
  const { lab, signal, note, defer } = stage;
  const before = await seconds(lab, signal);
  await leaveBy(stage, 1);
  defer(async () => leaveBy(stage, 0));
  await expectSteady(lab, signal);
  const since = monotonic();
  lab.timeline.act("SIGKILL of the first router's BGP daemon");
  let dead = true;
  const restart = async (): Promise<void> => {
    if (!dead) return;
    dead = false;
    await lab.router.start(signal);
  };
  await lab.router.kill();
  defer(restart);
  const from = lab.timeline.events.length;
  await expectQuiet(lab, QUIET_MS, {}, signal);
  assertSame("the second router's kernel route", await seconds(lab, signal), before);
  const { lost } = await clientOutage(lab, since, signal);
  note({ router_killed_lost: lost });
  assertSame('packets lost while the first router has no BGP', lost, 0);

  const serving = lab.topology.gateways.find(({ name }) => name === before);
  if (serving === undefined) throw new LabError('LAB_SPOILT', `the second router leads to "${before}"`);
  const at = await killCharon(stage, serving.name);
  const spec = { kind: 'withdraw', gateway: serving.name, prefix: PREFIX4, where: 'router2' } as const;
  const withdrawn = await expectUpdate(lab, from, spec, WITHIN_MS, signal);
  const moved = await expectRouteTo(
    ...([lab, PREFIX4, otherThan(stage, serving).name, WITHIN_MS, signal, 'router2'] as const),
  );
  note({ alone_withdraw_ms: round(withdrawn.at - at), alone_fib_ms: round(moved.at - at) });
  await expectClientsBack(lab, from, signal);

  const startedAt = lab.timeline.act("starts the first router's BGP daemon again");
  await restart();
  await startCharon(stage, serving.name);
  await expectAnnounced(lab, signal, BACK_WITHIN_MS);
  note({ router_back_ms: round(monotonic() - startedAt) });
}

export const TWO_ROUTER_TRIALS: readonly RoutingTrial[] = [
  {
    name: 'two-routers-withdraw',
    shows: 'each gateway has sessions to both routers; a withdrawal reaches both',
    site: SITE,
    run: withdrawBoth,
  },
  {
    name: 'two-routers-one-dies',
    shows:
      "one router's BGP daemon is killed: clients of the other notice nothing, and it hears of a withdrawal",
    site: SITE,
    run: oneDies,
  },
];
