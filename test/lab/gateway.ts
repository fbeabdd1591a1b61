import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exabgpEnvironment } from '../../bgp/supervisor.ts';
import { Charon } from './charon.ts';
import { partsIn, type PartName } from './gateway-parts.ts';
import { LabError } from './lab-error.ts';
import type { Authority } from './pki.ts';
import { signalProcess, type ProcessIdentity } from './process-identity.ts';
import type { Daemon, Processes } from './processes.ts';
import { runCommand } from './run-command.ts';
import { sidecarConfig, type SidecarSettings } from './sidecar-config.ts';
import { sidecarStatus, type SidecarStatus } from './sidecar-status.ts';
import type { Site } from './site.ts';
import { SmallDisk } from './small-disk.ts';
import { gatewaySwanctlConf, type ConnectionSettings } from './strongswan-conf.ts';
import type { GatewayPlan } from './topology.ts';
import { Unit } from './unit.ts';
import { WallClock } from './wall-clock.ts';

/**
 * The one place that says which swancast the lab runs: the sources, the bundle that ships, or the given entry file.
 * @throws LabError if the file is not there
 */
export function sidecarEntry(bundle: boolean, file: string | undefined): string {
  const ours = new URL(bundle ? '../../dist/swancast.cjs' : '../../sidecar/main.ts', import.meta.url);
  const entry = file === undefined ? fileURLToPath(ours) : resolve(file);
  if (existsSync(entry)) return entry;
  throw new LabError('LAB_ARGUMENT', `there is no ${entry}${bundle ? ': run "npm run build" first' : ''}`);
}

/** After these a process goes on. */
const NOT_FATAL: readonly NodeJS.Signals[] = ['SIGSTOP', 'SIGCONT', 'SIGHUP', 'SIGUSR1'];
const EXABGP = '/usr/sbin/exabgp';

export interface GatewayOptions {
  /** See sidecarEntry. */
  readonly entry: string;
  /** true: swancast starts ExaBGP. false: the lab does, as a unit of its own would. */
  readonly supervise: boolean;
  /** Gives clients the means to hold all of charon's workers: an updown script, see slowUpdown, and a RADIUS server that is not there. */
  readonly stress: boolean;
  /** Gives ExaBGP a wall clock of its own, see `clock`; only with supervise: false. */
  readonly ownClock: boolean;
  /** See SidecarSettings. */
  readonly fast: boolean;
  readonly site?: Site;
}

/** One gateway: charon and swancast, and ExaBGP started by either of swancast and the lab. */
export class Gateway {
  readonly plan: GatewayPlan;
  readonly charon: Charon;
  readonly configFile: string;
  readonly #options: GatewayOptions;
  readonly #processes: Processes;
  readonly #runDirectory: string;
  readonly #bgp: Unit;
  readonly #updown: string;
  readonly #diskDirectory: string;
  /** That of ExaBGP, where it has one of its own. */
  readonly clock: WallClock | undefined;
  #disk: SmallDisk | undefined;
  #sidecar: Daemon | undefined;

