import { chownSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { patient } from './dataplane.ts';
import { LabError } from './lab-error.ts';
import type { Daemon, Processes } from './processes.ts';
import { runCommand } from './run-command.ts';
import type { Topology } from './topology.ts';

export type RouterKind = 'bird' | 'frr';
export const ROUTER_KINDS: readonly RouterKind[] = ['bird', 'frr'];

type Argv = readonly [string, ...string[]];

const TEMPLATES = fileURLToPath(new URL('../../deploy/routers/', import.meta.url));
const LISTENS_WITHIN_MS = patient(5000);
/** ":00B3" is port 179 and state 0A is LISTEN in /proc/net/tcp (Documentation/networking/proc_net_tcp). */
const LISTENING_ON_BGP = /^\s*\d+: [0-9A-F]+:00B3 [0-9A-F]+:0000 0A /m;

/** The router: its BGP daemon runs with the very file a user would take. */
export class Router {
  readonly kind: RouterKind;
  readonly #processes: Processes;
  readonly #namespace: string;
  readonly #directory: string;
  #daemon: Daemon | undefined;

  /** @param directory made here, for the daemons' sockets */
  constructor(kind: RouterKind, processes: Processes, topology: Topology, directory: string) {
    this.kind = kind;
    this.#processes = processes;
    this.#namespace = topology.namespaces.router;
    this.#directory = directory;
    mkdirSync(directory);
  }

  /** Resolves when the BGP daemon listens in both families. With FRR, zebra is started once and stays. */
  async start(signal: AbortSignal): Promise<void> {
    const argv = this.kind === 'bird' ? this.#bird() : await this.#bgpd(signal);
    const name = this.kind === 'bird' ? 'router-bird' : 'router-bgpd';
    this.#daemon = this.#processes.start({ name, namespace: this.#namespace, argv });
    await listens(this.#daemon, signal);
  }

  /** SIGKILL of the BGP daemon: the kernel closes its sessions, its routes are gone with it. Resolves when it is. */
  async kill(): Promise<void> {
    await this.#daemon?.end('SIGKILL');
  }

  #bird(): Argv {
    const control = ['-s', join(this.#directory, 'bird.ctl'), '-P', join(this.#directory, 'bird.pid')];
    return ['bird', '-f', '-c', join(TEMPLATES, 'bird.conf'), ...control];
  }

  async #bgpd(signal: AbortSignal): Promise<Argv> {
    const zserv = join(this.#directory, 'zserv.api');
    const common = (name: string): string[] => [
      ...['-z', zserv, '-i', join(this.#directory, `${name}.pid`), '--vty_socket', this.#directory],
      ...['--log', 'stdout', '--log-level', 'informational'],
    ];
    if (this.#daemon === undefined) await this.#startZebra(zserv, common('zebra'), signal);
    const file = join(TEMPLATES, 'frr.conf');
    return ['/usr/lib/frr/bgpd', '-f', file, '-p', '179', ...common('bgpd')];
  }

  async #startZebra(zserv: string, options: readonly string[], signal: AbortSignal): Promise<void> {
    // The daemons give up root, and make their sockets here as their own user.
    const user = Number((await runCommand(['id', '-u', 'frr'], signal)).trim());
    chownSync(this.#directory, user, Number((await runCommand(['id', '-g', 'frr'], signal)).trim()));
    const zebra = this.#processes.start({
      name: 'router-zebra',
      namespace: this.#namespace,
      argv: ['/usr/lib/frr/zebra', '-f', '/dev/null', ...options],
    });
    await until(zebra, `zebra makes ${zserv}`, () => hasSocket(zebra.pid, zserv), signal);
  }
}

/** /proc/PID/net shows the sockets of the process's own namespace. */
async function listens(daemon: Daemon, signal: AbortSignal): Promise<void> {
  const files = ['tcp', 'tcp6'].map((file) => `/proc/${daemon.pid}/net/${file}`);
  const listening = (): boolean => files.every((file) => LISTENING_ON_BGP.test(readFileSync(file, 'utf8')));
  await until(daemon, 'it listens on TCP port 179 in both families', listening, signal);
}

function hasSocket(pid: number, path: string): boolean {
  return readFileSync(`/proc/${pid}/net/unix`, 'utf8').includes(path);
}

/**
 * False while `ip netns exec` has not yet gone into the namespace: /proc/PID/net would still show the machine's
 * own sockets. False too once the process has ended, which is reported elsewhere.
 */
function isInside(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net');
  } catch {
    return false;
  }
}

async function until(
  daemon: Daemon,
  what: string,
  condition: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + LISTENS_WITHIN_MS;
  while (!isInside(daemon.pid) || !condition()) {
    signal.throwIfAborted();
    if (performance.now() > deadline)
      throw new LabError(
        'LAB_DEADLINE',
        `${daemon.name}: expected within ${LISTENS_WITHIN_MS} ms: ${what}; log: ${daemon.logFile}`,
      );
    await delay(5);
  }
}
