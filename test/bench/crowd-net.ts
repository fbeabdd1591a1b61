/**
 * Two real charons with as many IKE_SAs between them as are asked for, each with its CHILD_SA:
 *
 *     clients 10.1.1.1 ──veth── 10.1.1.2 gateway     lo: 192.0.2.1/32 (IKE), 10.10.0.1/32 (behind the tunnels)
 *     lo: 10.20.0.1/32
 *
 * One charon is all clients: with reuse_ikesa = no every `initiate` makes another IKE_SA of the one connection.
 * CHILD_SAs are installed in kernel-libipsec, so that no kernel with ESP is needed; their selectors are all the
 * same, and nothing is sent through them.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readStats } from '../../health/strongswan.ts';
import { openReader, section, type Message } from '../../health/vici/index.ts';
import { costOf } from '../lab/process-cost.ts';
import { runCommand } from '../lab/run-command.ts';
import { withVici } from '../lab/vici-command.ts';

export const IKE_ADDRESS = '192.0.2.1';

const CHARON = '/usr/sbin/charon-systemd';
const SWANCTL = '/usr/sbin/swanctl';
const BATCH = 100;
const NOBLOCK = Object.assign(section(), { noblock: 'yes' });
const NEVER = new AbortController().signal;

/** Why this cannot run here; undefined when it can. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root (network namespaces)';
  return [CHARON, SWANCTL, '/dev/net/tun'].find((tool) => !existsSync(tool));
}

export class CrowdNet {
  readonly namespace: string;
  readonly viciSocket: string;
  readonly #clients: string;
  readonly #directory: string;
  readonly #charons: ChildProcess[] = [];

  constructor(directory: string) {
    this.#directory = directory;
    this.namespace = `swb${process.pid}-gw`;
    this.#clients = `swb${process.pid}-cl`;
    this.viciSocket = join(directory, 'gateway.vici');
  }

  /** Namespaces, both charons, their connections. Whoever calls this must call close(), whatever came of it. */
  async start(): Promise<void> {
    const [gateway, clients] = [this.namespace, this.#clients];
    await ip('netns', 'add', gateway);
    await ip('netns', 'add', clients);
    await ip(
      '-n',
      gateway,
      'link',
      'add',
      'veth0',
      'type',
      'veth',
      'peer',
      'name',
      'veth0',
      'netns',
      clients,
    );
    await addresses(gateway, { lo: [`${IKE_ADDRESS}/32`, '10.10.0.1/32'], veth0: ['10.1.1.2/24'] });
    await addresses(clients, { lo: ['10.20.0.1/32'], veth0: ['10.1.1.1/24'] });
    await ip('-n', clients, 'route', 'add', 'default', 'via', '10.1.1.2');
    await this.#startCharon(gateway, 'gateway', GATEWAY);
    await this.#startCharon(clients, 'clients', CLIENTS);
  }

  /** Brings up so many IKE_SAs, or as many as there are in time; resolves with their number on the gateway. */
  async connect(wanted: number, deadlineMs: number): Promise<number> {
    const until = performance.now() + deadlineMs;
    const initiate = Object.assign(section(), { child: 'net', ike: 'clients', timeout: '-1' });
    let established = 0;
    await withVici(join(this.#directory, 'clients.vici'), NEVER, async (command) => {
      while (established < wanted && performance.now() < until) {
        for (let n = Math.min(BATCH, wanted - established); n > 0; n -= 1)
          await command('initiate', initiate);
        while (readStats(await command('stats')).ikeSas.halfOpen > 0) await delay(10);
        established = await this.#established();
      }
    });
    return established;
  }

  /** CHILD_SAs that are installed, as the gateway lists them. */
  async childSas(): Promise<number> {
    const list = await runCommand([SWANCTL, '--list-sas', '--uri', `unix://${this.viciSocket}`], NEVER);
    return list.split(' INSTALLED,').length - 1;
  }

  /** Processor seconds of the gateway's charon since it started. */
  charonCpuSeconds(): number {
    const pid = this.#charons[0]?.pid;
    if (pid === undefined) throw new Error('charon was never started');
    return costOf({ pid }).cpuSeconds;
  }

  /** How long one listing of all takes, milliseconds. */
  async listingMs(): Promise<number> {
    const client = await openReader(this.viciSocket, { onlyCommands: true });
    try {
      const begun = performance.now();
      const call = { deadlineMs: 30_000 };
      for await (const _ of client.stream('list-sas', 'list-sa', NOBLOCK, call));
      return performance.now() - begun;
    } finally {
      client.close();
    }
  }

  async close(): Promise<void> {
    for (const charon of this.#charons) {
      if (charon.exitCode !== null || charon.signalCode !== null) continue;
      const exited = once(charon, 'exit');
      // `ip netns exec` becomes it by exec; thousands of DELETEs are not worth waiting for.
      charon.kill('SIGKILL');
      await exited;
    }
    for (const name of [this.namespace, this.#clients]) await ip('netns', 'del', name).catch(() => undefined);
  }

  async #established(): Promise<number> {
    let answer: Message = section();
    await withVici(this.viciSocket, NEVER, async (command) => {
      answer = await command('stats');
    });
    const { total, halfOpen } = readStats(answer).ikeSas;
    return total - halfOpen;
  }

  async #startCharon(namespace: string, name: string, swanctlConf: string): Promise<void> {
    const file = (suffix: string): string => join(this.#directory, `${name}.${suffix}`);
    const socket = file('vici');
    writeFileSync(file('strongswan.conf'), strongswanConf(socket, file('log')));
    writeFileSync(file('swanctl.conf'), swanctlConf);
    this.#charons.push(
      spawn('ip', ['netns', 'exec', namespace, CHARON], {
        env: { ...process.env, STRONGSWAN_CONF: file('strongswan.conf') },
        stdio: 'ignore',
      }),
    );
    const load = [
      SWANCTL,
      '--load-all',
      '--noprompt',
      '--file',
      file('swanctl.conf'),
      '--uri',
      `unix://${socket}`,
    ] as const;
    for (let tries = 0; ; tries += 1) {
      try {
        await runCommand(load, NEVER);
        return;
      } catch (error) {
        if (tries === 100) throw error;
        await delay(50);
      }
    }
  }
}

