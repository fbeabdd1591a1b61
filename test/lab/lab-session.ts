import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { takeDown } from './cleanup.ts';
import { dataplaneOf } from './dataplane.ts';
import { sidecarEntry } from './gateway.ts';
import { raiseLab, type Lab } from './lab.ts';
import { LabError, reasonOf } from './lab-error.ts';
import { labDirectory, Ledger } from './ledger.ts';
import type { RouterKind } from './router.ts';
import type { Site } from './site.ts';

/** What every exercise can be told about its lab. */
export interface LabRun {
  readonly name: string;
  readonly router: RouterKind;
  readonly clients: number;
  readonly bundle: boolean;
  readonly supervise: boolean;
  readonly sidecar?: string | undefined;
  readonly keep: boolean;
  readonly talkers?: number;
  readonly stress?: boolean;
  readonly ownClock?: boolean;
  readonly fast?: boolean;
  readonly site?: Site;
}

export interface Output {
  readonly progress: (line: string) => void;
  readonly result: (text: string) => void;
}

/**
 * Raises a lab for `use`, and takes it down whatever happened, or leaves it up where that was asked for and nothing
 * broke. `use` resolves with whether all was well: only then the logs go too. The signal given to it also says
 * when a daemon of the lab died.
 */
export async function withLab(
  options: LabRun,
  output: Output,
  interrupted: AbortSignal,
  use: (lab: Lab, signal: AbortSignal) => Promise<boolean>,
): Promise<boolean> {
  const ledger = Ledger.claim(options.name);
  const died = new AbortController();
  const signal = AbortSignal.any([interrupted, died.signal]);
  let lab: Lab | undefined;
  let keep = false;
  let good = false;
  try {
    const onDeath = (error: LabError): void => died.abort(error);
    lab = await raiseLab({ ...options, ledger, progress: output.progress, onDeath }, signal);
    const isGood = await use(lab, signal);
    keep = options.keep;
    if (interrupted.aborted) throw reasonOf(interrupted);
    good = isGood;
    return good;
  } finally {
    ledger.end();
    if (keep && lab !== undefined) {
      await lab.leaveUp();
      output.result(howToLookAround(lab, options));
    } else {
      await takeDown(options.name);
      if (good) rmSync(labDirectory(options.name), { recursive: true, force: true });
    }
    if (lab !== undefined && (keep || !good)) output.result(`logs: ${lab.logs}`);
  }
}

/** Every report says which data plane its figures are of. */
export function writeReport(file: string | undefined, report: object): void {
  if (file !== undefined)
    writeFileSync(file, `${JSON.stringify({ dataplane: dataplaneOf(), ...report }, null, 2)}\n`);
}

/** Before the runs, not after them. */
export function assertWritable(file: string | undefined): void {
  if (file !== undefined && !existsSync(dirname(resolve(file))))
    throw new LabError(
      'LAB_ARGUMENT',
      `${file} cannot be written: there is no directory ${dirname(resolve(file))}`,
    );
}

function howToLookAround({ topology, directory }: Lab, options: LabRun): string {
  const { name, namespaces } = topology;
  const paths =
    options.router === 'bird'
      ? `birdc -s ${directory}/router/bird.ctl show route`
      : `vtysh --vty_socket ${directory}/router -c 'show bgp all'`;
  const entry = sidecarEntry(options.bundle, options.sidecar);
  return [
    `The lab "${name}" is still up. To look around:`,
    `  ip netns exec ${namespaces.router} ip route`,
    `  ${paths}`,
    `  swanctl --list-sas --uri unix://${directory}/gw1/charon.vici`,
    `  ${process.execPath} ${entry} status -c ${directory}/gw1/swancast.yaml`,
    `To take it down: npm run -s lab -- clean --name ${name}`,
  ].join('\n');
}
