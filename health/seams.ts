/** What health/ is handed instead of taking it: a log, and timers that a test can turn by hand. */

/** The part of a pino logger that health uses: fields first, then the sentence. */
export interface HealthLog {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** One timer; returns how to cancel it. A seam, so that tests can turn the clock by hand. */
export type SetTimer = (ms: number, fire: () => void) => () => void;

export const setTimer: SetTimer = (ms, fire) => {
  const timer = setTimeout(fire, ms);
  return () => {
    clearTimeout(timer);
  };
};
