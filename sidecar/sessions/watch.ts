/**
 * The few that are looked at in place of all: of those who send, the ones whose turn to be terminated is next. Pure.
 *
 * That a route has moved shows in two looks at the counters, both after it. A listing of all takes about 0.1 ms an
 * IKE_SA, and as long all wait in silence; to ask for one by its id takes 0.5 ms, whatever the others are.
 *
 * What the few say holds for themselves alone: routers need not move at the same time, and with ECMP some clients
 * may still be led here. So these are terminated, the next are watched, and for the rest a listing of all has the
 * say. And it holds only of clients who were seen sending after the routers were told: a pause is no move.
 */
import type { Exodus } from './exodus.ts';
import type { Scene } from './scene.ts';
import type { Session } from './sessions.ts';
import type { Traffic } from './traffic.ts';

/** As many as the pace lets go at once, but never so few that one of them may mislead, nor so many that it lasts. */
const WATCH = { minimum: 8, maximum: 32, share: 4 } as const;
/** Who sent nothing for so long before the last listing of all is not waiting for anything. */
const RECENT_MS = 2000;
/** Looks follow each other so fast that packets in step, one each 10 ms from all of them, may not be due yet. */
const QUIET_MS = 12;
/**
 * Twice what stillness.ts asks for: hundreds of packets come before the routers move, and after each of them chance
 * could leave a gap. So it does in 1 of 10,000 drains.
 */
const MISSING = 16;
/** The silence of who sends much says nothing of who sends this many times less. */
const ALIKE = 4;
/** So few packets make no rate. */
const COUNT_MINIMUM = 4;

/** The same ones while there are any of them left to terminate; the ids of IKE_SAs. */
export function watchOf(
  { watched, method, leavingAt, ratePerSecond }: Exodus,
  here: readonly Session[],
  { book: { listedAt = -Infinity } }: Pick<Scene, 'book'>,
): readonly number[] {
  if (method === 'none' || listedAt < leavingAt) return [];
  const able = new Map(here.flatMap((session) => (isWatchable(session) ? [[session.id, session]] : [])));
  const left = watched.filter((id) => able.has(id));
  if (left.length > 0) return left;
  const count = Math.max(WATCH.minimum, Math.min(WATCH.maximum, Math.floor(ratePerSecond / WATCH.share)));
  const since = Math.max(leavingAt, listedAt - RECENT_MS);
  const sending = [...able.values()]
    .filter(({ traffic }) => (traffic?.grewAt ?? -Infinity) >= since && rateOf(traffic) > 0)
    .sort((a, b) => rateOf(b.traffic) - rateOf(a.traffic))
    .slice(0, count);
  const least = rateOf(sending[0]?.traffic) / ALIKE;
  return sending.filter(({ traffic }) => rateOf(traffic) >= least).map(({ id }) => id);
}

/**
 * Those who are watched were sending after the routers were told, and stopped, all of them: since the last of them was
 * seen sending, more packets are missing than chance explains.
 */
export function isWatchStopped({ watched, leavingAt }: Exodus, here: readonly Session[]): boolean {
  const few = new Set(watched);
  const traffics = here.flatMap(({ id, traffic }) =>
    few.has(id) && traffic?.grewAt !== undefined ? [{ ...traffic, grewAt: traffic.grewAt }] : [],
  );
  const newest = traffics.reduce((last, { grewAt }) => Math.max(last, grewAt), -Infinity);
  if (newest < leavingAt || traffics.some(({ at, grewAt }) => at - grewAt < QUIET_MS)) return false;
  const missing = traffics.reduce((sum, each) => sum + Math.max(0, each.at - newest) * rateSeen(each), 0);
  return missing >= MISSING;
}

/** What came since the first look counts for more than the life of a session that was idle for most of it. */
function rateSeen({ rate, packets, base, grewAt }: Traffic & { readonly grewAt: number }): number {
  const count = packets - base.packets;
  return count < COUNT_MINIMUM ? rate : Math.max(rate, count / (grewAt - base.at));
}

const isWatchable = ({ prefix, terminated }: Session): boolean =>
  prefix !== undefined && terminated === undefined;

const rateOf = (traffic: Session['traffic']): number => traffic?.rate ?? 0;
