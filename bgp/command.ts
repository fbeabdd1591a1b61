/**
 * ExaBGP API commands, one line each, out of checked parts only.
 *
 * ExaBGP finds the command by substring, so no free text may ever be in a line: no comments, no names.
 * Known community names are left out on purpose: it knows `no-export`, but not `graceful-shutdown`.
 */
import { announcementProblems, type Announcement } from './announcement.ts';
import { announceWords, neighborWords, routeWords } from './route-words.ts';

/** Withdraws every route from every neighbor; answered like a withdrawal. */
export const CLEAR = 'clear adj-rib out';
/** Answered at once by a line "exabgp X.Y.Z" and `done`: the only answer that cannot be mistaken for another's. */
export const VERSION = 'version';

/** Prints what neighbor-listing.ts reads, then `done`. `neighbor`: an address, or 'all'. */
export const showCommand = (neighbor: string): string =>
  neighbor === 'all' ? 'show neighbor extensive' : `show neighbor ${neighbor} extensive`;

/**
 * `announce route …`, with `neighbor A, neighbor B` in front when it is for these alone: answered by `error` when
 * ExaBGP has none of them, and by `done` when it has one.
 * Throws on an announcement that was not checked: that is a defect, and the line is not written.
 */
export function announceCommand(announcement: Announcement, localAs: number): string {
  assertChecked(announcement);
  return announceWords(announcement, localAs);
}

/**
 * `withdraw route …` from those who were told, with the path identifier, which makes it a route of its own, and the
 * next-hop it was announced with: without one, some versions keep the route.
 */
export function withdrawCommand(announcement: Announcement): string {
  assertChecked(announcement);
  return `${neighborWords(announcement.neighbors)}withdraw ${routeWords(announcement)}`;
}

function assertChecked(announcement: Announcement): void {
  const problems = announcementProblems(announcement);
  if (problems.length > 0) throw new TypeError(`unchecked announcement: ${problems.join('; ')}`);
}
