import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { section } from '../../health/vici/message.ts';
import { dataplaneOf, patient } from './dataplane.ts';
import { LabError } from './lab-error.ts';
import type { Authority, Credentials } from './pki.ts';
import type { Daemon, Processes } from './processes.ts';
import { runCommand } from './run-command.ts';
import { strongswanConf, type DaemonSettings } from './strongswan-conf.ts';
import { withVici } from './vici-command.ts';

const ANSWERS_WITHIN_MS = patient(5000);

/** One charon-systemd in a namespace, with a directory of its own; may be started again after it was killed. */
export class Charon {
  readonly viciSocket: string;
  readonly #name: string;
  readonly #namespace: string;
  readonly #directory: string;
  readonly #processes: Processes;
  #daemon: Daemon | undefined;

  /** @param directory made here; also holds swanctl's files */
  constructor(
    name: string,
    namespace: string,
    directory: string,
    processes: Processes,
    settings: DaemonSettings = {},
  ) {
    this.#name = name;
    this.#namespace = namespace;
    this.#directory = directory;
    this.#processes = processes;
    this.viciSocket = join(directory, 'charon.vici');
    for (const part of ['x509', 'x509ca', 'private'])
      mkdirSync(join(directory, 'swanctl', part), { recursive: true });
    const logFile = processes.logFile(`${name}-charon`);
    const text = strongswanConf(this.viciSocket, logFile, { dataplane: dataplaneOf(), ...settings });
    writeFileSync(join(directory, 'strongswan.conf'), text);
  }

  /** Puts what swanctl shall load where it looks for it. @param credentials by the file name that `certs =` uses, without ".pem" */
  configure(
    swanctlConf: string,
    authority: Authority,
    credentials: Readonly<Record<string, Credentials>>,
  ): void {
    const directory = join(this.#directory, 'swanctl');
    this.writeConf(swanctlConf);
    copyFileSync(authority.certificate, join(directory, 'x509ca', 'ca.pem'));
    for (const [name, { certificate, key }] of Object.entries(credentials)) {
      copyFileSync(certificate, join(directory, 'x509', `${name}.pem`));
      copyFileSync(key, join(directory, 'private', `${name}.pem`));
    }
  }

  /** For the next load. */
  writeConf(swanctlConf: string): void {
    writeFileSync(join(this.#directory, 'swanctl', 'swanctl.conf'), swanctlConf);
  }

  /** Starts charon and waits until VICI answers; it has no connections before load(). */
  async start(signal: AbortSignal): Promise<void> {
    this.#daemon = this.#processes.start({
      name: `${this.#name}-charon`,
      namespace: this.#namespace,
      argv: ['/usr/sbin/charon-systemd'],
      env: this.#env(),
    });
    const deadline = performance.now() + ANSWERS_WITHIN_MS;
    // A socket file left by a killed charon refuses: only an accepted connection is an answer.
    while (!(await accepts(this.viciSocket))) {
      signal.throwIfAborted();
      if (performance.now() > deadline)
        throw new LabError(
          'LAB_DEADLINE',
          `expected within ${ANSWERS_WITHIN_MS} ms: ${this.#name}'s charon listens on ${this.viciSocket}; log: ${this.#daemon.logFile}`,
        );
      await delay(5);
    }
  }

  /** Loads connections, pools and credentials (`swanctl --load-all`), needed after every start. */
  async load(signal: AbortSignal): Promise<void> {
    await this.#swanctl(['--load-all', '--noprompt'], signal);
  }

  /** Makes the loaded connections those of the file, no more and no less. */
  async loadConnections(signal: AbortSignal): Promise<void> {
    await this.#swanctl(['--load-conns'], signal);
  }

  async #swanctl(args: readonly string[], signal: AbortSignal): Promise<void> {
    const uri = `unix://${this.viciSocket}`;
    await runCommand(['swanctl', ...args, '--uri', uri], signal, { env: this.#env() });
  }

  /** SIGKILL. @returns its pid; resolves at once, before the process is gone */
  kill(): { readonly pid: number; readonly gone: Promise<void> } {
    const { pid } = this.daemon;
    return { pid, gone: this.daemon.end('SIGKILL') };
  }

  /** The one started last, also if it has ended. @throws LabError if none was ever started */
  get daemon(): Daemon {
    if (this.#daemon === undefined) throw new LabError('LAB_SPOILT', `${this.#name} has no charon`);
    return this.#daemon;
  }

  /** Takes connections away, so that no client can log in any more; those that are connected stay. `load` brings them back. */
  async unload(connections: readonly string[], signal: AbortSignal): Promise<void> {
    await withVici(this.viciSocket, signal, async (command) => {
      for (const name of connections) await command('unload-conn', Object.assign(section(), { name }));
    });
  }

  #env(): Record<string, string> {
    return {
      STRONGSWAN_CONF: join(this.#directory, 'strongswan.conf'),
      SWANCTL_DIR: join(this.#directory, 'swanctl'),
    };
  }
}

async function accepts(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}
