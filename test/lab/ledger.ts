/**
 * What a lab has started, in its directory, so that whoever comes next can clean up after a lab that could not.
 * The directory is `swancast-lab-NAME` in the system's directory for temporary files.
 */
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from './lab-error.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';

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
  #processes: ProcessIdentity[] = [];

  private constructor(name: string) {
    this.#name = name;
    this.directory = labDirectory(name);
  }

  /** Starts a new record; what an earlier lab of this name left in the directory, logs too, is removed. */
  static create(name: string): Ledger {
    const ledger = new Ledger(name);
    assertOwnDirectory(ledger.directory);
    rmSync(ledger.directory, { recursive: true, force: true });
    mkdirSync(join(ledger.directory, 'logs'), { recursive: true });
    ledger.#write();
    return ledger;
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
