import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from './lab-error.ts';
import type { Authority, Credentials } from './pki.ts';
import type { Daemon, Processes } from './processes.ts';
import { runCommand } from './run-command.ts';
import { strongswanConf } from './strongswan-conf.ts';

const ANSWERS_WITHIN_MS = 5000;

/** One charon-systemd in a namespace, with a directory of its own; may be started again after it was killed. */
export class Charon {
  readonly viciSocket: string;
  readonly #name: string;
  readonly #namespace: string;
  readonly #directory: string;
  readonly #processes: Processes;
  #daemon: Daemon | undefined;

  /** @param directory made here; also holds swanctl's files */
  constructor(name: string, namespace: string, directory: string, processes: Processes) {
    this.#name = name;
    this.#namespace = namespace;
    this.#directory = directory;
    this.#processes = processes;
    this.viciSocket = join(directory, 'charon.vici');
    for (const part of ['x509', 'x509ca', 'private'])
      mkdirSync(join(directory, 'swanctl', part), { recursive: true });
    const logFile = processes.logFile(`${name}-charon`);
    writeFileSync(join(directory, 'strongswan.conf'), strongswanConf(this.viciSocket, logFile));
  }

  /** Puts what swanctl shall load where it looks for it. @param credentials by the file name that `certs =` uses, without ".pem" */
  configure(
    swanctlConf: string,
    authority: Authority,
    credentials: Readonly<Record<string, Credentials>>,
  ): void {
    const directory = join(this.#directory, 'swanctl');
    writeFileSync(join(directory, 'swanctl.conf'), swanctlConf);
    copyFileSync(authority.certificate, join(directory, 'x509ca', 'ca.pem'));
    for (const [name, { certificate, key }] of Object.entries(credentials)) {
      copyFileSync(certificate, join(directory, 'x509', `${name}.pem`));
      copyFileSync(key, join(directory, 'private', `${name}.pem`));
    }
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
    const uri = `unix://${this.viciSocket}`;
    await runCommand(['swanctl', '--load-all', '--noprompt', '--uri', uri], signal, { env: this.#env() });
  }

  /** SIGKILL. @returns its pid; resolves at once, before the process is gone */
  kill(): { readonly pid: number; readonly gone: Promise<void> } {
    if (this.#daemon === undefined) throw new LabError('LAB_SPOILT', `${this.#name} has no charon to kill`);
    return { pid: this.#daemon.pid, gone: this.#daemon.end('SIGKILL') };
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
