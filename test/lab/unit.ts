import { setTimeout as delay } from 'node:timers/promises';
import { allProcesses, hasEnded, signalProcess } from './process-identity.ts';
import type { Daemon, DaemonSpec, Processes } from './processes.ts';

/** systemd's RestartSec by default. */
const RESTART_MS = 100;
/** systemd's TimeoutStopSec, much shortened. */
const STOP_MS = 2000;

/**
 * A program that is kept running as systemd keeps a unit with Restart=always: when its main process ends, what is
 * left of the unit is ended too (KillMode=control-group; here the session stands for the control group), and it is
 * started again.
 */
export class Unit {
  readonly #spec: DaemonSpec;
  readonly #processes: Processes;
  #daemon: Daemon | undefined;
  #stopped = true;

  constructor(spec: DaemonSpec, processes: Processes) {
    this.#spec = spec;
    this.#processes = processes;
  }

  start(): void {
    this.#stopped = false;
    this.#daemon = this.#processes.start({ ...this.#spec, onEnd: () => void this.#restart() });
  }

  /** Like `systemctl stop`. Resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    await Promise.race([daemon.end('SIGTERM'), delay(STOP_MS)]);
    await daemon.end('SIGKILL');
    await endSession(daemon.pid);
  }

  async #restart(): Promise<void> {
    if (this.#daemon !== undefined) await endSession(this.#daemon.pid);
    await delay(RESTART_MS);
    if (!this.#stopped && !this.#processes.ending) this.start();
  }
}

/** systemd follows up SIGTERM with SIGCONT, so that a stopped process gets it too. */
async function endSession(session: number): Promise<void> {
  const left = allProcesses().filter((process) => process.session === session);
  for (const process of left) {
    signalProcess(process, 'SIGTERM');
    signalProcess(process, 'SIGCONT');
  }
  const ended = await Promise.all(left.map(async (process) => hasEnded(process, STOP_MS)));
  left.filter((_, index) => ended[index] === false).forEach((process) => signalProcess(process, 'SIGKILL'));
}
