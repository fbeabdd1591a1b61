/** charon itself: dead, frozen, without configuration, not to be heard; its workers held up. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { section } from '../../../health/vici/message.ts';
import type { Lab } from '../lab.ts';
import { runCommand } from '../run-command.ts';
import { startDeadRadius } from '../radius.ts';
import { EAP_CLIENTS } from '../strongswan-conf.ts';
import { ANYCAST4, ANYCAST6, PREFIX4, PREFIX6 } from '../topology.ts';
import { withVici } from '../vici-command.ts';
import type { Stage, Trial } from './trial.ts';

const SHORT = { seenWithinMs: 20_000, recoveredWithinMs: 30_000 } as const;

const LIFE: readonly Trial[] = [
  {
    check: 'charon',
    cause: 'charon killed',
    setting: 'crowd',
    reason: 'charon-gone',
    decision: 'withdrawn',
    ...SHORT,
    strike: async ({ gateway }) => gateway.charon.kill().gone,
    mend: async ({ gateway, signal }) => gateway.startCharon(signal),
  },
  {
    check: 'charon',
    cause: 'charon frozen',
    setting: 'crowd',
    reason: 'vici-silent',
    decision: 'withdrawn',
    ...SHORT,
    strike: async ({ gateway }) => freeze(gateway, 'SIGSTOP'),
    mend: async ({ gateway }) => freeze(gateway, 'SIGCONT'),
  },
  {
    check: 'charon',
    cause: 'connections unloaded',
    setting: 'crowd',
    reason: 'no-connections',
    decision: 'withdrawn',
    ...SHORT,
    strike: async ({ gateway, signal }) =>
      withVici(gateway.charon.viciSocket, signal, async (command) => {
        const { conns } = await command('get-conns');
        const names = Array.isArray(conns) ? conns.map(String) : [];
        for (const name of names) await command('unload-conn', Object.assign(section(), { name }));
      }),
    mend: async ({ gateway, signal }) => gateway.charon.load(signal),
  },
  {
    check: 'ike-v4',
    cause: 'packet filter drops UDP 500 and 4500 of IPv4',
    setting: 'crowd',
    reason: 'ike-silent',
    decision: 'degraded',
    prefixes: [PREFIX4],
    ...SHORT,
    strike: async (stage) => {
      stage.defer(() => unfiltered(stage));
      const rule = `ip daddr ${ANYCAST4} iif lo udp dport { 500, 4500 } drop`;
      const input = `add table inet trial
add chain inet trial input { type filter hook input priority 0; }
add rule inet trial input ${rule}
`;
      await runCommand(nft(stage, '-f', '-'), stage.signal, { input });
    },
    mend: unfiltered,
  },
  {
    check: 'ike-v6',
    cause: 'IPv6 anycast address removed',
    setting: 'crowd',
    reason: 'address-missing',
    decision: 'withdrawn',
    prefixes: [PREFIX6],
    ...SHORT,
    strike: async ({ gateway, signal }) =>
      void (await runCommand(
        ['ip', '-n', gateway.plan.namespace, 'addr', 'del', `${ANYCAST6}/128`, 'dev', 'lo'],
        signal,
      )),
    mend: async ({ gateway, signal }) =>
      void (await runCommand(
        ['ip', '-n', gateway.plan.namespace, 'addr', 'add', `${ANYCAST6}/128`, 'dev', 'lo', 'nodad'],
        signal,
      )),
  },
];

const WORKERS: readonly Trial[] = [
  {
    check: 'workers',
    cause: 'RADIUS server that never answers, with priority_threads',
    setting: 'stress',
    checks: () => [{ name: 'workers', type: 'workers', limits: { stuck_seconds: 5, restart_seconds: 0 } }],
    reason: 'jobs-stuck',
    decision: 'degraded',
    seenWithinMs: 60_000,
    recoveredWithinMs: 180_000,
    arrange: priorityThreads,
    strike: deadRadius,
    mend: livelyRadius,
  },
  {
    check: 'auth',
    cause: 'RADIUS server that never answers: logins stay half-open',
    setting: 'stress',
    checks: () => [
      {
        name: 'auth',
        type: 'auth',
        interval_seconds: 1,
        limits: { window_seconds: 20, stuck_seconds: 6 },
      },
    ],
    reason: 'logins-stuck',
    decision: 'degraded',
    seenWithinMs: 60_000,
    recoveredWithinMs: 180_000,
    arrange: priorityThreads,
    strike: deadRadius,
    mend: livelyRadius,
  },
];

export const CHARON_TRIALS: readonly Trial[] = [...LIFE, ...WORKERS];

async function freeze(gateway: Stage['gateway'], signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  gateway.signal(gateway.part('charon'), signal);
  return Promise.resolve();
}

const nft = ({ gateway }: Stage, ...words: readonly string[]): readonly [string, ...string[]] => [
  'ip',
  ...['netns', 'exec', gateway.plan.namespace, 'nft', ...words],
];

async function unfiltered(stage: Stage): Promise<void> {
  const signal = AbortSignal.timeout(5000);
  await runCommand(nft(stage, 'add', 'table', 'inet', 'trial'), signal);
  await runCommand(nft(stage, 'delete', 'table', 'inet', 'trial'), signal);
}

/** Keeps VICI answering while the other workers are held up. Each gateway gets a new charon, if it has not yet. */
async function priorityThreads(lab: Lab, signal: AbortSignal): Promise<void> {
  for (const plan of lab.topology.gateways) {
    const file = join(lab.directory, plan.name, 'strongswan.conf');
    const text = readFileSync(file, 'utf8');
    if (text.includes('priority_threads')) continue;
    // Five of medium priority are at work all the time with kernel-libipsec, and none of those is reserved.
    const threads = '  threads = 24\n  processor { priority_threads { high = 1 \n medium = 9 } }\n';
    writeFileSync(
      file,
      text.replace('charon-systemd {\n', (head) => `${head}${threads}`),
    );
    const gateway = lab.gateway(plan);
    const from = lab.timeline.events.length;
    await gateway.charon.kill().gone;
    await gateway.startCharon(signal);
    await lab.timeline.expect(
      {
        what: `${plan.name} announces ${PREFIX4} again`,
        withinMs: 30_000,
        find: (events) =>
          events
            .slice(from)
            .find(
              (event) => event.kind === 'announce' && event.gateway === plan.name && event.prefix === PREFIX4,
            ),
      },
      signal,
    );
  }
}

/** All clients that need it ask for it at once. */
async function deadRadius(stage: Stage): Promise<void> {
  const { lab, gateway, signal, defer } = stage;
  const server = await startDeadRadius(lab.processes, lab.topology, gateway.plan, signal);
  defer(async () => server.end('SIGKILL'));
  await eapClients(stage, 'initiate', { child: 'services', timeout: '-1' });
}

/** Those who asked give up; what the workers hold for them ends by itself, try by try. */
async function livelyRadius(stage: Stage): Promise<void> {
  await eapClients(stage, 'terminate', { timeout: '-1', force: 'yes' });
}

async function eapClients(
  { lab, signal }: Stage,
  name: string,
  args: Readonly<Record<string, string>>,
): Promise<void> {
  await withVici(lab.clients.charon.viciSocket, signal, async (command) => {
    for (let client = 1; client <= EAP_CLIENTS; client += 1) {
      const ike = `eap${String(client)}`;
      await command(name, Object.assign(section(), { ike, ...args })).catch(() => undefined);
    }
  });
}
