import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Charon } from './charon.ts';
import { LabError } from './lab-error.ts';
import type { Authority } from './pki.ts';
import type { Daemon, Processes } from './processes.ts';
import { sidecarConfig } from './sidecar-config.ts';
import { gatewaySwanctlConf } from './strongswan-conf.ts';
import type { GatewayPlan } from './topology.ts';

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

/** One gateway: charon and swancast (which starts its ExaBGP). */
export class Gateway {
  readonly plan: GatewayPlan;
  readonly charon: Charon;
  readonly configFile: string;
  readonly #entry: string;
  readonly #processes: Processes;
  #sidecar: Daemon | undefined;

  constructor(plan: GatewayPlan, entry: string, labDirectory: string, processes: Processes) {
    this.plan = plan;
    this.#entry = entry;
    this.#processes = processes;
    const directory = join(labDirectory, plan.name);
    mkdirSync(directory);
    this.charon = new Charon(plan.name, plan.namespace, directory, processes);
    this.configFile = join(directory, 'swancast.yaml');
    const runDirectory = join(directory, 'run');
    mkdirSync(runDirectory);
    writeFileSync(this.configFile, sidecarConfig(plan, this.charon.viciSocket, runDirectory));
  }

  async startCharon(signal: AbortSignal): Promise<void> {
    await this.charon.start(signal);
    await this.charon.load(signal);
  }

  async configureCharon(authority: Authority, signal: AbortSignal): Promise<void> {
    const credentials = await authority.issueGateway(this.plan.name, signal);
    this.charon.configure(gatewaySwanctlConf(this.plan), authority, { gateway: credentials });
  }

  /** Does not wait: what counts is what the router sees. */
  startSidecar(): void {
    this.#sidecar = this.#processes.start({
      name: `${this.plan.name}-swancast`,
      namespace: this.plan.namespace,
      argv: [process.execPath, this.#entry, 'run', '-c', this.configFile],
    });
  }

  /** SIGKILL of swancast alone: its ExaBGP and guard live on. @returns its pid, before the process is gone */
  killSidecar(): { readonly pid: number; readonly gone: Promise<void> } {
    if (this.#sidecar === undefined)
      throw new LabError('LAB_SPOILT', `${this.plan.name} has no swancast to kill`);
    return { pid: this.#sidecar.pid, gone: this.#sidecar.end('SIGKILL') };
  }
}
