/**
 * Our own lateness: what a check could not hear in time says nothing about charon while our event loop, or the
 * host under it, was late itself.
 */
import type { Judgement } from './check.ts';
import type { HealthReason } from './reason.ts';
import type { SetTimer } from './seams.ts';

/** Reasons that mean "no answer in time": our own lag explains them as well as charon's silence does. */
const TIMED_REASONS: ReadonlySet<HealthReason> = new Set<HealthReason>([
  'vici-silent',
  'ike-silent',
  'ike-workers-stuck',
  'ike-overloaded',
  'check-timed-out',
  'exec-timed-out',
  'http-no-answer',
  'inside-unreachable',
  'inside-below-minimum',
]);

/**
 * Lateness that makes a timed failure worthless: a quarter of the timeout, but at least 50 ms, as timers of a busy
 * host are that late; of a timeout so short that this would be most of it, a third.
 */
export const lagLimit = (timeoutMs: number): number => Math.max(Math.min(50, timeoutMs / 3), timeoutMs / 4);

/** What a judgement is worth when the event loop was late by `lagMs` meanwhile. A pass stays a pass. */
export function discountLag(judgement: Judgement, lagMs: number, timeoutMs: number): Judgement {
  if (judgement.verdict === 'pass' || lagMs <= lagLimit(timeoutMs)) return judgement;
  if (!TIMED_REASONS.has(judgement.reason)) return judgement;
  return {
    verdict: 'unknown',
    reason: 'lagging',
    value: `${judgement.reason} while our event loop was ${lagMs.toFixed(0)} ms late`,
  };
}

/** How often the event loop is asked whether it is on time while a look is under way. */
const BEAT_MS = 25;

/** Measures how late our own timers are until it is stopped; stop() gives the worst in milliseconds. */
export function startBeat(now: () => number, setTimer: SetTimer): { stop: () => number } {
  let worst = 0;
  let expected = 0;
  let cancel: (() => void) | undefined;
  const note = (): void => {
    worst = Math.max(worst, now() - expected);
  };
  const arm = (): void => {
    expected = now() + BEAT_MS;
    cancel = setTimer(BEAT_MS, () => {
      note();
      arm();
    });
  };
  arm();
  return {
    stop: () => {
      if (cancel !== undefined) {
        note();
        cancel();
        cancel = undefined;
      }
      return worst;
    },
  };
}
