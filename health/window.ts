/** Samples of the recent past, for checks that judge by what grew or stood still meanwhile. Pure. */

/** A window is remembered in about this many samples, however often one looks. */
const SLICES = 60;

/**
 * The samples with one more, oldest first. The first may be older than the window: it is the one that the
 * window began with, so that differences over the whole window can be taken. Looks that come faster than a
 * slice of the window fall into one sample, made by `merge` of the two (by default the newer one).
 */
export function withSample<Sample extends { readonly at: number }>(
  samples: readonly Sample[],
  sample: Sample,
  windowMs: number,
  merge: (older: Sample, newer: Sample) => Sample = (_, newer) => newer,
): readonly Sample[] {
  const first = samples.findLastIndex(({ at }) => at <= sample.at - windowMs);
  const recent = samples.slice(Math.max(0, first));
  const [before, newest] = [recent.at(-2), recent.at(-1)];
  if (before !== undefined && newest !== undefined && sample.at - before.at < windowMs / SLICES) {
    return [...recent.slice(0, -1), merge(newest, sample)];
  }
  return [...recent, sample];
}

/** The samples that say what was the case during all of the last `ms`; undefined while watched for less. */
export function lasting<Sample extends { readonly at: number }>(
  samples: readonly Sample[],
  ms: number,
): readonly [Sample, ...Sample[]] | undefined {
  const end = samples.at(-1)?.at ?? NaN;
  const first = samples.findLastIndex(({ at }) => at <= end - ms);
  const [start, ...rest] = first === -1 ? [] : samples.slice(first);
  return start === undefined ? undefined : [start, ...rest];
}

/** charon's times of start further apart than this are two charons. */
const RESTART_MS = 5000;

/**
 * Whether two times of start are those of one charon: equal but for the jitter of a second and a slewed clock.
 * A time that cannot be read (NaN) is no restart.
 */
export const sameRun = (before: number, after: number): boolean => !(Math.abs(before - after) >= RESTART_MS);
