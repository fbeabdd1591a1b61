/** Fleet members that answer garbage, or not at all: they count as not there, and nothing waits for them. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Status } from '../../../sidecar/status.ts';
import { servingGateway } from '../fib.ts';
import { LabError } from '../lab-error.ts';
import { round } from '../report.ts';
import { untilStatus } from '../status-watch.ts';
import { expectClientsBack, expectSteady } from '../steady.ts';
import { PREFIX4, PREFIX6 } from '../topology.ts';
import { BAD_MEMBERS } from './bad-members.ts';
import { flag, gatewayOf, killCharon, startCharon } from './acts.ts';
import { fleetOf, writeTokens } from './fleet-site.ts';
import { configOf, flagCheck } from './site-config.ts';
import type { RoutingSite, RoutingTrial, Stage } from './trial.ts';
import { expectRouteTo, expectUpdate } from './watch.ts';

/** On the first router, which both gateways reach. */
const ADDRESS = '10.1.1.1';
const FIRST_PORT = 9201;
/** One more than there are: nobody listens on the last one's port. */
const MEMBERS = [...BAD_MEMBERS, 'absent'].map((name, index) => ({
  name,
  url: `http://${ADDRESS}:${FIRST_PORT + index}`,
}));

const WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 30_000;
/** Well above what it takes without any of them, and well below one time-out after the other. */
const GONE_BOUND_MS = 500;
const DEGRADED_BOUND_MS = 2000;
/** Of the sidecar, with the members that send without end. */
const MEMORY_BOUND_MB = 300;

const SITE: RoutingSite = {
  label: 'a fleet with members of the worst kind',
  clients: 1,
  sidecar: (gateway, paths, settings) =>
    configOf(gateway, paths, settings, {
      checks: [flagCheck(paths, 'flag', 'impaired')],
      ...fleetOf(gateway, paths, ['gw1', 'gw2'], MEMBERS),
    }),
  extra: async (ground, signal) => {
    writeTokens(ground);
    const daemon = ground.processes.start({
      name: 'router-bad-members',
      namespace: ground.topology.namespaces.router,
      argv: [
        process.execPath,
        fileURLToPath(new URL('bad-member.ts', import.meta.url)),
        ADDRESS,
        String(FIRST_PORT),
      ],
      stdout: 'pipe',
    });
    if (daemon.child.stdout !== null) await once(daemon.child.stdout, 'data', { signal });
    daemon.child.stdout?.destroy();
  },
};

/** The members as the status shows them, as far as this trial looks. */
interface Shown {
  readonly fleet?: {
    readonly members: readonly { readonly name: string; readonly here: boolean; readonly problem?: string }[];
  };
}

async function ignored(stage: Stage): Promise<void> {
  const { lab, signal, note } = stage;
  const serving = await servingGateway(lab.topology, signal);
  const { name } = serving;
  const gateway = gatewayOf(stage, name);
  const shown = (status: Status): readonly string[] => {
    const members = (status as Shown).fleet?.members ?? [];
    return members.filter(({ here, problem }) => !here && problem !== undefined).map((each) => each.name);
  };
  await untilStatus(
    ...([gateway, 'every bad member is shown with what is wrong', WITHIN_MS] as const),
    (status) => MEMBERS.every((member) => shown(status).includes(member.name)),
    signal,
  );

  // Impaired: the other gateway is better off, whatever the rest of the fleet says.
  const from = lab.timeline.events.length;
  const struckAt = flag(stage, serving, 'flag', true);
  const worse = { kind: 'announce', gateway: name, prefix: PREFIX4, detail: /^MED 1000\b/u } as const;
  const degraded = await expectUpdate(lab, from, worse, WITHIN_MS, signal);
  note({ degraded_ms: round(degraded.at - struckAt) });
  assertWithin('degraded', degraded.at - struckAt, DEGRADED_BOUND_MS);
  await expectClientsBack(lab, from, signal);
  const mended = lab.timeline.events.length;
  flag(stage, serving, 'flag', false);
  const better = { ...worse, detail: /^MED 100\b/u };
  await expectUpdate(lab, mended, better, BACK_WITHIN_MS, signal);

  // Gone: nobody is asked.
  const active = await servingGateway(lab.topology, signal);
  const index = lab.timeline.events.length;
  const killedAt = await killCharon(stage, active.name);
  const told = await Promise.all(
    [PREFIX4, PREFIX6].map(async (prefix) =>
      expectUpdate(lab, index, { kind: 'withdraw', gateway: active.name, prefix }, WITHIN_MS, signal),
    ),
  );
  const withdrawMs = Math.max(...told.map(({ at }) => at)) - killedAt;
  note({ withdraw_ms: round(withdrawMs) });
  assertWithin('withdrawn', withdrawMs, GONE_BOUND_MS);
  await expectRouteTo(lab, PREFIX4, active.name === 'gw1' ? 'gw2' : 'gw1', WITHIN_MS, signal);
  await startCharon(stage, active.name);
  await expectSteady(lab, signal);
  const memory = residentMegabytes(gateway.part('sidecar').pid);
  note({ sidecar_mb: memory });
  assertWithin('memory of the sidecar in MB', memory, MEMORY_BOUND_MB);
}

function assertWithin(what: string, seen: number, bound: number): void {
  if (seen <= bound) return;
  throw new LabError('LAB_DEADLINE', `${what}: expected at most ${bound}, seen ${round(seen)}`);
}

/** VmRSS of proc(5). */
function residentMegabytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib ?? NaN) / 1024);
}

export const MEMBER_TRIALS: readonly RoutingTrial[] = [
  {
    name: 'members-bad',
    shows:
      'fleet members that answer garbage, without end, slowly or not at all: shown, and nothing waits for them',
    site: SITE,
    run: ignored,
  },
];
