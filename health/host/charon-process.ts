/** charon as a process of this host. VICI does not tell its pid, so it is looked for by name. */
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { kernelText } from './kernel-file.ts';

export interface CharonProcess {
  readonly pid: number;
  /** Clock ticks since boot: a pid alone is no identity. */
  readonly startTime: string;
  /** Resident memory in bytes. */
  readonly rssBytes: number;
}

/** Names in /proc/PID/comm, of which the kernel keeps 15 characters. */
const NAMES: ReadonlySet<string> = new Set(['charon', 'charon-systemd']);

/**
 * The one charon of our network namespace. Undefined when there is none, when there are several, and when other
 * users' processes are hidden from us (mount option hidepid).
 */
export function findCharon(proc = '/proc'): CharonProcess | undefined {
  let names: string[];
  try {
    names = readdirSync(proc).filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  const all = names.filter((pid) => NAMES.has(kernelText(join(proc, pid, 'comm')) ?? ''));
  const ours = namespaceOf('self', proc);
  // Whose namespace may not be read counts as ours: as a plain user we cannot see that of root's charon.
  const near = all.filter((pid) => [ours, undefined].includes(namespaceOf(pid, proc)));
  const [pid] = near;
  return pid === undefined || near.length > 1 ? undefined : readProcess(Number(pid), proc);
}

function namespaceOf(pid: string, proc: string): string | undefined {
  try {
    return readlinkSync(join(proc, pid, 'ns/net'));
  } catch {
    return undefined;
  }
}

/** proc_pid_stat(5), proc_pid_status(5) */
function readProcess(pid: number, proc: string): CharonProcess | undefined {
  const stat = kernelText(join(proc, String(pid), 'stat'));
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(kernelText(join(proc, String(pid), 'status')) ?? '')?.[1];
  // The command name stands in brackets and may hold spaces and brackets itself.
  const startTime = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  if (startTime === undefined || kilobytes === undefined) return undefined;
  return { pid, startTime, rssBytes: Number(kilobytes) * 1024 };
}
