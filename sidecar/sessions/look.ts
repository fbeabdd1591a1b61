/** When charon is to be looked at next, and whether at all of it or at a few IKE_SAs. Pure. */

/** What a part of the sessions wants to know. */
export interface LookWish {
  /** How old the last listing of all may be at most. */
  readonly maxAgeMs: number;
  /** Whether charon's time counts for less than that of the clients, who wait in silence. */
  readonly urgent: boolean;
  /** The ids of these are asked for as often as it goes. */
  readonly watched?: readonly number[];
}

/** One look at charon that is over. */
export interface Look {
  readonly endedAt: number;
  readonly tookMs: number;
}

export interface Looks {
  /** The last listing of all. */
  readonly listed: Look & { readonly failed: boolean };
  /** When it began; undefined: there was none that came to its end. */
  readonly listedAt: number | undefined;
  /** It is from before the link was up, or something could not be sent since: list all before anything else. */
  readonly isStale: boolean;
  /** The last look at a few. */
  readonly sampled: Look;
}

export interface NextLook {
  readonly at: number;
  /** undefined: at all of it. */
  readonly watched: readonly number[] | undefined;
}

/** A listing takes at most one fifth of charon's time, or half of it while clients wait in silence. */
const PAUSE = { calm: 4, urgent: 1 } as const;
const PAUSE_MINIMUM_MS = 10;
const PAUSE_FAILED_MS = 500;
/** A few questions hold up one of charon's workers, and no lock for long. */
const PAUSE_SAMPLE_MS = 2;

/** As soon as somebody needs it, but not so often that charon does nothing else. */
export function nextLook(looks: Looks, wishes: readonly LookWish[], now: number): NextLook | undefined {
  const { listed, listedAt = -Infinity, isStale, sampled } = looks;
  if (wishes.length === 0 && !isStale) return undefined;
  const due = isStale ? now : listedAt + Math.min(...wishes.map(({ maxAgeMs }) => maxAgeMs));
  const isUrgent = wishes.some(({ urgent }) => urgent);
  // How long a failure took is the time of a deadline, and none of charon's.
  const pause = listed.failed
    ? PAUSE_FAILED_MS
    : Math.max(PAUSE_MINIMUM_MS, listed.tookMs * (isUrgent ? PAUSE.urgent : PAUSE.calm));
  const all: NextLook = { at: Math.max(due, listed.endedAt + pause), watched: undefined };
  const watched = wishes.flatMap((wish) => wish.watched ?? []);
  if (isStale || watched.length === 0) return all;
  const few: NextLook = { at: Math.max(listed.endedAt, sampled.endedAt) + PAUSE_SAMPLE_MS, watched };
  return all.at <= Math.max(few.at, now) ? all : few;
}
