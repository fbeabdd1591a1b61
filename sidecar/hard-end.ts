/**
 * The end of last resort. Stopping waits for disks and for other processes, and a thread that a dead disk holds
 * keeps even process.exit() waiting, so what is left then is SIGKILL: to whoever waits for us it is a failure.
 */
import type { Logger } from './log.ts';

/** Far beyond what stopping takes on a busy host: 1 s for the guard's word, 1.5 s for ExaBGP. */
const DEADLINE_MS = 10_000;

/**
 * From now on the process has so much time to end by itself, which is returned. `waitsFor`: for a person, as of the
 * moment it is asked.
 */
export function endHardLater(log: Logger, waitsFor: () => string, deadlineMs = DEADLINE_MS): number {
  const timer = setTimeout(() => {
    const seconds = deadlineMs / 1000;
    log.fatal(`stopping took longer than ${seconds} s, waiting for ${waitsFor()}: killing this process`);
    process.kill(process.pid, 'SIGKILL');
  }, deadlineMs);
  // Alone it keeps nothing alive.
  timer.unref();
  return deadlineMs;
}
