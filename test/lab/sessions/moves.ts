/** What swancast moves clients for: drains, evacuation, a better path that came back. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { monotonic } from '../clock.ts';
import { flagFile } from '../routing/site-config.ts';
import { expectRouteTo, expectUpdate } from '../routing/watch.ts';
import { PREFIX4 } from '../topology.ts';
import { DRAINED_WITHIN_MS, stopCharon, untilMoved } from './acts.ts';
import { noteMoved } from './breaks.ts';
import { orderDrain, untilDrained } from './control.ts';
import { dropInCommands } from './drop-in.ts';
import type { Bound, SessionExercise, Stage } from './exercise.ts';
import { FLAG } from './site.ts';
import { untilCalm } from './stage.ts';

const DROP_IN = fileURLToPath(
  new URL('../../../deploy/systemd/strongswan.service.d/swancast.conf', import.meta.url),
);
const BACK_WITHIN_MS = 60_000;
/** Until a client that fell silent has been missed. */
const NOTICED_MS = 1500;

/**
 * Where clients are redirected. All of them are one charon here, on the processors of the gateways: too many at a time
 * would wait for each other, as no two hosts do.
 */
const REDIRECTS_PER_SECOND = 10;

const redirectAll = async (stage: Stage): Promise<number> =>
  drain({ ...stage, rate: stage.rate ?? REDIRECTS_PER_SECOND });

async function drain(stage: Stage): Promise<number> {
  const { lab, first, rate, signal } = stage;
  const at = lab.timeline.act(`drain of ${first.plan.name}`);
  await orderDrain(lab, first, { move: 'auto', ...(rate === undefined ? {} : { rate }) }, signal);
  const { method, sessions } = await untilDrained(lab, first, DRAINED_WITHIN_MS, signal);
  const { redirected, terminated, ignored } = sessions;
  stage.note({ drain_ms: Math.round(monotonic() - at), method, redirected, terminated, ignored });
  return monotonic();
}

async function evacuate(stage: Stage): Promise<number> {
  const { lab, first, signal } = stage;
  const { name } = first.plan;
  const file = flagFile(join(lab.directory, name), FLAG);
  const from = lab.timeline.events.length;
  const at = lab.timeline.act(`a required check of ${name} fails, and its charon lives`);
  writeFileSync(file, '');
  stage.defer(() => rmSync(file, { force: true }));
  const gone = { kind: 'withdraw', gateway: name, prefix: PREFIX4 } as const;
  const withdrawn = await expectUpdate(lab, from, gone, BACK_WITHIN_MS, signal);
  stage.note({ withdraw_ms: Math.round(withdrawn.at - at) });
  return noteMoved(stage, at);
}

/** The first gateway is away, and all clients are at the second one. */
async function failOver(stage: Stage): Promise<void> {
  await stopCharon(stage);
  await untilCalm(stage, (await untilMoved(stage)) + NOTICED_MS, stage.signal);
}

async function failBack(stage: Stage): Promise<number> {
  const { lab, first, signal } = stage;
  const { name } = first.plan;
  const at = lab.timeline.act(`starts ${name}'s charon again`);
  await first.startCharon(signal);
  const back = await expectRouteTo(lab, PREFIX4, name, BACK_WITHIN_MS, signal);
  stage.note({ route_moved_ms: Math.round(back.at - at) });
  return back.at;
}

/** As the drop-in for strongSwan's unit does it, with its very commands. */
async function restart(stage: Stage): Promise<number> {
  const { lab, first, signal } = stage;
  const { name } = first.plan;
  const at = lab.timeline.act(`drain of ${name}, restart of its charon, undrain`);
  const commands = dropInCommands(readFileSync(DROP_IN, 'utf8'));
  const rate = ['--rate', String(stage.rate ?? REDIRECTS_PER_SECOND)];
  await first.swancast([...commands.stop, ...rate], signal);
  const drainedAt = monotonic();
  await stopCharon(stage);
  await first.startCharon(signal);
  lab.timeline.act(`undrain of ${name}`);
  await first.swancast(commands.started, signal);
  const back = await expectRouteTo(lab, PREFIX4, name, BACK_WITHIN_MS, signal);
  stage.note({ drain_ms: Math.round(drainedAt - at), route_back_ms: Math.round(back.at - at) });
  return back.at;
}

const TERMINATED: readonly Bound[] = [
  { metric: 'client_gap_ms', of: 'p50', atMost: 150 },
  { metric: 'client_gap_ms', of: 'p99', atMost: 1000 },
];

export const MOVES: readonly SessionExercise[] = [
  {
    name: 'drain-redirect',
    variant: 'pinned',
    shows: 'drain, addresses by identity, sessions on the unicast address',
    setup: { addresses: 'identity', pinned: true },
    act: redirectAll,
    bounds: [{ metric: 'lost', of: 'max', atMost: 1 }],
    keepsSession: true,
  },
  {
    name: 'drain-redirect',
    variant: 'on anycast',
    shows: 'drain, addresses by identity, sessions on the anycast address',
    setup: { addresses: 'identity' },
    act: redirectAll,
    bounds: [{ metric: 'client_gap_ms', of: 'max', atMost: 20 }],
    keepsSession: true,
  },
  {
    name: 'drain-terminate',
    variant: 'on anycast',
    shows: 'drain, each gateway has addresses of its own',
    setup: { addresses: 'pool' },
    act: drain,
    bounds: TERMINATED,
  },
  {
    name: 'drain-terminate',
    variant: 'pinned first',
    shows: 'the same with `pin_first`, so that nobody waits for its turn in silence',
    setup: { addresses: 'pool', pinFirst: true },
    act: drain,
    bounds: TERMINATED,
  },
  {
    name: 'fail-back',
    variant: 'with sweep',
    shows: 'the first choice comes back, and the route with it',
    setup: { addresses: 'identity', sweep: true },
    arrange: failOver,
    act: failBack,
    bounds: [{ metric: 'client_gap_ms', of: 'max', atMost: 1000 }],
  },
  {
    name: 'fail-back',
    variant: 'without sweep',
    shows: 'the same, and clients are left to their own clocks',
    setup: { addresses: 'identity' },
    arrange: failOver,
    act: failBack,
  },
  {
    name: 'strongswan-restart',
    variant: '',
    shows: 'drain, restart of strongSwan, undrain, as the drop-in for its unit does it',
    setup: { addresses: 'identity' },
    act: restart,
  },
  {
    name: 'evacuate',
    variant: 'on anycast',
    shows: 'a required check fails while charon lives',
    setup: { addresses: 'identity', flag: true },
    act: evacuate,
    bounds: [{ metric: 'client_gap_ms', of: 'max', atMost: 300 }],
  },
  {
    name: 'evacuate',
    variant: 'pinned',
    shows: 'the same, sessions on the unicast address',
    setup: { addresses: 'identity', flag: true, pinned: true },
    act: evacuate,
    noticedMs: 8000,
    bounds: [{ metric: 'client_gap_ms', of: 'max', atMost: 300 }],
  },
];
