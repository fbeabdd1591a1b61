/**
 * pino on standard output, synchronous: the last line before a crash is the one that matters. A line that cannot be
 * written (a full disk) waits for the next one, and does not keep anybody from withdrawing.
 */
import { destination, pino, stdTimeFunctions, type Logger } from 'pino';

export type { Logger };

/** So much waits for space; what comes after it is lost. */
const WAITING_BYTES = 1024 * 1024;

export function createLog(level: string, gateway: string): Logger {
  const out = destination({ fd: 1, sync: true, maxLength: WAITING_BYTES });
  // Without a listener the error would come out of the call that logs, in the middle of whatever is being done.
  out.on('error', () => undefined);
  return pino(
    {
      level,
      base: { gateway },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    out,
  );
}