  constructor(plan: GatewayPlan, options: GatewayOptions, labDirectory: string, processes: Processes) {
    this.plan = plan;
    this.#options = options;
    this.#processes = processes;
    const directory = join(labDirectory, plan.name);
    mkdirSync(directory);
    const radius = options.stress || options.site?.radius === true ? { radius: plan.backendSide } : {};
    const crowd = options.site?.crowd === true ? { crowd: true } : {};
    const settings = { patient: options.stress, ...crowd, ...radius };
    this.charon = new Charon(plan.name, plan.namespace, directory, processes, settings);
    this.#updown = join(directory, 'updown.sh');
    this.slowUpdown(0);
    this.configFile = join(directory, 'swancast.yaml');
    this.#diskDirectory = join(directory, 'disk');
    this.#runDirectory = join(directory, 'run');
    mkdirSync(this.#runDirectory);
    const { name, namespace } = plan;
    const argv = [EXABGP, this.#exabgpConf] as const;
    this.clock = options.ownClock ? new WallClock(join(directory, 'python')) : undefined;
    const env = { ...exabgpEnvironment(process.env), ...this.clock?.env };
    this.#bgp = new Unit({ name: `${name}-exabgp`, namespace, argv, env }, processes);
    this.writeConfig({});
  }

  /** What is not given is as at the start. The sidecar reads it again on SIGHUP. */
  writeConfig(settings: Partial<SidecarSettings>): void {
    const { supervise, fast } = this.#options;
    const make = this.#options.site?.sidecar ?? sidecarConfig;
    const paths = { viciSocket: this.charon.viciSocket, directory: this.#runDirectory };
    const text = make(this.plan, paths, {
      ...{ supervise, fast, stateDirectory: join(this.#diskDirectory, 'state') },
      ...settings,
    });
    writeFileSync(this.configFile, text);
  }

  async startCharon(signal: AbortSignal): Promise<void> {
    await this.charon.start(signal);
    await this.charon.load(signal);
  }

  async configureCharon(authority: Authority, signal: AbortSignal): Promise<void> {
    const credentials = await authority.issueGateway(this.plan.name, signal);
    this.charon.configure(this.swanctlConf({}), authority, { gateway: credentials });
  }

  swanctlConf(settings: ConnectionSettings): string {
    const updown = this.#options.stress ? this.#updown : undefined;
    const pool = this.#options.site?.sharedPool ?? this.plan.pool;
    const eap = this.#options.stress || this.#options.site?.radius === true;
    const usual = gatewaySwanctlConf(this.plan, { updown, eap, pool, ...settings });
    return this.#options.site?.gatewaySwanctl?.(this.plan, usual) ?? usual;
  }

  /** From now on charon's updown script takes this long for each CHILD_SA that comes up. */
  slowUpdown(seconds: number): void {
    const text = `#!/bin/sh\n${seconds === 0 ? '' : `case $PLUTO_VERB in up-*) sleep ${seconds} ;; esac\n`}`;
    // Replaced, not written over: charon may be about to run it.
    writeFileSync(`${this.#updown}.new`, text, { mode: 0o755 });
    renameSync(`${this.#updown}.new`, this.#updown);
  }

  /** Holds what swancast writes: its state, and its log. To be done once, before it is started. */
  async mountDisk(signal: AbortSignal): Promise<void> {
    this.#disk = await SmallDisk.mount(this.#diskDirectory, signal);
    const name = `${this.plan.name}-swancast`;
    symlinkSync(join(this.#diskDirectory, `${name}.log`), this.#processes.logFile(name));
  }

  /** @throws LabError before mountDisk */
  get disk(): SmallDisk {
    if (this.#disk === undefined) throw new LabError('LAB_SPOILT', `${this.plan.name} has no disk`);
    return this.#disk;
  }

  /** What `node` runs as swancast: the sources, the bundle, or another build. */
  get entry(): string {
    return this.#options.entry;
  }

  /** A command of swancast's, with this gateway's configuration. @returns its output. @throws LabError with what it said */
  async swancast(args: readonly string[], signal: AbortSignal): Promise<string> {
    const argv = [process.execPath, this.#options.entry, ...args, '-c', this.configFile] as const;
    return runCommand([...argv], signal);
  }

  /** Does not wait: what counts is what the router sees. */
  startSidecar(): void {
    this.#sidecar = this.#processes.start({
      name: `${this.plan.name}-swancast`,
      namespace: this.plan.namespace,
      argv: [process.execPath, this.#options.entry, 'run', '-c', this.configFile],
    });
  }

  /** With supervise: false, ExaBGP as its own unit runs it: the rendered configuration, started again whenever it ends. */
  async startBgp(signal: AbortSignal): Promise<void> {
    if (this.#options.supervise) return;
    const text = await this.swancast(['render', 'exabgp'], signal);
    writeFileSync(this.#exabgpConf, text, { mode: 0o600 });
    this.#bgp.start();
  }

  /** With supervise: false, like `systemctl stop` of that unit. Resolves when ExaBGP and guard are gone. */
  async stopBgp(): Promise<void> {
    await this.#bgp.stop();
  }

  /** SIGKILL of swancast alone: its ExaBGP and guard live on. @returns its pid, before the process is gone */
  killSidecar(): { readonly pid: number; readonly gone: Promise<void> } {
    const { pid } = this.sidecar;
    return { pid, gone: this.sidecar.end('SIGKILL') };
  }

  /** The one started last, also if it has ended. @throws LabError if none was ever started */
  get sidecar(): Daemon {
    if (this.#sidecar === undefined) throw new LabError('LAB_SPOILT', `${this.plan.name} has no swancast`);
    return this.#sidecar;
  }

  /** Every process of these parts that runs now, oldest first; more than one where an orphan was left. */
  parts(): ReadonlyMap<PartName, readonly ProcessIdentity[]> {
    return partsIn(this.plan.namespace);
  }

  /** The newest process of this part. @throws LabError LAB_SPOILT if there is none */
  part(name: PartName): ProcessIdentity {
    const newest = this.parts().get(name)?.at(-1);
    if (newest !== undefined) return newest;
    throw new LabError('LAB_SPOILT', `${this.plan.name} has no ${name} now`);
  }

  /**
   * Sends a signal to a process of this gateway (see `part`, which takes milliseconds: look first, then measure).
   * An end of charon or swancast that may follow is expected. @returns false if it had ended before
   */
  signal(target: ProcessIdentity, signal: NodeJS.Signals): boolean {
    if (!NOT_FATAL.includes(signal))
      for (const daemon of [this.charon.daemon, this.sidecar])
        if (daemon.pid === target.pid) daemon.expectEnd();
    return signalProcess(target, signal);
  }

  /** @returns undefined while swancast does not answer */
  async status(signal: AbortSignal): Promise<SidecarStatus | undefined> {
    return sidecarStatus(join(this.#runDirectory, 'control.sock'), signal);
  }

  get #exabgpConf(): string {
    return join(this.#runDirectory, 'exabgp.conf');
  }
}
