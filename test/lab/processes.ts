import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from './lab-error.ts';
import type { Ledger } from './ledger.ts';

export interface DaemonSpec {
  /** For people and as the log file's name: "gw1-charon". */
  readonly name: string;
  readonly namespace: string;
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** stdout: to the log (default) or to us; stdin is empty; stderr always goes to the log. */
  readonly stdout?: 'log' | 'pipe';
  readonly ipc?: boolean;
  /** Called when it ended although nobody ended it, which then is not an error. */
  readonly onEnd?: () => void;
}

export interface Daemon {
  readonly name: string;
  readonly pid: number;
  readonly child: ChildProcess;
  readonly logFile: string;
  readonly exited: Promise<void>;
  /** From now on its end is an expected one, whoever brings it about. */
  expectEnd(): void;
  /** Sends a signal and makes the exit that follows an expected one. Resolves when the process is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Starts the lab's long-lived processes. One that ends although nobody ended it is reported at once. */
export class Processes {
  readonly #ledger: Ledger;
  readonly #onDeath: (error: LabError) => void;

  constructor(ledger: Ledger, onDeath: (error: LabError) => void) {
    this.#ledger = ledger;
    this.#onDeath = onDeath;
  }

  /** See Ledger.end. */
  get ending(): boolean {
    return this.#ledger.ending;
  }

  logFile(name: string): string {
    return join(this.#ledger.directory, 'logs', `${name}.log`);
  }

  /** `ip netns exec` replaces itself by the program, so the child's pid is the daemon's. @throws LabError if it cannot be started, and once the lab is ending */
  start(spec: DaemonSpec): Daemon {
    // Else it would outlive a lab that is being taken down: nobody looks for it any more.
    if (this.#ledger.ending) throw new LabError('LAB_SPOILT', `${spec.name}: the lab is being taken down`);
    const logFile = this.logFile(spec.name);
    const log = openSync(logFile, 'a');
    const stdio: StdioOptions = ['ignore', spec.stdout === 'pipe' ? 'pipe' : log, log];
    if (spec.ipc === true) stdio.push('ipc');
    const child = spawn('ip', ['netns', 'exec', spec.namespace, ...spec.argv], {
      stdio,
      // A session of its own: Ctrl-C reaches only us, and we end the daemons in order.
      detached: true,
      env: { ...process.env, ...spec.env },
    });
    closeSync(log);
    const { pid } = child;
    if (pid === undefined) throw new LabError('LAB_COMMAND', `${spec.name}: "ip" could not be started`);
    this.#ledger.add(pid);
    let expected = false;
    const exited = new Promise<void>((resolve) => {
      child.on('exit', (code, signal) => {
        resolve();
        if (expected || this.#ledger.ending) return;
        if (spec.onEnd !== undefined) spec.onEnd();
        else this.#onDeath(this.#unexpectedEnd(spec.name, logFile, code ?? signal));
      });
    });
    const expectEnd = (): void => {
      expected = true;
    };
    const end = async (signal: NodeJS.Signals): Promise<void> => {
      expectEnd();
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    };
    return { name: spec.name, pid, child, logFile, exited, expectEnd, end };
  }

  #unexpectedEnd(name: string, logFile: string, how: number | string | null): LabError {
    const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n  ');
    return new LabError(
      'LAB_DAEMON_DIED',
      `${name} ended by itself (${how}); the end of ${logFile}:\n  ${tail}`,
    );
  }
}
