/**
 * Three gateways that all fail alike: a dead backend, an expired certificate, a dead RADIUS server. Nobody is better
 * off than the others, so the prefixes stay; and the gateways do not chase each other, for as long as it is watched.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { section } from '../../../health/vici/message.ts';
import type { Status } from '../../../sidecar/status.ts';
import { monotonic } from '../clock.ts';
import type { Gateway } from '../gateway.ts';
import { SERVICE_HOST, startService } from '../health/service.ts';
import type { Stage as HealthStage } from '../health/trial.ts';
import { expireCertificate, renewCertificate } from '../health/trials-sessions.ts';
import { LabError } from '../lab-error.ts';
import type { Daemon } from '../processes.ts';
import { startDeadRadius } from '../radius.ts';
import { round } from '../report.ts';
import { untilStatus } from '../status-watch.ts';
import { expectAnnounced } from '../steady.ts';
import { answeredClients } from '../timeline.ts';
import { EAP_CLIENTS } from '../strongswan-conf.ts';
import { PREFIX4, PREFIX6 } from '../topology.ts';
import { withVici } from '../vici-command.ts';
import { killCharon, startCharon } from './acts.ts';
import { fleetOf, writeTokens } from './fleet-site.ts';
import { settled, states, unreachableMs } from './rest.ts';
import { configOf } from './site-config.ts';
import type { RoutingSite, RoutingTrial, Stage } from './trial.ts';
import { clientOutage, expectRouteTo, expectUpdate, updatesSince } from './watch.ts';

const PREFIXES = [PREFIX4, PREFIX6] as const;
const PORT = 8007;
const QUICK = { interval_seconds: 1, fast_interval_seconds: 0.5, timeout_seconds: 0.4 } as const;
const SEEN_WITHIN_MS = 60_000;
const MENDED_WITHIN_MS = 90_000;
/** charon dead: what a single gateway is granted (`lab crash`). */
const WITHDRAWN_WITHIN_MS = 5000;

let service: Daemon | undefined;

const SITE: RoutingSite = {
  label: 'three gateways that know each other',
  gateways: 3,
  clients: 1,
  radius: true,
  sidecar: (gateway, paths, settings) =>
    configOf(gateway, paths, settings, {
      decision: { hold_down_seconds: 1, hold_down_max_seconds: 10, flap_limit: 3, flap_hold_seconds: 600 },
      checks: [
        {
          ...{ name: 'backend', type: 'tunnel-path', ...QUICK },
          limits: { endpoints: [{ type: 'tcp', target: SERVICE_HOST, port: PORT }] },
        },
        { name: 'certificates', type: 'certificates', ...QUICK },
        {
          ...{ name: 'auth', type: 'auth', ...QUICK },
          // All clients of the lab come from one address, and there are few.
          limits: {
            window_seconds: 6,
            clients_minimum: 1,
            failed_minimum: 3,
            stuck_seconds: 3,
            stuck_minimum: 3,
          },
        },
      ],
      ...fleetOf(gateway, paths, ['gw1', 'gw2', 'gw3']),
    }),
  extra: async (ground, signal) => {
    writeTokens(ground);
    service = await startService({ lab: ground, signal, defer: () => undefined }, 'tcp', PORT);
  },
};

const gatewaysOf = ({ lab }: Stage): Gateway[] => lab.topology.gateways.map((plan) => lab.gateway(plan));

/** What the trials of `lab health` want to know of a gateway. */
const healthStage = ({ lab, signal, defer }: Stage, gateway: Gateway): HealthStage => ({
  ...{ lab, signal, defer, gateway },
});

interface Failure {
  /** The check that fails, everywhere or where the clients are. */
  readonly check: string;
  /** Whether every gateway sees it by itself, or only the one that has the clients. */
  readonly seenBy: 'all' | 'serving';
  readonly strike: (stage: Stage) => Promise<void>;
  readonly mend: (stage: Stage) => Promise<void>;
}

