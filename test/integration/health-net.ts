/**
 * A gateway and a client with real charons, each in a network namespace of its own:
 *
 *     client 10.1.1.1, fd00:1::1 ──veth── 10.1.1.2, fd00:1::2 gateway   lo: 192.0.2.1/32 2001:db8:53::1/128
 *            lo: 10.20.0.1/32 (behind a tunnel of the gateway's)            10.10.0.1/32 (behind the tunnel)
 *                                                                           198.51.100.0/24 (routed to itself)
 *
 * Names carry the process id, so that several runs do not meet. Ends only what it started.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ANYCAST_4 = '192.0.2.1';
export const ANYCAST_6 = '2001:db8:53::1';

const CHARON = '/usr/sbin/charon-systemd';
const SWANCTL = '/usr/sbin/swanctl';
const PLUGINS =
  'aes sha1 sha2 hmac kdf gmp curve25519 pem pkcs1 pkcs8 nonce random drbg kernel-libipsec kernel-netlink socket-default vici updown counters';

/** Why this cannot run here; undefined when it can. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root (network namespaces)';
  for (const tool of [CHARON, SWANCTL, '/dev/net/tun']) if (!existsSync(tool)) return `needs ${tool}`;
  try {
    ip('netns', 'list');
    return undefined;
  } catch {
    return 'needs iproute2 and network namespaces';
  }
}

/** Takes away what a run left that was killed itself: its namespaces carry the id of a process that is gone. */
function clearLeftovers(): void {
  for (const [namespace, pid] of ip('netns', 'list').matchAll(/^swh(\d+)-\w+/gm)) {
    if (existsSync(`/proc/${String(pid)}`)) continue;
    for (const left of ip('netns', 'pids', namespace).split('\n').filter(Boolean)) {
      process.kill(Number(left), 'SIGKILL');
    }
    ip('netns', 'del', namespace);
  }
}

const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8', stdio: 'pipe' });

export class HealthNet {
  readonly directory = mkdtempSync(join(tmpdir(), 'swancast-health-'));
  readonly gateway: Node;
  readonly client: Node;

