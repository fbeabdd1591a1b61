/** Milliseconds of CLOCK_MONOTONIC, the same for all processes of the host. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Relates packet and route timestamps (CLOCK_REALTIME, from the kernel and from `ip`) to CLOCK_MONOTONIC.
 * Node reads CLOCK_REALTIME in whole milliseconds only, so the difference is taken at the moment the
 * millisecond changes; being late by x makes it x too small, hence the largest of a few is the best one.
 * Taken anew before each run, since NTP may slew the one clock and not the other.
 */
export class RealtimeClock {
  #offset = 0;

  constructor() {
    this.calibrate();
  }

  /** Blocks for about five milliseconds. */
  calibrate(): void {
    let best = -Infinity;
    for (let tick = 0; tick < 5; tick += 1) {
      const before = Date.now();
      let now = before;
      while (now === before) now = Date.now();
      best = Math.max(best, now - monotonic());
    }
    this.#offset = best;
  }

  /** @param realtimeMs milliseconds since 1970, with fractions */
  toMonotonic(realtimeMs: number): number {
    return realtimeMs - this.#offset;
  }
}
