/**
 * ExaBGP API commands, one line each, out of checked parts only.
 *
 * ExaBGP finds the command by substring, so no free text may ever be in a line: no comments, no names.
 * Known community names are left out on purpose: it knows `no-export`, but not `graceful-shutdown`.
 */
import { announcementProblems, type Announcement } from './announcement.ts';

/** Withdraws every route from every neighbor; answered like a withdrawal. */
export const CLEAR = 'clear adj-rib out';
/** Answered at once by a line "exabgp X.Y.Z" and `done`: the only answer that cannot be mistaken for another's. */
export const VERSION = 'version';

/** Prints what neighbor-listing.ts reads, then `done`. `neighbor`: an address, or 'all'. */
export const showCommand = (neighbor: string): string =>
  neighbor === 'all' ? 'show neighbor extensive' : `show neighbor ${neighbor} extensive`;

/**
 * `announce route …`. With `prepend`, the AS path is written out: ExaBGP then sends it as it stands and adds
 * nothing (without one it sends our own AS once to an eBGP neighbor), so our AS comes prepend + 1 times.
 * Throws on an announcement that was not checked: that is a defect, and the line is not written.
 */
export function announceCommand(announcement: Announcement, localAs: number): string {
  assertChecked(announcement);
  const { prefix, nextHop, med, localPreference, prepend = 0 } = announcement;
  const { communities = [], largeCommunities = [] } = announcement;
  return [
    `announce route ${prefix} next-hop ${nextHop}`,
    ...(med === undefined ? [] : [`med ${med}`]),
    ...(localPreference === undefined ? [] : [`local-preference ${localPreference}`]),
    ...(prepend === 0 ? [] : [`as-path [ ${new Array<number>(prepend + 1).fill(localAs).join(' ')} ]`]),
    ...(communities.length === 0 ? [] : [`community [ ${communities.join(' ')} ]`]),
    ...(largeCommunities.length === 0 ? [] : [`large-community [ ${largeCommunities.join(' ')} ]`]),
  ].join(' ');
}

/** `withdraw route …` with the next-hop it was announced with: without one, some versions keep the route. */
export function withdrawCommand(announcement: Pick<Announcement, 'prefix' | 'nextHop'>): string {
  assertChecked({ prefix: announcement.prefix, nextHop: announcement.nextHop });
  return `withdraw route ${announcement.prefix} next-hop ${announcement.nextHop}`;
}

function assertChecked(announcement: Announcement): void {
  const problems = announcementProblems(announcement);
  if (problems.length > 0) throw new TypeError(`unchecked announcement: ${problems.join('; ')}`);
}
