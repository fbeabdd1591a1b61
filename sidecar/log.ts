/** pino on standard output, synchronous: the last line before a crash is the one that matters. */
import { destination, pino, stdTimeFunctions, type Logger } from 'pino';

export type { Logger };

export function createLog(level: string, gateway: string): Logger {
  return pino(
    {
      level,
      base: { gateway },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination({ fd: 1, sync: true }),
  );
}
