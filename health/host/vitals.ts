/** What a host says of itself in /proc: pressure, memory, file descriptors. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { kernelText } from './kernel-file.ts';

/** Shares of time, in percent over the last minute; undefined where the kernel has no PSI (or has it off). */
export interface Pressure {
  /** Some work waited for a CPU. */
  readonly cpu: number | undefined;
  /** All work waited for memory. */
  readonly memory: number | undefined;
  /** All work waited for disks. */
  readonly io: number | undefined;
}

export interface Use {
  readonly used: number;
  readonly limit: number;
}

export function readPressure(proc = '/proc'): Pressure {
  const file = (name: string): string => kernelText(join(proc, 'pressure', name)) ?? '';
  return {
    // "full" of the CPU is always 0 for a whole host (kernel documentation, accounting/psi).
    cpu: average(file('cpu'), 'some'),
    memory: average(file('memory'), 'full'),
    io: average(file('io'), 'full'),
  };
}

/** "some avg10=4.62 avg60=4.09 avg300=4.45 total=1907192205" → 4.09. Pure. */
export function average(pressure: string, line: 'some' | 'full'): number | undefined {
  const text = new RegExp(`^${line} .*\\bavg60=([\\d.]+)`, 'm').exec(pressure)?.[1];
  return text === undefined ? undefined : Number(text);
}

/** Percent of the memory that programs can still get (proc_meminfo(5)). */
export function memoryAvailable(proc = '/proc'): number | undefined {
  const text = kernelText(join(proc, 'meminfo')) ?? '';
  const kilobytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  const percent = (kilobytes('MemAvailable') / kilobytes('MemTotal')) * 100;
  return Number.isFinite(percent) ? percent : undefined;
}

/** Of the whole host (proc_sys_fs(5)): in use, unused but allocated, the most there can be. */
export function hostDescriptors(proc = '/proc'): Use | undefined {
  const [used, free, limit] = (kernelText(join(proc, 'sys/fs/file-nr')) ?? '').split(/\s+/).map(Number);
  return limit === undefined ? undefined : { used: (used ?? 0) - (free ?? 0), limit };
}

/** Of one process; undefined when we may not look (another user's), or it has gone. */
export function processDescriptors(pid: number | 'self', proc = '/proc'): Use | undefined {
  const folder = join(proc, String(pid));
  const limit = /^Max open files\s+(\d+)/m.exec(kernelText(join(folder, 'limits')) ?? '')?.[1];
  try {
    return limit === undefined
      ? undefined
      : { used: readdirSync(join(folder, 'fd')).length, limit: Number(limit) };
  } catch {
    return undefined;
  }
}
