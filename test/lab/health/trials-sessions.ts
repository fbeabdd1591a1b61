/** What clients hold: their number, their ends, their logins, their addresses, the certificate they are shown. */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CanarySite } from './canary-site.ts';
import { issue } from './certificate.ts';
import { comeBack, gather, leave } from './crowd.ts';
import { section } from '../../../health/vici/message.ts';
import { ANYCAST4, ANYCAST6, SERVICE_IDENTITY } from '../topology.ts';
import { withVici } from '../vici-command.ts';
import type { Stage, Trial } from './trial.ts';

export const SESSION_TRIALS: readonly Trial[] = [
  {
    check: 'sa-count',
    cause: 'all clients but one log out at once',
    setting: 'crowd',
    checks: () => [
      { name: 'sa-count', type: 'sa-count', limits: { collapse_floor: 10, collapse_window_seconds: 6 } },
    ],
    reason: 'sa-collapse',
    decision: 'degraded',
    seenWithinMs: 20_000,
    recoveredWithinMs: 60_000,
    prepare: gather,
    strike: leave,
    mend: comeBack,
  },
  {
    check: 'sa-loss',
    cause: 'all clients killed, without a DELETE',
    setting: 'crowd',
    checks: () => [{ name: 'sa-loss', type: 'sa-loss', interval_seconds: 1, limits: { window_seconds: 12 } }],
    reason: 'sas-lost',
    decision: 'degraded',
    seenWithinMs: 60_000,
    recoveredWithinMs: 90_000,
    prepare: gather,
    strike: async ({ lab }) => lab.clients.charon.kill().gone,
    mend: async ({ lab, signal }) => {
      await lab.clients.charon.start(signal);
      await lab.clients.charon.load(signal);
    },
  },
  {
    check: 'auth',
    cause: "the clients' certification authority is not loaded: they are turned away",
    setting: 'crowd',
    checks: () => [
      {
        name: 'auth',
        type: 'auth',
        interval_seconds: 1,
        // All clients of the lab come from one address.
        limits: { window_seconds: 6, clients_minimum: 1 },
      },
    ],
    reason: 'logins-failing',
    decision: 'degraded',
    seenWithinMs: 30_000,
    recoveredWithinMs: 60_000,
    prepare: gather,
    strike: async (stage) => {
      stage.defer(() => trust(stage));
      rmSync(authority(stage));
      await reloadCredentials(stage);
      await leave(stage);
      await comeBack(stage);
    },
    mend: async (stage) => {
      trust(stage);
      await reloadCredentials(stage);
      // Those who were turned away do not try again by themselves.
      await comeBack(stage);
    },
  },
  {
    check: 'rekey',
    cause: 'the gateway wants perfect forward secrecy for rekeyed CHILD_SAs, the clients do not',
    setting: 'crowd',
    checks: () => [
      {
        name: 'rekey',
        type: 'rekey',
        interval_seconds: 1,
        fast_interval_seconds: 1,
        timeout_seconds: 1,
        limits: { overdue_seconds: 4, list_interval_seconds: 1, window_seconds: 6 },
      },
    ],
    reason: 'rekeys-overdue',
    decision: 'degraded',
    seenWithinMs: 60_000,
    recoveredWithinMs: 90_000,
    prepare: gather,
    strike: async (stage) =>
      proposals(
        stage,
        'aes256-sha256-x25519\n        rekey_time = 5s\n        rand_time = 0s\n        life_time = 1h',
      ),
    mend: async (stage) => proposals(stage, 'aes256-sha256'),
  },
  {
    check: 'certificates',
    cause: "the gateway's certificate expired",
    setting: 'crowd',
    checks: () => [
      {
        name: 'certificates',
        type: 'certificates',
        interval_seconds: 1,
        fast_interval_seconds: 1,
        timeout_seconds: 1,
      },
    ],
    reason: 'certificate-expired',
    decision: 'degraded',
    seenWithinMs: 20_000,
    recoveredWithinMs: 30_000,
    strike: expireCertificate,
    mend: renewCertificate,
  },
  poolTrial(),
];

function poolTrial(): Trial {
  let site: CanarySite | undefined;
  return {
    check: 'pool',
    cause: 'the last address of a pool given away',
    setting: 'crowd',
    checks: () => [
      {
        name: 'pool',
        type: 'pool',
        interval_seconds: 1,
        fast_interval_seconds: 1,
        limits: { pools: ['canary'] },
      },
    ],
    reason: 'pool-exhausted',
    decision: 'degraded',
    seenWithinMs: 20_000,
    recoveredWithinMs: 30_000,
    prepare: async (stage) => {
      site = await CanarySite.raise(stage);
    },
    strike: async () => site?.hold(),
    mend: async () => site?.release(),
  };
}

/** Of the gateway's CHILD_SAs. What is up keeps what it has: so all but the first client log in again. */
async function proposals(stage: Stage, text: string): Promise<void> {
  const { gateway, signal } = stage;
  const conf = gateway.swanctlConf({});
  stage.defer(() => gateway.charon.writeConf(conf));
  gateway.charon.writeConf(conf.replace(/esp_proposals = .*/u, `esp_proposals = ${text}`));
  await gateway.charon.load(signal);
  await leave(stage);
  await comeBack(stage);
}

const swanctl = ({ lab, gateway }: Stage): string => join(lab.directory, gateway.plan.name, 'swanctl');

const authority = (stage: Stage): string => join(swanctl(stage), 'x509ca', 'ca.pem');

const trust = (stage: Stage): void =>
  copyFileSync(join(stage.lab.directory, 'pki', 'ca.crt.pem'), authority(stage));

/** charon forgets what it had: `load` alone would add to it. */
export async function reloadCredentials({ gateway, signal }: Stage): Promise<void> {
  await withVici(gateway.charon.viciSocket, signal, async (command) => {
    await command('clear-creds', section());
  });
  await gateway.charon.load(signal);
}

/**
 * The same names, but over since yesterday. With a key of its own: a client that has seen the valid one keeps it, and
 * would find the signature good by it.
 */
export async function expireCertificate(stage: Stage): Promise<void> {
  stage.defer(() => put(stage, stage.gateway.plan.name));
  await issue(stage, {
    name: 'expired',
    names: [SERVICE_IDENTITY, ANYCAST4, ANYCAST6],
    flags: ['--flag', 'serverAuth'],
    expired: true,
  });
  put(stage, 'expired');
  await reloadCredentials(stage);
}

export async function renewCertificate(stage: Stage): Promise<void> {
  put(stage, stage.gateway.plan.name);
  await reloadCredentials(stage);
}

/** Key and certificate of that name become the gateway's. */
function put(stage: Stage, name: string): void {
  const from = join(stage.lab.directory, 'pki');
  copyFileSync(join(from, `${name}.key.pem`), join(swanctl(stage), 'private', 'gateway.pem'));
  copyFileSync(join(from, `${name}.crt.pem`), join(swanctl(stage), 'x509', 'gateway.pem'));
}