/** Struck, settled, watched, mended. */
async function shared(stage: Stage, { check, seenBy, strike, mend }: Failure): Promise<void> {
  const { lab, signal, note, seconds } = stage;
  const since = monotonic();
  const from = lab.timeline.events.length;
  const struckAt = lab.timeline.act(`${check} fails on all gateways`);
  await strike(stage);
  const fails = (status: Status): boolean =>
    status.checks.some(({ name, verdict, up }) => name === check && verdict === 'fail' && !up);
  const looks = gatewaysOf(stage).map(async (gateway) =>
    untilStatus(gateway, `check ${check} is down`, SEEN_WITHIN_MS, fails, signal, struckAt),
  );
  const seen = seenBy === 'all' ? await Promise.all(looks) : [await Promise.any(looks)];
  note({ seen_ms: round(Math.max(...seen) - struckAt) });
  const settledAt = await settled(stage, from);
  const index = lab.timeline.events.length;
  note({
    settled_ms: round(settledAt - struckAt),
    updates_until_settled: updatesSince(lab, from).length,
    states: (await states(stage)).join(' '),
  });
  await delay(seconds * 1000, undefined, { signal });
  const after = updatesSince(lab, index);
  note({ watched_seconds: seconds, updates_after: after.length });
  const unreachable = unreachableMs(stage, from);
  note({ unreachable_ms: round(unreachable), ...(await clientOutage(lab, since, signal)) });
  if (unreachable > 0)
    throw new LabError(
      'LAB_DEADLINE',
      `expected: both prefixes stay reachable; one was not for ${unreachable.toFixed(1)} ms`,
    );
  if (after.length > 0)
    throw new LabError(
      'LAB_DEADLINE',
      `expected for ${seconds} s: no UPDATE; there were ${after.length}: ${after.map(({ gateway, kind, prefix }) => `${gateway} ${kind}s ${prefix}`).join(', ')}`,
    );

  const mendedAt = lab.timeline.act(`${check} is mended`);
  await mend(stage);
  const isWell = (status: Status): boolean =>
    status.prefixes.every(({ state, acknowledged }) => state === 'announced' && acknowledged);
  await releaseHeld(stage, mendedAt);
  const well = await Promise.all(
    gatewaysOf(stage).map(async (gateway) =>
      untilStatus(gateway, 'all is announced again', MENDED_WITHIN_MS, isWell, signal, mendedAt),
    ),
  );
  note({ recovered_ms: round(Math.max(...well) - mendedAt) });
  await logInAgain(stage);
  await expectAnnounced(lab, signal);
}

/** What went to and fro while it failed is held degraded for long: whoever mended the failure releases it. */
async function releaseHeld(stage: Stage, mendedAt: number): Promise<void> {
  const { signal, note } = stage;
  const held = await Promise.all(
    gatewaysOf(stage).map(async (gateway) => {
      let isHeld = false;
      const passes = (status: Status): boolean => {
        isHeld = status.prefixes.some((prefix) => prefix.flap_hold_seconds > 0);
        return status.prefixes.every(({ verdict }) => verdict === null || verdict === 'advisory');
      };
      await untilStatus(gateway, 'its checks pass', MENDED_WITHIN_MS, passes, signal, mendedAt);
      if (isHeld) await gateway.swancast(['release'], signal);
      return isHeld ? [gateway.plan.name] : [];
    }),
  );
  if (held.flat().length > 0) note({ released: held.flat().join(' ') });
}

/** A client that was moved and then turned away (or refused an expired certificate) does not try again by itself. */
async function logInAgain({ lab, signal }: Stage): Promise<void> {
  if (answeredClients(lab.timeline.events, lab.talkers).every(Boolean)) return;
  await withVici(lab.clients.charon.viciSocket, signal, async (command) => {
    for (let client = 1; client <= lab.talkers; client += 1) {
      const name = { ike: `client${client}` };
      // It may have none to end.
      await command('terminate', Object.assign(section(), { ...name, timeout: '1000', force: 'yes' })).catch(
        () => undefined,
      );
      const again = { ...name, child: 'services', timeout: '-1' };
      await command('initiate', Object.assign(section(), again));
    }
  });
}

