/** A guard that is there and does not answer, or an ExaBGP without one: whom that ends, and what a person is told. */
import { readLeaseRecord } from './lease-record.ts';
import type { SpeakerProblem } from './problem.ts';
import { isAncestor, signalProcess, type ProcessIdentity } from './procfs.ts';

export interface SilentGuard {
  readonly leaseSocket: string;
  /** ExaBGP and guard, as the guard's hello said; undefined: it said none, and its record is asked. */
  readonly known: readonly ProcessIdentity[] | undefined;
  /** Who runs ExaBGP for us, if we do. */
  readonly supervisor: { readonly pid: number | undefined; kill(): void } | undefined;
  readonly waitedMs: number;
}

/**
 * Kills what can be identified for sure, ExaBGP first: the end of its TCP sessions withdraws everything. Undefined
 * when there is nothing to say: the supervisor is ending an orphan, or starts ExaBGP at this moment.
 */
export function endSilentGuard({
  leaseSocket,
  known,
  supervisor,
  waitedMs,
}: SilentGuard): { readonly code: SpeakerProblem; readonly text: string } | undefined {
  const { processes: guard, orphaned } =
    known === undefined ? readLeaseRecord(leaseSocket) : { processes: known, orphaned: false };
  const pids = guard.map(({ pid }) => pid).join(' and ');
  if (known === undefined && supervisor !== undefined) {
    const { pid: ours } = supervisor;
    if (ours === undefined) return undefined;
    // One whose ExaBGP has ended would keep its socket from ours for ever.
    if (!orphaned && guard.some(({ pid }) => pid !== ours && !isAncestor(ours, pid))) {
      const text = `${leaseSocket} belongs to processes of another ExaBGP (${pids}), and they do not answer: end them, or set bgp.supervise: false`;
      return { code: 'GUARD_FOREIGN', text };
    }
  }
  supervisor?.kill();
  const killed = guard.filter((identity) => signalProcess(identity, 'SIGKILL'));
  // Either will do: a guard that ends makes its launcher clear.
  if (supervisor !== undefined || killed.length > 0) {
    const who = pids === '' ? 'ExaBGP was killed' : `ExaBGP and guard (${pids}) were killed`;
    const text = `the guard did not answer for ${Math.round(waitedMs)} ms: ${who}, which withdraws everything`;
    return { code: 'GUARD_SILENT', text };
  }
  const whom =
    guard.length === 0
      ? 'nothing tells which processes these are: end ExaBGP and its guard by hand'
      : `processes ${pids} cannot be killed by this user: end them by hand`;
  return {
    code: 'GUARD_SILENT',
    text: `the guard behind ${leaseSocket} does not answer, what is announced may stay so, and ${whom}`,
  };
}

/**
 * ExaBGP goes on announcing without a guard when it ended the guard itself: 4.2 does at a reload whose file it cannot
 * read up to our process, and tells nobody. Undefined when no ExaBGP of the last guard is there.
 */
export function endUnguarded(leaseSocket: string): string | undefined {
  const killed = readLeaseRecord(leaseSocket).processes.filter((each) => signalProcess(each, 'SIGKILL'));
  if (killed.length === 0) return undefined;
  const pids = killed.map(({ pid }) => pid).join(' and ');
  return `ExaBGP (${pids}) ran on without its guard and was killed, which withdraws everything: is its configuration file in order?`;
}
