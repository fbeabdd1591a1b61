import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat (proc(5)): clock ticks after boot. */
  readonly startTime: string;
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  /** Field 6: the pid of the process that began the session; children keep it when their parent dies. */
  readonly session: number;
  readonly startTime: string;
  /** Field 7: 0 without a controlling terminal. */
  readonly terminal: string;
}

function readStat(pid: number): Stat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in field 2 may hold blanks and parentheses: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state = '', parent, , session, terminal = ''] = fields;
    return {
      state,
      parent: Number(parent),
      session: Number(session),
      terminal,
      startTime: fields[19] ?? '',
    };
  } catch {
    return undefined;
  }
}

/** @returns undefined if there is no such process */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat === undefined ? undefined : { pid, startTime: stat.startTime };
}

/** True while that very process runs; a zombie has ended. */
export function isAlive(process: ProcessIdentity): boolean {
  const stat = readStat(process.pid);
  return stat !== undefined && stat.startTime === process.startTime && stat.state !== 'Z';
}

/** Someone's shell rather than a daemon of the lab, which are all started in sessions without a terminal. */
export function hasTerminal(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== undefined && stat.terminal !== '0';
}

export interface SeenProcess extends ProcessIdentity {
  readonly parent: number;
  readonly session: number;
  /** Empty for a zombie. */
  readonly argv: readonly string[];
}

/** Every process of the machine that has not ended, oldest first. Takes a few milliseconds. */
export function allProcesses(): SeenProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const pid = Number(name);
      const stat = readStat(pid);
      if (stat === undefined || stat.state === 'Z') return [];
      const { parent, session, startTime } = stat;
      return [{ pid, parent, session, startTime, argv: readArgv(pid) }];
    })
    .sort((a, b) => Number(a.startTime) - Number(b.startTime));
}

function readArgv(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Sends a signal to that very process. @returns false if it has ended */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Resolves once that process has ended; false if it has not within that time. */
export async function hasEnded(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  // Not our child as a rule: there is no event to wait for, only /proc.
  while (isAlive(identity)) {
    if (performance.now() > deadline) return false;
    await delay(10);
  }
  return true;
}
