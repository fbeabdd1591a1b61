/** What a check is given of the world. Everything else it has to bring along itself. */
import type { CharonLink } from './charon-link.ts';
import type { SaCount } from './sa-book.ts';

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

export interface World {
  readonly link: CharonLink;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: () => number;
  /** Whether this gateway announces a prefix just now (degraded counts): minimums arm only then. */
  readonly announced: () => boolean;
  readonly log: HealthLog;
  /** Told each count of IKE_SAs and CHILD_SAs, for the metrics; undefined when it is not known. */
  readonly onSaCount?: (count: SaCount | undefined) => void;
}
