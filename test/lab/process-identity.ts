import { readFileSync } from 'node:fs';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat (proc(5)): clock ticks after boot. */
  readonly startTime: string;
}

interface Stat {
  readonly state: string;
  readonly startTime: string;
  /** Field 7: 0 without a controlling terminal. */
  readonly terminal: string;
}

function readStat(pid: number): Stat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in field 2 may hold blanks and parentheses: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', terminal: fields[4] ?? '', startTime: fields[19] ?? '' };
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
