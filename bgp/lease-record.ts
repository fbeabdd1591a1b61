/**
 * Who holds the lease socket: a file beside it, written by the guard as soon as it listens. A frozen guard accepts
 * connections all the same (the kernel does) but says no hello, and a sidecar that has just started knows its
 * pids from nowhere else. `node:` imports only, for the guard's bundle.
 */
import { lstatSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { isAlive, isIdentity, type ProcessIdentity } from './procfs.ts';

const fileOf = (leaseSocket: string): string => `${leaseSocket}.pids`;

/** The guard's processes, in the order in which they are to be ended: ExaBGP (if known), guard. Throws the system's error. */
export function writeLeaseRecord(leaseSocket: string, processes: readonly ProcessIdentity[]): void {
  const file = fileOf(leaseSocket);
  const known = processes.map(({ pid, startTime }) => ({ pid, startTime }));
  writeFileSync(`${file}.new`, JSON.stringify(known), { mode: 0o640 });
  renameSync(`${file}.new`, file);
}

/**
 * Those of them that may be ended: still the very processes of the record, and of the user who owns the socket, so
 * that a record cannot turn us, should we be root, against somebody else's. None without a record. Never throws.
 * `orphaned`: their ExaBGP has ended, so they guard nothing any more.
 */
export function readLeaseRecord(leaseSocket: string): {
  readonly processes: readonly ProcessIdentity[];
  readonly orphaned: boolean;
} {
  try {
    const raw: unknown = JSON.parse(readFileSync(fileOf(leaseSocket), 'utf8'));
    const { uid } = lstatSync(leaseSocket);
    const recorded = (Array.isArray(raw) ? raw : []).filter(isIdentity);
    const [exabgp] = recorded;
    const orphaned = recorded.length > 1 && exabgp !== undefined && !isAlive(exabgp);
    const isTheirs = ({ pid }: ProcessIdentity): boolean => statSync(`/proc/${pid}`).uid === uid;
    return { processes: recorded.filter((each) => isAlive(each) && isTheirs(each)), orphaned };
  } catch {
    return { processes: [], orphaned: false };
  }
}
