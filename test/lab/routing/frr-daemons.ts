/** FRR's daemons beside what the lab has anyway: bfdd on a gateway or a router, a bgpd on a gateway. */
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LabError } from '../lab-error.ts';
import type { Daemon, Processes } from '../processes.ts';
import { runCommand } from '../run-command.ts';

type FrrDaemon = 'zebra' | 'bfdd' | 'bgpd';

const BINARIES = '/usr/lib/frr';
const READY_WITHIN_MS = 5000;
const RECIPES = fileURLToPath(new URL('../../../deploy/routers/', import.meta.url));

/** The text of a file that users get. */
export const recipe = (name: string): string => readFileSync(join(RECIPES, name), 'utf8');

/** A recipe's BFD in the lab: 50 ms where 300 are shipped. */
export const quickBfd = (text: string): string =>
  text
    .replace(/^(\s+(?:receive|transmit)-interval) 300$/gmu, '$1 50')
    .replace('define BFD_INTERVAL = 300;', 'define BFD_INTERVAL = 50;');

/** For RoutingTrial.skip: FRR's bfdd is needed with BIRD as the router, too. */
export function withoutFrr(): string | undefined {
  try {
    accessSync(join(BINARIES, 'bfdd'), constants.X_OK);
    return undefined;
  } catch {
    return 'FRR is not installed: no bfdd';
  }
}

/** One instance of FRR: daemons of one namespace that meet in one directory. */
export class Frr {
  /** Sockets of the daemons, for `vtysh --vty_socket`. */
  readonly directory: string;
  readonly #name: string;
  readonly #namespace: string;
  readonly #processes: Processes;

  /** @param name of log files: "gw1-frr" */
  constructor(processes: Processes, name: string, namespace: string, directory: string) {
    this.#processes = processes;
    this.#name = name;
    this.#namespace = namespace;
    this.directory = directory;
  }

  /** Starts one, with this text as its configuration. zebra has to be the first. Resolves when it answers. */
  async start(
    daemon: FrrDaemon,
    conf: string,
    signal: AbortSignal,
    options: readonly string[] = [],
  ): Promise<Daemon> {
    const own = (path: string): string => join(this.directory, path);
    await this.#makeDirectory(signal);
    const file = own(`${daemon}.conf`);
    writeFileSync(file, conf);
    const started = this.#processes.start({
      name: `${this.#name}-${daemon}`,
      namespace: this.#namespace,
      argv: [
        join(BINARIES, daemon),
        ...['-f', file, '-z', own('zserv.api'), '-i', own(`${daemon}.pid`), '--vty_socket', this.directory],
        // No TCP port for people.
        ...['-P', '0', '--log', 'stdout', '--log-level', 'informational'],
        ...(daemon === 'bfdd' ? ['--bfdctl', own('bfdd.sock')] : []),
        ...options,
      ],
    });
    const deadline = performance.now() + READY_WITHIN_MS;
    while (!(await this.#answers(daemon, signal))) {
      signal.throwIfAborted();
      if (performance.now() > deadline)
        throw new LabError(
          'LAB_DEADLINE',
          `expected within ${READY_WITHIN_MS} ms: ${started.name} answers; log: ${started.logFile}`,
        );
      await delay(20);
    }
    return started;
  }

  /** @returns what vtysh says */
  async ask(command: string, signal: AbortSignal): Promise<string> {
    return runCommand(['vtysh', '--vty_socket', this.directory, '-c', command], signal);
  }

  async #answers(daemon: FrrDaemon, signal: AbortSignal): Promise<boolean> {
    const argv = ['vtysh', '--vty_socket', this.directory, '-d', daemon, '-c', 'show version'] as const;
    try {
      return (await runCommand([...argv], signal)).includes('FRRouting');
    } catch (error) {
      if (error instanceof LabError && error.code === 'LAB_COMMAND') return false;
      throw error;
    }
  }

  /** The daemons give up root, and make their sockets as their own user, who also reads the files. */
  async #makeDirectory(signal: AbortSignal): Promise<void> {
    if (existsSync(this.directory)) return;
    mkdirSync(this.directory);
    const id = async (what: '-u' | '-g'): Promise<number> =>
      Number((await runCommand(['id', what, 'frr'], signal)).trim());
    chownSync(this.directory, await id('-u'), await id('-g'));
  }
}
