/** A booted host: its power, and commands in it. */
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { patient } from '../lab/dataplane.ts';
import { LabError } from '../lab/lab-error.ts';
import { processesIn } from '../lab/namespaces.ts';
import { identify, isAlive, signalProcess, type ProcessIdentity } from '../lab/process-identity.ts';
import type { Daemon, Processes } from '../lab/processes.ts';
import { runCommand, type CommandOptions } from '../lab/run-command.ts';
import type { HostPlan } from './plan.ts';

const BOOT = fileURLToPath(new URL('boot.sh', import.meta.url));
const BOOTS_WITHIN_MS = patient(60_000);
const LOOK_MS = 50;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const NOTHING_PASSES = `table inet power {
  chain in { type filter hook prerouting priority -400; policy drop; }
  chain out { type filter hook output priority -400; policy drop; }
}
`;

/** The words before a command that is to run in the host. @param init its PID 1, as this machine sees it */
export const enter = (init: number): [string, ...string[]] => [
  ...(['nsenter', '-t', String(init), '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w'] as const),
  ...['env', '-i', `PATH=${PATH}`, 'HOME=/root', 'LANG=C.UTF-8', `TERM=${process.env['TERM'] ?? 'dumb'}`],
];

/** PID 1 of the host that has this network namespace; undefined while it is off. */
export async function initOf(namespace: string, signal: AbortSignal): Promise<ProcessIdentity | undefined> {
  for (const pid of await processesIn(namespace, signal)) if (isInit(pid)) return identify(pid);
  return undefined;
}

/** "NSpid: 1396 1" (proc(5)): it is the first one of a PID namespace of its own. */
function isInit(pid: number): boolean {
  try {
    return /^NSpid:\s+\d+\s+1$/mu.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

export class Host {
  readonly plan: HostPlan;
  /** Of its charon, wherever that is after a reboot; for processes of this machine. */
  readonly viciSocket: string;
  readonly #image: string;
  readonly #directory: string;
  readonly #uuid: string;
  readonly #processes: Processes;
  #power: Daemon | undefined;
  #init: ProcessIdentity | undefined;

  /** @param directory with what was provisioned, in `upper` */
  constructor(plan: HostPlan, image: string, directory: string, uuid: string, processes: Processes) {
    this.plan = plan;
    this.#image = image;
    this.#directory = directory;
    this.#uuid = uuid;
    this.#processes = processes;
    this.viciSocket = join(directory, 'charon.vici');
  }

  /** Resolves when systemd says that all is running. @throws LabError with the units that failed */
  async powerOn(signal: AbortSignal): Promise<void> {
    const { name, namespace, machine } = this.plan;
    this.#power = this.#processes.start({
      name: `${name}-console`,
      namespace,
      argv: ['sh', BOOT, this.#image, this.#directory, machine, name, this.#uuid],
    });
    await this.#booted(undefined, signal);
  }

  /** All processes end at once, and no packet tells of it. */
  async cutPower(signal: AbortSignal): Promise<void> {
    this.#power?.expectEnd();
    await this.#network('drop', signal);
    if (this.#init !== undefined) signalProcess(this.#init, 'SIGKILL');
    await this.#power?.exited;
  }

  /** After cutPower. */
  async restorePower(signal: AbortSignal): Promise<void> {
    await this.#network('flush', signal);
    await this.powerOn(signal);
  }

  /** `reboot`, as somebody types it. Resolves when it is up again. */
  async reboot(signal: AbortSignal): Promise<void> {
    const before = this.#init;
    await this.run(['systemctl', '--no-block', 'reboot'], signal);
    await this.#booted(before, signal);
  }

  /** @returns stdout. @throws LabError with stderr */
  async run(
    argv: readonly [string, ...string[]],
    signal: AbortSignal,
    options?: CommandOptions,
  ): Promise<string> {
    return runCommand([...enter(this.init.pid), ...argv], signal, options);
  }

  /** @throws LabError while it is off */
  get init(): ProcessIdentity {
    if (this.#init !== undefined && isAlive(this.#init)) return this.#init;
    throw new LabError('LAB_SPOILT', `${this.plan.name} is off`);
  }

  /** A path of the host's, for this machine. */
  path(inside: string): string {
    return join(`/proc/${this.init.pid}/root`, inside);
  }

  async #booted(before: ProcessIdentity | undefined, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + BOOTS_WITHIN_MS;
    let state = 'no PID 1';
    while (performance.now() < deadline) {
      signal.throwIfAborted();
      const init = await initOf(this.plan.namespace, signal);
      if (init !== undefined && init.pid !== before?.pid) {
        this.#init = init;
        state = await this.#state(signal);
        if (state === 'running') return this.#link();
        if (state === 'degraded') break;
      }
      await delay(LOOK_MS, undefined, { signal });
    }
    const failed =
      state === 'degraded' ? await this.run(['systemctl', '--failed', '--plain', '--no-legend'], signal) : '';
    throw new LabError(
      'LAB_DEADLINE',
      `expected within ${BOOTS_WITHIN_MS} ms: ${this.plan.name} runs; it is ${state} ${failed.trim()}; log: ${this.#power?.logFile ?? ''}`,
    );
  }

  /** Not there yet, for a while, is an answer as well. */
  async #state(signal: AbortSignal): Promise<string> {
    try {
      return (await this.run(['sh', '-c', 'systemctl is-system-running || :'], signal)).trim();
    } catch (error) {
      if (!(error instanceof LabError) || signal.aborted) throw error;
      return 'booting';
    }
  }

  #link(): void {
    rmSync(this.viciSocket, { force: true });
    symlinkSync(this.path('/run/charon.vici'), this.viciSocket);
  }

  /**
   * A network namespace outlives the host's processes, and its kernel would say goodbye for them, perhaps when the power
   * is back: it gives up at once what belongs to nobody (1; 0 is the default).
   */
  async #network(what: 'drop' | 'flush', signal: AbortSignal): Promise<void> {
    const inside = ['ip', 'netns', 'exec', this.plan.namespace] as const;
    const orphans = `net.ipv4.tcp_orphan_retries=${what === 'drop' ? 1 : 0}`;
    await runCommand([...inside, 'sysctl', '-qw', orphans], signal);
    const input = `flush ruleset\n${what === 'drop' ? NOTHING_PASSES : ''}`;
    await runCommand([...inside, 'nft', '-f', '-'], signal, { input });
  }
}
