/** How long a prefix is held down for its steps down, reckoned anew out of all of them. */
import type { HoldDownPolicy } from '../../sidecar/flap.ts';

/**
 * own: the checks took it down, or would have, had it not been held. borne: they would have, had there been anybody
 * better. for-another: somebody better came. stand-in: it came up for want of anybody better.
 */
export interface Strike {
  readonly at: number;
  readonly hold: HoldDownPolicy;
  readonly kind: 'own' | 'borne' | 'for-another' | 'stand-in';
}

/** Doubles with every step down, halves with every quiet period between two of them. */
export function heldUntil(strikes: readonly Strike[]): number {
  let [factor, previous, until] = [1, -Infinity, -Infinity];
  for (const { at, hold, kind } of strikes) {
    let now = factor;
    for (let quiet = hold.quietMs; quiet <= at - previous && now > 1; quiet += hold.quietMs) now /= 2;
    const wait = (times: number): number => at + Math.min(hold.holdDownMaxMs, hold.holdDownMs * times);
    if (kind === 'stand-in') until = Math.max(until, at + hold.holdDownMs);
    else if (kind === 'for-another') until = Math.max(until, wait(Math.max(1, now / 2)));
    else {
      until = wait(now);
      factor = now * 2;
      previous = at;
    }
  }
  return until;
}

/** So many steps down in the window, whatever they were for, none of them from before or within a hold. */
export function flapHeldUntil(strikes: readonly Strike[]): number {
  let [counted, until]: [number[], number] = [[], -Infinity];
  for (const { at, hold, kind } of strikes) {
    const isDown = kind === 'own' || kind === 'for-another';
    if (!isDown || hold.flapLimit === 0 || at < until) continue;
    counted = [...counted.filter((each) => each > at - hold.flapWindowMs && each > until), at];
    if (counted.length >= hold.flapLimit) until = at + hold.flapHoldMs;
  }
  return until;
}