/** All at once, again and again: some are stuck at any time. */
async function askForEap(stage: Stage): Promise<void> {
  const { lab, signal, defer } = stage;
  let asking = true;
  const ask = async (name: string, args: Readonly<Record<string, string>>): Promise<void> =>
    withVici(lab.clients.charon.viciSocket, signal, async (command) => {
      for (let client = 1; client <= EAP_CLIENTS / 3; client += 1)
        await command(name, Object.assign(section(), { ike: `eap${client}`, ...args })).catch(
          () => undefined,
        );
    });
  const loop = (async () => {
    while (asking) {
      await ask('initiate', { child: 'services', timeout: '-1' });
      await delay(1000, undefined, { signal });
    }
    await ask('terminate', { timeout: '-1', force: 'yes' });
  })().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  stopAsking = async () => {
    asking = false;
    await loop;
  };
  defer(stopAsking);
  return Promise.resolve();
}

let stopAsking = async (): Promise<void> => Promise.resolve();

const FAILURES: readonly (Failure & { readonly name: string; readonly shows: string })[] = [
  {
    name: 'shared-backend',
    shows: 'what is behind all three gateways dies: the prefixes stay, and nobody oscillates',
    check: 'backend',
    seenBy: 'all',
    strike: async () => service?.end('SIGKILL'),
    mend: async (stage) => {
      const [gateway] = gatewaysOf(stage);
      if (gateway === undefined) return;
      service = await startService({ ...healthStage(stage, gateway), defer: () => undefined }, 'tcp', PORT);
    },
  },
  {
    name: 'shared-certificate',
    shows: 'the certificates of all three gateways expire: the prefixes stay, and nobody oscillates',
    check: 'certificates',
    seenBy: 'all',
    strike: async (stage) => {
      for (const gateway of gatewaysOf(stage)) await expireCertificate(healthStage(stage, gateway));
    },
    mend: async (stage) => {
      for (const gateway of gatewaysOf(stage)) await renewCertificate(healthStage(stage, gateway));
    },
  },
  {
    name: 'shared-radius',
    shows: 'the RADIUS server of all three gateways is dead: the prefixes stay, and nobody oscillates',
    check: 'auth',
    seenBy: 'serving',
    strike: async (stage) => {
      const { lab, signal, defer } = stage;
      for (const plan of lab.topology.gateways) {
        const server = await startDeadRadius(lab.processes, lab.topology, plan, signal);
        defer(async () => server.end('SIGKILL'));
      }
      await askForEap(stage);
    },
    mend: async () => stopAsking(),
  },
];

/** charon of all three is killed: that is no failure to share. */
async function allDead(stage: Stage): Promise<void> {
  const { lab, signal, note } = stage;
  const from = lab.timeline.events.length;
  const killed = await Promise.all(
    lab.topology.gateways.map(async ({ name }) => [name, await killCharon(stage, name)] as const),
  );
  const took = await Promise.all(
    killed.flatMap(([gateway, at]) =>
      PREFIXES.map(async (prefix) => {
        const spec = { kind: 'withdraw', gateway, prefix } as const;
        return (await expectUpdate(lab, from, spec, WITHDRAWN_WITHIN_MS, signal)).at - at;
      }),
    ),
  );
  for (const prefix of PREFIXES) await expectRouteTo(lab, prefix, undefined, WITHDRAWN_WITHIN_MS, signal);
  note({ withdraw_ms: round(Math.max(...took)), bound_ms: WITHDRAWN_WITHIN_MS });
  for (const { name } of lab.topology.gateways) await startCharon(stage, name);
  await expectAnnounced(lab, signal);
}

export const SHARED_TRIALS: readonly RoutingTrial[] = [
  ...FAILURES.map(({ name, shows, ...failure }): RoutingTrial => ({
    ...{ name, shows, site: SITE },
    run: async (stage) => shared(stage, failure),
  })),
  {
    name: 'shared-charon',
    shows: 'charon dies on all three gateways: the prefixes are withdrawn everywhere',
    site: SITE,
    run: allDead,
  },
];
