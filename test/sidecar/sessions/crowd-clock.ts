/** Simulated time, of which everybody in crowd.ts has the same. */

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class Clock {
  now = 1000;
  /** When the one who is driven asked to be woken. */
  wakeAt: number | undefined;
  readonly #wake: () => void;
  #queue: Due[] = [];
  #order = 0;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  after(ms: number, run: () => void): void {
    this.#order += 1;
    this.#queue.push({ at: this.now + ms, order: this.#order, run });
  }

  run(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const next = this.#queue.reduce<Due | undefined>(
        (first, each) =>
          first === undefined || each.at < first.at || (each.at === first.at && each.order < first.order)
            ? each
            : first,
        undefined,
      );
      const wakeAt = this.wakeAt === undefined ? Infinity : Math.max(this.wakeAt, this.now);
      const at = Math.min(next?.at ?? Infinity, wakeAt);
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (next !== undefined && next.at <= wakeAt) {
        this.#queue = this.#queue.filter((each) => each !== next);
        next.run();
      } else {
        this.wakeAt = undefined;
        this.#wake();
      }
    }
    this.now = until;
  }
}

/** The most of these moments within any second. */
export function mostInASecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  let from = 0;
  return sorted.reduce((most, time, index) => {
    while ((sorted[from] ?? 0) <= time - 1000) from += 1;
    return Math.max(most, index - from + 1);
  }, 0);
}
