/** Who a pid is, from /proc (proc_pid_stat(5)). A pid alone is no identity: it is reused, its start time is not. */
import { closeSync, openSync, readFileSync, readdirSync, readSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, as the kernel prints them. */
  readonly startTime: string;
  /** See `hold`. */
  readonly held?: number;
}

export interface ProcessStat extends ProcessIdentity {
  readonly parent: number;
  /** Z and X are dead already and only wait for their parent. */
  readonly state: string;
}

/** Undefined when there is no such process. `held`: looks through this descriptor, and needs no other. */
export function processStat(pid: number, held?: number): ProcessStat | undefined {
  let text: string;
  try {
    text = held === undefined ? readFileSync(`/proc/${pid}/stat`, 'latin1') : readAgain(held);
  } catch {
    return undefined;
  }
  // The command name stands in brackets and may hold spaces and brackets itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = ''] = fields;
  return { pid, state, parent: Number(parent), startTime: fields[19] ?? '' };
}

/** Fails (ESRCH) once the process is gone, also when another one has its pid by then. */
function readAgain(held: number): string {
  const line = Buffer.alloc(4096);
  const length = readSync(held, line, 0, line.length, 0);
  return line.toString('latin1', 0, length);
}

/** For whom must be told also when no descriptor is left: keeps one open on the process, until `letGo`. */
export function hold(pid: number): ProcessIdentity | undefined {
  const stat = processStat(pid);
  if (stat === undefined) return undefined;
  const { startTime } = stat;
  try {
    return { pid, startTime, held: openSync(`/proc/${pid}/stat`, 'r') };
  } catch {
    return { pid, startTime };
  }
}

export function letGo(identities: readonly ProcessIdentity[]): void {
  for (const { held } of identities) if (held !== undefined) closeSync(held);
}

/** For what comes from a file, of whatever shape. */
export function isIdentity(raw: unknown): raw is ProcessIdentity {
  if (typeof raw !== 'object' || raw === null || !('pid' in raw) || !('startTime' in raw)) return false;
  const { pid, startTime } = raw;
  return typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 && typeof startTime === 'string';
}

/** True while the very process that was seen then still runs. */
export function isAlive({ pid, startTime, held }: ProcessIdentity): boolean {
  const stat = processStat(pid, held);
  return stat !== undefined && stat.startTime === startTime && stat.state !== 'Z' && stat.state !== 'X';
}

/** True when `ancestor` is among the parents of `pid`, at most `depth` steps up. */
export function isAncestor(ancestor: number, pid: number, depth = 4): boolean {
  for (let [at, steps] = [processStat(pid)?.parent ?? 0, depth]; at > 1 && steps > 0; steps -= 1) {
    if (at === ancestor) return true;
    at = processStat(at)?.parent ?? 0;
  }
  return false;
}

/** The children of a process and theirs, as of now; none when /proc cannot be read (out of descriptors). */
export function descendants(pid: number): ProcessIdentity[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  const stats = names.filter((name) => /^\d+$/.test(name)).flatMap((name) => processStat(Number(name)) ?? []);
  const found: ProcessIdentity[] = [];
  const parents = [pid];
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    for (const stat of stats) {
      if (stat.parent !== parent) continue;
      found.push({ pid: stat.pid, startTime: stat.startTime });
      parents.push(stat.pid);
    }
  }
  return found;
}

/** Sends a signal to that process if it still is that process; false when it is gone or not ours to signal. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false;
  }
}
