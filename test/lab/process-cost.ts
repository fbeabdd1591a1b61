import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from './process-identity.ts';

/** Clock ticks a second, USER_HZ: 100 on every Linux. */
const TICKS_PER_SECOND = 100;

export interface ProcessCost {
  /** User and system time of all threads since its start. */
  readonly cpuSeconds: number;
  readonly rssMb: number;
  /** Memory shared with others counted in part (proc_pid_smaps(5)). */
  readonly pssMb: number;
}

/** @throws when the process has ended */
export function costOf({ pid }: Pick<ProcessIdentity, 'pid'>): ProcessCost {
  const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8');
  return parseCost(read('stat'), read('status'), read('smaps_rollup'));
}

/** Pure; the texts are those of the files in /proc/PID. */
export function parseCost(stat: string, status: string, smapsRollup: string): ProcessCost {
  // Fields 14 and 15; the name in field 2 may hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    cpuSeconds: ticks / TICKS_PER_SECOND,
    rssMb: megabytes(/^VmRSS:\s+(\d+) kB$/m, status),
    pssMb: megabytes(/^Pss:\s+(\d+) kB$/m, smapsRollup),
  };
}

function megabytes(line: RegExp, text: string): number {
  return Number(line.exec(text)?.[1] ?? NaN) / 1024;
}
