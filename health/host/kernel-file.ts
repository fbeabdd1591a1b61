/** Files of the kernel's own making, in procfs and sysfs: read at once, no disk is waited for. */
import { readFileSync } from 'node:fs';

/** Trimmed; undefined when it is not there, may not be read, or the kernel has nothing to say. */
export function kernelText(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return undefined;
  }
}

/** The same as a number. */
export function kernelNumber(file: string): number | undefined {
  const text = kernelText(file);
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}
