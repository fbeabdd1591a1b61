/**
 * The parts of ExaBGP's route commands, and how long a command may become. Written here and nowhere else, so that
 * the length that is checked is the length that is written.
 */
import type { Announcement, Attributes } from './announcement.ts';

/**
 * A pipe takes 4096 bytes in one piece (PIPE_BUF): a guard that dies can leave no half of a command behind, to
 * which its launcher's `clear` would then be glued. The line feed is the last of them.
 */
export const COMMAND_MAXIMUM = 4095;
/** What attributes may take of it; the rest is for the prefix, the next-hop and some twenty neighbors. */
export const ATTRIBUTES_MAXIMUM = 3300;

/** Those who shall hear it; ExaBGP wants each named by itself. Empty: everybody. */
export const neighborWords = (neighbors: readonly string[] | undefined): string =>
  neighbors === undefined ? '' : `${neighbors.map((address) => `neighbor ${address}`).join(', ')} `;

/** What ExaBGP keeps routes apart by, and the next-hop. */
export const routeWords = ({
  prefix,
  nextHop,
  pathId,
}: Pick<Announcement, 'prefix' | 'nextHop' | 'pathId'>): string =>
  `route ${prefix} next-hop ${nextHop}${pathId === undefined ? '' : ` path-information ${pathId}`}`;

/**
 * Each with a blank in front. With `prepend`, the AS path is written out: ExaBGP then sends it as it stands and
 * adds nothing (without one it sends our own AS once to an eBGP neighbor), so our AS comes prepend + 1 times.
 */
export function attributeWords(attributes: Attributes, localAs: number): string {
  const { med, localPreference, prepend = 0 } = attributes;
  const { communities = [], largeCommunities = [], extendedCommunities = [] } = attributes;
  return [
    ...(med === undefined ? [] : [` med ${med}`]),
    ...(localPreference === undefined ? [] : [` local-preference ${localPreference}`]),
    ...(prepend === 0 ? [] : [` as-path [ ${new Array<number>(prepend + 1).fill(localAs).join(' ')} ]`]),
    ...(communities.length === 0 ? [] : [` community [ ${communities.join(' ')} ]`]),
    ...(largeCommunities.length === 0 ? [] : [` large-community [ ${largeCommunities.join(' ')} ]`]),
    ...(extendedCommunities.length === 0 ? [] : [` extended-community [ ${extendedCommunities.join(' ')} ]`]),
  ].join('');
}

/** `announce route …` without any check. */
export const announceWords = (announcement: Announcement, localAs: number): string =>
  `${neighborWords(announcement.neighbors)}announce ${routeWords(announcement)}${attributeWords(announcement, localAs)}`;
