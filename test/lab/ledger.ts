/**
 * What a lab has started, in its directory, so that whoever comes next can clean up after a lab that could not.
 * The directory is `swancast-lab-NAME` in the system's directory for temporary files.
 */
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from './lab-error.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

export interface LedgerRecord {
  readonly name: string;
  /** The `npm run lab` that made it; undefined once a lab was left up by --keep. */
  readonly owner: ProcessIdentity | undefined;
  readonly processes: readonly ProcessIdentity[];
}

export const NAME_PATTERN = /^[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?$/;

export function labDirectory(name: string): string {
  return join(tmpdir(), `swancast-lab-${name}`);
}

/** @returns undefined if no lab of this name left a record */
export function readLedger(name: string): LedgerRecord | undefined {
  const path = join(labDirectory(name), 'lab.json');
  try {
    assertOwnDirectory(labDirectory(name));
    return JSON.parse(readFileSync(path, 'utf8')) as LedgerRecord;
  } catch (error) {
    if (error instanceof LabError) throw error;
    return undefined;
  }
}

/** In a directory that all can write to, a name may have been taken by somebody else, or be a link to anywhere. */
function assertOwnDirectory(directory: string): void {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isDirectory() && stat.uid === process.getuid?.())) return;
  throw new LabError(
    'LAB_IN_USE',
    `${directory} is not a directory of ours: remove it, or take another --name`,
  );
}

export class Ledger {
  readonly directory: string;
  readonly #name: string;
  #owner: ProcessIdentity | undefined = identify(process.pid);
  #processes: ProcessIdentity[];
  #ending = false;

  private constructor(name: string, processes: readonly ProcessIdentity[]) {
    this.#name = name;
    this.#processes = [...processes];
    this.directory = labDirectory(name);
  }

  /**
   * Makes this process the owner of the lab of this name; what an earlier one left is still to be taken down.
   * @throws LabError LAB_IN_USE if another live process owns it
   */
  static claim(name: string): Ledger {
    const record = readLedger(name);
    const owner = record?.owner;
    if (owner !== undefined && owner.pid !== process.pid && isAlive(owner))
      throw new LabError(
        'LAB_IN_USE',
        `lab "${name}" is in use by process ${owner.pid}: wait for it, stop it, or take another --name`,
      );
    const ledger = new Ledger(name, record?.processes ?? []);
    mkdirSync(ledger.directory, { recursive: true });
    ledger.#write();
    return ledger;
  }

  /** Starts anew with an empty directory: logs of an earlier lab of this name are removed too. */
  begin(): void {
    this.#processes = [];
    this.#ending = false;
    rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(join(this.directory, 'logs'), { recursive: true });
    this.#write();
  }

  /** The lab is being taken down: nothing is started again, and no end is news. */
  end(): void {
    this.#ending = true;
  }

  get ending(): boolean {
    return this.#ending;
  }

  add(pid: number): void {
    const identity = identify(pid);
    if (identity === undefined) return;
    this.#processes.push(identity);
    this.#write();
  }

  /** The lab outlives this process. */
  disown(): void {
    this.#owner = undefined;
    this.#write();
  }

  #write(): void {
    const record = { name: this.#name, owner: this.#owner, processes: this.#processes };
    const path = join(this.directory, 'lab.json');
    writeFileSync(`${path}.new`, JSON.stringify(record));
    renameSync(`${path}.new`, path);
  }
}
