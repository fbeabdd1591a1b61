/** A real sidecar process beside a charon of the bench's choice, with a witness in place of its guard. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fetchStatus } from '../../sidecar/cli/fetch-status.ts';
import type { Status } from '../../sidecar/status.ts';
import { costOf, type ProcessCost } from '../lab/process-cost.ts';
import { LeaseWitness } from './lease-witness.ts';

const MAIN = fileURLToPath(new URL('../../sidecar/main.ts', import.meta.url));
const ASK_MS = 3000;
const EARN_MS = 20_000;

export interface GatewayOptions {
  /** Existing, for the configuration, the sockets and the log. */
  readonly directory: string;
  readonly viciSocket: string;
  /** The list below `checks:`, a line each. */
  readonly checks: readonly string[];
  /** A network namespace to run in. */
  readonly namespace?: string;
}

export class Gateway {
  readonly witness: LeaseWitness;
  readonly #child: ChildProcess;
  readonly #control: string;
  readonly #log: string;

  /** Resolves once the sidecar announces. */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const { directory } = options;
    const witness = await LeaseWitness.listen(join(directory, 'lease.sock'));
    const gateway = new Gateway(options, witness);
    try {
      await witness.until(() => witness.announces, EARN_MS);
      return gateway;
    } catch (cause) {
      await gateway.stop();
      throw new Error(`the sidecar never announced; its log ends:\n${gateway.#tail()}`, { cause });
    }
  }

  private constructor({ directory, viciSocket, checks, namespace }: GatewayOptions, witness: LeaseWitness) {
    this.witness = witness;
    this.#control = join(directory, 'control.sock');
    this.#log = join(directory, 'sidecar.log');
    const file = join(directory, 'swancast.yaml');
    writeFileSync(
      file,
      `
strongswan: { vici_socket: ${viciSocket} }
prefixes: [{ prefix: 192.0.2.1/32 }]
bgp:
  supervise: false
  local_as: 65001
  router_id: 10.1.1.2
  run_directory: ${directory}
  neighbors: [{ address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }]
lease: { socket: ${join(directory, 'lease.sock')} }
decision: { hold_down_seconds: 0.5, hold_down_max_seconds: 0.5 }
control: { socket: ${this.#control}, state_directory: ${directory} }
http: { listen: "off" }
checks:
${checks.map((line) => `  - ${line}\n`).join('')}`,
    );
    const sidecar = [process.execPath, MAIN, 'run', '-c', file];
    const [program = '', ...words] =
      namespace === undefined ? sidecar : ['ip', 'netns', 'exec', namespace, ...sidecar];
    const log = openSync(this.#log, 'w');
    this.#child = spawn(program, words, { stdio: ['ignore', log, log] });
    closeSync(log);
  }

  status(): Promise<Status> {
    return fetchStatus(this.#control, AbortSignal.timeout(ASK_MS));
  }

  /** What a check saw last. */
  async seen(check: string): Promise<string> {
    const { checks } = await this.status();
    return checks.find(({ name }) => name === check)?.value ?? '';
  }

  /** Processor time since it started, and memory now. */
  cost(): ProcessCost {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the sidecar was never started');
    return costOf({ pid });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      // Ends at the latest when nobody waits any more for the guard.
      await Promise.race([exited, delay(5000, undefined, { ref: false })]);
      this.#child.kill('SIGKILL');
      if (this.#child.exitCode === null && this.#child.signalCode === null) await exited;
    }
    this.witness.close();
  }

  readonly #tail = (): string => readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
}
