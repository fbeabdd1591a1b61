import { chownSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { patient } from './dataplane.ts';
import { LabError } from './lab-error.ts';
import type { Daemon, Processes } from './processes.ts';
import { runCommand } from './run-command.ts';

export type RouterKind = 'bird' | 'frr';
export const ROUTER_KINDS: readonly RouterKind[] = ['bird', 'frr'];

type Argv = readonly [string, ...string[]];

const TEMPLATES = fileURLToPath(new URL('../../deploy/routers/', import.meta.url));
const LISTENS_WITHIN_MS = patient(5000);
/** ":00B3" is port 179 and state 0A is LISTEN in /proc/net/tcp (Documentation/networking/proc_net_tcp). */
const LISTENING_ON_BGP = /^\s*\d+: [0-9A-F]+:00B3 [0-9A-F]+:0000 0A /m;

/** What a user would take for a router of this kind. */
export function shippedConf(kind: RouterKind): string {
  return readFileSync(join(TEMPLATES, `${kind}.conf`), 'utf8');
}

export interface RouterSpec {
  /** Of log files: "router". */
  readonly name: string;
  readonly namespace: string;
  /** Made here, for configuration and sockets. */
  readonly directory: string;
  /** The text of its configuration. */
  readonly conf: string;
  /** It has no neighbor of the other family, and so may not listen there. */
  readonly ipv4Only?: boolean;
}

/** A BGP daemon in a namespace, as a rule a router's. */
export class Router {
  readonly kind: RouterKind;
  readonly name: string;
  readonly namespace: string;
  /** FRR's daemons meet here: zserv.api, vty sockets. */
  readonly directory: string;
  readonly #processes: Processes;
  readonly #families: readonly ('tcp' | 'tcp6')[];
  #daemon: Daemon | undefined;

  constructor(
    kind: RouterKind,
    processes: Processes,
    { name, namespace, directory, conf, ipv4Only = false }: RouterSpec,
  ) {
    this.kind = kind;
    this.name = name;
    this.#processes = processes;
    this.namespace = namespace;
    this.directory = directory;
    this.#families = ipv4Only ? ['tcp'] : ['tcp', 'tcp6'];
    mkdirSync(directory);
    this.writeConf(conf);
  }

  /** For the next start. */
  writeConf(text: string): void {
    writeFileSync(this.#file, text);
  }

  /** Resolves when the BGP daemon listens in its families. With FRR, zebra is started once and stays. */
  async start(signal: AbortSignal): Promise<void> {
    const argv = this.kind === 'bird' ? this.#bird() : await this.#bgpd(signal);
    const name = `${this.name}-${this.kind === 'bird' ? 'bird' : 'bgpd'}`;
    this.#daemon = this.#processes.start({ name, namespace: this.namespace, argv });
    await listens(this.#daemon, this.#families, signal);
  }

  /** SIGKILL of the BGP daemon: the kernel closes its sessions, its routes are gone with it. Resolves when it is. */
  async kill(): Promise<void> {
    await this.#daemon?.end('SIGKILL');
  }

  get #file(): string {
    return join(this.directory, `${this.kind}.conf`);
  }

  /** `birdc` or `vtysh`, with this command. @returns what it says */
  async ask(command: string, signal: AbortSignal): Promise<string> {
    const argv: Argv =
      this.kind === 'bird'
        ? ['birdc', '-r', '-s', join(this.directory, 'bird.ctl'), command]
        : ['vtysh', '--vty_socket', this.directory, '-c', command];
    return runCommand(argv, signal);
  }

  #bird(): Argv {
    const control = ['-s', join(this.directory, 'bird.ctl'), '-P', join(this.directory, 'bird.pid')];
    return ['bird', '-f', '-c', this.#file, ...control];
  }

  async #bgpd(signal: AbortSignal): Promise<Argv> {
    const zserv = join(this.directory, 'zserv.api');
    const common = (name: string): string[] => [
      ...['-z', zserv, '-i', join(this.directory, `${name}.pid`), '--vty_socket', this.directory],
      ...['--log', 'stdout', '--log-level', 'informational'],
    ];
    if (this.#daemon === undefined) await this.#startZebra(zserv, common('zebra'), signal);
    return ['/usr/lib/frr/bgpd', '-f', this.#file, '-p', '179', ...common('bgpd')];
  }

  async #startZebra(zserv: string, options: readonly string[], signal: AbortSignal): Promise<void> {
    // The daemons give up root, and make their sockets here as their own user, who also reads the file.
    const user = Number((await runCommand(['id', '-u', 'frr'], signal)).trim());
    chownSync(this.directory, user, Number((await runCommand(['id', '-g', 'frr'], signal)).trim()));
    const zebra = this.#processes.start({
      name: `${this.name}-zebra`,
      namespace: this.namespace,
      argv: ['/usr/lib/frr/zebra', '-f', '/dev/null', ...options],
    });
    await until(zebra, `zebra makes ${zserv}`, () => hasSocket(zebra.pid, zserv), signal);
  }
}

/** /proc/PID/net shows the sockets of the process's own namespace. */
async function listens(
  daemon: Daemon,
  families: readonly ('tcp' | 'tcp6')[],
  signal: AbortSignal,
): Promise<void> {
  const files = families.map((file) => `/proc/${daemon.pid}/net/${file}`);
  const listening = (): boolean => files.every((file) => LISTENING_ON_BGP.test(readFileSync(file, 'utf8')));
  await until(daemon, 'it listens on TCP port 179 in its families', listening, signal);
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
