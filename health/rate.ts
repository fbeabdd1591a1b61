/** Counters that only grow, read twice, as rates. Pure. */
export interface Counted<Name extends string> {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly counters: Readonly<Record<Name, number>>;
}

/** Growth per second; undefined when a counter went back (it began anew), or when no time has passed. */
export function rateOf<Name extends string>(
  before: Counted<Name>,
  after: Counted<Name>,
): Record<Name, number> | undefined {
  const seconds = (after.at - before.at) / 1000;
  if (seconds <= 0) return undefined;
  const rates: Partial<Record<Name, number>> = {};
  for (const name of Object.keys(after.counters) as Name[]) {
    const growth = after.counters[name] - (before.counters[name] ?? 0);
    if (growth < 0) return undefined;
    rates[name] = growth / seconds;
  }
  return rates as Record<Name, number>;
}