const ip = (...words: string[]): Promise<string> => runCommand(['ip', ...words], NEVER);

/** Always with -n: a command that goes wrong must not touch the network of this machine. */
async function addresses(namespace: string, of: Readonly<Record<string, readonly string[]>>): Promise<void> {
  for (const [device, list] of Object.entries(of)) {
    for (const each of list) await ip('-n', namespace, 'addr', 'add', each, 'dev', device);
    await ip('-n', namespace, 'link', 'set', device, 'up');
  }
}

/** The hash table as health/README.md tells the operators of large gateways to have it. */
const strongswanConf = (viciSocket: string, log: string): string => `charon-systemd {
  load = aes sha1 sha2 hmac kdf gmp curve25519 pem pkcs1 pkcs8 nonce random drbg kernel-libipsec kernel-netlink socket-default vici counters
  ikesa_table_size = 4096
  ikesa_table_segments = 16
  dos_protection = no
  reuse_ikesa = no
  keep_alive = 0
  plugins { vici { socket = unix://${viciSocket} } }
  filelog { file {
    path = ${log}
    default = 0
  } }
}
`;

const connection = (ends: string, child: string): string => `connections { clients {
  version = 2
  proposals = aes128-sha256-x25519
  ${ends}
  unique = never
  mobike = no
  rekey_time = 0
  local { auth = psk }
  remote { auth = psk }
  children { net {
    ${child}
    rekey_time = 0
    esp_proposals = aes128-sha256
  } }
} }
secrets { ike-1 { secret = "only for this bench" } }
`;

const GATEWAY = connection(
  `local_addrs = ${IKE_ADDRESS}`,
  'local_ts = 10.10.0.0/24\n    remote_ts = 10.20.0.0/24',
);
const CLIENTS = connection(
  `remote_addrs = ${IKE_ADDRESS}`,
  'local_ts = 10.20.0.1/32\n    remote_ts = 10.10.0.0/24',
);
