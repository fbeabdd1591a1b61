/** A whole daemon as a process, with the least configuration that runs and no charon; all of it ends with the test. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFailed, onTestFinished } from 'vitest';

const MAIN = join(import.meta.dirname, '../../sidecar/main.ts');

export interface Daemon {
  readonly child: ChildProcess;
  /** Resolves with the first line that matches, of those it wrote already too. */
  readonly says: (what: RegExp) => Promise<string>;
  /** What it ended with: its exit code, or the signal that killed it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly lines: readonly string[];
}

/** The directory of one daemon: its configuration, its sockets and its state. For one test. */
export class DaemonHome {
  readonly directory = mkdtempSync(join(tmpdir(), 'swancast-daemon-'));
  readonly configFile = this.at('swancast.yaml');

  constructor() {
    onTestFinished(() => rmSync(this.directory, { recursive: true }));
  }

  at(name: string): string {
    return join(this.directory, name);
  }

  /** Writes its configuration; `extra` are whole sections, `listen` is `http.listen`. */
  write(extra = '', listen = 'off'): void {
    writeFileSync(
      this.configFile,
      `
strongswan: { vici_socket: ${this.at('charon.vici')} }
prefixes: [{ prefix: 192.0.2.1/32 }]
bgp:
  supervise: false
  local_as: 65001
  router_id: 10.1.1.2
  run_directory: ${this.directory}
  neighbors: [{ address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }]
lease: { socket: ${this.at('lease.sock')} }
control: { socket: ${this.at('control.sock')}, state_directory: ${this.directory} }
http: { listen: "${listen}" }
${extra}
`,
    );
  }

  /** Starts it, by the program `under` where one is named. */
  start({ under, env = {} }: { under?: string; env?: NodeJS.ProcessEnv } = {}): Daemon {
    const argv = [process.execPath, MAIN, 'run', '-c', this.configFile];
    const [program = '', ...args] = under === undefined ? argv : [under, ...argv];
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    onTestFinished(() => end(child));
    const lines: string[] = [];
    onTestFailed(() => void process.stderr.write(`What the daemon said:\n${lines.join('\n')}\n`));
    const waiting = new Set<() => void>();
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        for (const look of waiting) look();
      });
    }
    const says = (what: RegExp): Promise<string> =>
      new Promise((resolve) => {
        const look = (): void => {
          const line = lines.find((each) => what.test(each));
          if (line === undefined) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
        look();
      });
    const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
    return { child, says, ended, lines };
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