  constructor() {
    const id = `swh${String(process.pid)}`;
    this.gateway = new Node(`${id}-gw`, this.directory, 'gateway');
    this.client = new Node(`${id}-cl`, this.directory, 'client');
    clearLeftovers();
    try {
      this.#wire();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #wire(): void {
    const [gateway, client] = [this.gateway.namespace, this.client.namespace];
    ip('netns', 'add', gateway);
    ip('netns', 'add', client);
    // Always with -n: a command that goes wrong must not touch the network of this machine.
    ip('-n', gateway, 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth0', 'netns', client);
    const address = (namespace: string, device: string, ...addresses: string[]): void => {
      for (const each of addresses) {
        ip('-n', namespace, 'addr', 'add', each, 'dev', device, ...(each.includes(':') ? ['nodad'] : []));
      }
      ip('-n', namespace, 'link', 'set', device, 'up');
    };
    address(gateway, 'lo', `${ANYCAST_4}/32`, `${ANYCAST_6}/128`, '10.10.0.1/32');
    address(client, 'lo', '10.20.0.1/32');
    ip('-n', gateway, 'route', 'add', 'local', '198.51.100.0/24', 'dev', 'lo');
    address(gateway, 'veth0', '10.1.1.2/24', 'fd00:1::2/64');
    address(client, 'veth0', '10.1.1.1/24', 'fd00:1::1/64');
    ip('-n', client, 'route', 'add', 'default', 'via', '10.1.1.2');
  }

  close(): void {
    for (const node of [this.gateway, this.client]) {
      node.kill('SIGKILL');
      try {
        ip('netns', 'del', node.namespace);
      } catch {
        // it was never made
      }
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** One namespace with one charon. */
export class Node {
  readonly namespace: string;
  readonly socket: string;
  /** Where swanctl finds the credentials of this node (x509/, x509ca/, private/). */
  readonly directory: string;
  readonly #directory: string;
  readonly #name: string;
  #charon: ChildProcess | undefined;

  constructor(namespace: string, directory: string, name: string) {
    this.namespace = namespace;
    this.#directory = directory;
    this.#name = name;
    this.directory = join(directory, name);
    this.socket = join(directory, `${name}.vici`);
  }

  /**
   * Starts charon, with further plugins and settings (lines of its section in strongswan.conf) if need be;
   * resolves once swanctl gets an answer from it.
   */
  async startCharon(plugins = '', settings = ''): Promise<void> {
    const conf = this.#file('strongswan.conf');
    writeFileSync(
      conf,
      `charon-systemd {
        load = ${PLUGINS} ${plugins}
        ${settings}
        filelog { log { path = ${this.#file('log')} \n default = 1 \n flush_line = yes } }
        plugins { vici { socket = unix://${this.socket} } }
      }
      pki { load = random drbg sha1 sha2 hmac curve25519 x509 pem pkcs1 pkcs8 pubkey nonce }\n`,
    );
    this.#charon = spawn('ip', ['netns', 'exec', this.namespace, CHARON], {
      env: { ...process.env, STRONGSWAN_CONF: conf },
      stdio: 'ignore',
    });
    const deadline = Date.now() + 10_000;
    while (!this.#answers()) {
      if (Date.now() > deadline) throw new Error(`charon of ${this.#name} does not answer`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Loads exactly these connections and secrets; '' unloads all. */
  load(conf: string, ...words: string[]): void {
    // With --file swanctl looks for credentials beside the file, whatever SWANCTL_DIR says.
    mkdirSync(this.directory, { recursive: true });
    const file = join(this.directory, 'swanctl.conf');
    writeFileSync(file, conf);
    this.swanctl('--load-all', '--noprompt', '--file', file, ...words);
  }

  swanctl(command: string, ...words: string[]): string {
    return execFileSync(SWANCTL, [command, '--uri', `unix://${this.socket}`, ...words], {
      encoding: 'utf8',
      stdio: 'pipe',
      timeout: 20_000,
    });
  }

  /** What charon has logged. */
  log(): string {
    return readFileSync(this.#file('log'), 'utf8');
  }

  /** One datagram from here, and no ear for the answer. */
  send(address: string, port: number, bytes: Buffer): void {
    const octal = [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
    // One printf, one write, one datagram.
    const script = `printf '${octal}' > /dev/udp/${address}/${String(port)}`;
    execFileSync('ip', ['netns', 'exec', this.namespace, 'bash', '-c', script]);
  }

  /** Signals charon itself (`ip netns exec` becomes it by exec). */
  kill(signal: NodeJS.Signals): void {
    if (this.#charon?.exitCode === null && this.#charon.signalCode === null) this.#charon.kill(signal);
  }

  /** Resolves once charon is gone. */
  async killed(): Promise<void> {
    const charon = this.#charon;
    if (charon === undefined || charon.exitCode !== null || charon.signalCode !== null) return;
    const gone = new Promise((resolve) => charon.once('exit', resolve));
    charon.kill('SIGKILL');
    await gone;
  }

  #answers(): boolean {
    try {
      this.swanctl('--stats');
      return true;
    } catch {
      return false;
    }
  }

  readonly #file = (suffix: string): string => join(this.#directory, `${this.#name}.${suffix}`);
}

export const GATEWAY_CONF = `connections {
  clients {
    version = 2
    local_addrs = ${ANYCAST_4}, ${ANYCAST_6}, 198.51.100.0/24
    local { auth = psk \n id = gateway.example }
    remote { auth = psk }
    pools = vips
    children { net { local_ts = 10.10.0.0/24 \n esp_proposals = aes128-sha256 } }
  }
}
pools { vips { addrs = 10.3.1.0/24 } }
secrets { ike-1 { secret = "only for this test" } }
`;

export const CLIENT_CONF = `connections {
  home {
    version = 2
    remote_addrs = ${ANYCAST_4}
    vips = 0.0.0.0
    local { auth = psk \n id = client.example }
    remote { auth = psk \n id = gateway.example }
    children { net { remote_ts = 10.10.0.0/24 \n esp_proposals = aes128-sha256 } }
  }
}
secrets { ike-1 { secret = "only for this test" } }
`;
