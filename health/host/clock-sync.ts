/**
 * Whether the clock is synchronised, as far as files tell: Node has no adjtimex(2), and the kernel shows its
 * flag nowhere in /proc. systemd-timesyncd leaves a mark; chrony and ntpd write their drift file about once an
 * hour while they are in step, but an old one does not prove that they are not.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';

export type ClockSync = 'synchronised' | 'unsynchronised' | 'unknown';

const DRIFT_FILES = [
  'var/lib/chrony/drift',
  'var/lib/chrony/chrony.drift',
  'var/lib/ntp/ntp.drift',
  'var/lib/ntpsec/ntp.drift',
];

/** Two of their rounds. */
const DRIFT_MS = 2 * 3_600_000;

/** `root`: of the file system. `wallMs`: the wall clock, milliseconds, which the times of files go by. */
export function clockSync(wallMs: number, root = '/'): ClockSync {
  const changedAt = (file: string): number | undefined => {
    try {
      return statSync(join(root, file)).mtimeMs;
    } catch {
      return undefined;
    }
  };
  if (changedAt('run/systemd/timesync/synchronized') !== undefined) return 'synchronised';
  const drifts = DRIFT_FILES.flatMap((file) => changedAt(file) ?? []);
  if (drifts.some((at) => Math.abs(wallMs - at) <= DRIFT_MS)) return 'synchronised';
  // timesyncd runs and has not yet left its mark; where another one keeps the time, that says nothing.
  return drifts.length === 0 && changedAt('run/systemd/timesync') !== undefined
    ? 'unsynchronised'
    : 'unknown';
}
