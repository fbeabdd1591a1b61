/** One route as ExaBGP shall announce it, checked part by part: nothing unchecked ever reaches a command line. */
import { addressBytes, hostBits, parsePrefix, prefixKey } from './address.ts';
import {
  communityProblems,
  type Community,
  type ExtendedCommunity,
  type LargeCommunity,
} from './community.ts';
import { announceWords, ATTRIBUTES_MAXIMUM, attributeWords, COMMAND_MAXIMUM } from './route-words.ts';

export { COMMUNITIES_MAXIMUM } from './community.ts';

export interface Attributes {
  /** 32 bits; lower wins between routes from one neighbouring AS. */
  readonly med?: number;
  /** iBGP only. */
  readonly localPreference?: number;
  /** How many times our own AS is put in front once more. */
  readonly prepend?: number;
  readonly communities?: readonly Community[];
  readonly largeCommunities?: readonly LargeCommunity[];
  readonly extendedCommunities?: readonly ExtendedCommunity[];
}

export interface Announcement extends Attributes {
  /** Address and length, host bits zero: "192.0.2.1/32", "2001:db8::1/128". */
  readonly prefix: string;
  /** An address of the prefix's family, or "self": the session's own address. */
  readonly nextHop: string;
  /** The path identifier, 1 to 4294967295 (RFC 7911); goes out to neighbors that take more than one path. */
  readonly pathId?: number;
  /** Those who hear it, by address as ExaBGP's configuration spells it; absent: every neighbor. */
  readonly neighbors?: readonly string[];
}

/** More would make the UPDATE needlessly large, and many routers drop longer paths (RFC 4271 sets no limit). */
export const PREPEND_MAXIMUM = 16;

const UINT32 = 0xffffffff;
/** None is longer in a command. */
const LONGEST_AS = UINT32;

/**
 * What makes it a route of its own: an announcement with another key takes the place of none, so the old one is
 * to be withdrawn. The order of the neighbors does not matter.
 */
export function routeKey(announcement: Announcement): string {
  const { prefix, pathId, neighbors } = announcement;
  if (pathId === undefined && neighbors === undefined) return prefix;
  let key = keys.get(announcement);
  if (key === undefined) {
    key = `${prefix} ${pathId ?? '-'} ${neighbors?.toSorted().join(' ') ?? '*'}`;
    keys.set(announcement, key);
  }
  return key;
}

/** The guard asks for all of them with each answer of ExaBGP, and none ever changes. */
const keys = new WeakMap<Announcement, string>();

/** Every reason why this may not be announced, one sentence each; empty when it may. */
export function announcementProblems(announcement: Announcement): string[] {
  const problems = [
    ...prefixProblems(announcement.prefix),
    ...nextHopProblems(announcement),
    ...pathIdProblems(announcement.pathId),
    ...neighborProblems(announcement.neighbors),
    ...attributeProblems(announcement),
  ];
  if (problems.length > 0) return problems;
  const { length } = announceWords(announcement, LONGEST_AS);
  if (length <= COMMAND_MAXIMUM) return [];
  const named = announcement.neighbors?.length ?? 0;
  return [
    `prefix ${announcement.prefix}: a command of up to ${length} bytes, ${COMMAND_MAXIMUM} are possible: ` +
      `fewer communities expected, or fewer than ${named} neighbors by name`,
  ];
}

/** The part of `announcementProblems` that a configuration can check before prefix and next-hop are known. */
export function attributeProblems(attributes: Attributes): string[] {
  const { med, localPreference, prepend } = attributes;
  const problems: string[] = [];
  if (med !== undefined && !isWhole(med, 0)) problems.push(`med ${show(med)}: 0 to ${UINT32} expected`);
  if (localPreference !== undefined && !isWhole(localPreference, 0)) {
    problems.push(`local preference ${show(localPreference)}: 0 to ${UINT32} expected`);
  }
  if (prepend !== undefined && !isWhole(prepend, 0, PREPEND_MAXIMUM)) {
    problems.push(`prepend ${show(prepend)}: 0 to ${PREPEND_MAXIMUM} expected`);
  }
  problems.push(...communityProblems(attributes));
  if (problems.length > 0) return problems;
  const { length } = attributeWords(attributes, LONGEST_AS);
  if (length <= ATTRIBUTES_MAXIMUM) return [];
  return [
    `attributes of up to ${length} bytes in ExaBGP's command: fewer communities expected, ${ATTRIBUTES_MAXIMUM} bytes are possible`,
  ];
}

/**
 * The problems of a whole set: those of each, and one prefix (in whatever spelling) announced to one neighbor
 * twice, which ExaBGP would take for a change of attributes.
 */
export function announcementSetProblems(announcements: readonly Announcement[]): string[] {
  return [...announcements.flatMap(announcementProblems), ...overlapProblems(announcements)];
}

/** The part of `announcementSetProblems` that is about more than one. */
export function overlapProblems(announcements: readonly Announcement[]): string[] {
  const problems: string[] = [];
  const seen = new Map<string, Announcement[]>();
  for (const announcement of announcements) {
    const prefix = parsePrefix(announcement.prefix);
    if (prefix === undefined) continue;
    const earlier = seen.get(prefixKey(prefix)) ?? [];
    for (const other of earlier) {
      const common = commonNeighbor(announcement, other);
      if (common === undefined) continue;
      const whom = common === '' ? '' : ` for neighbor ${common}`;
      problems.push(`prefix ${announcement.prefix}: already in the set as ${other.prefix}${whom}`);
      break;
    }
    seen.set(prefixKey(prefix), [...earlier, announcement]);
  }
  return problems;
}

/** An address that hears both, '' when one of them is for everybody; undefined when nobody hears both. */
function commonNeighbor(
  { neighbors }: Announcement,
  { neighbors: others }: Announcement,
): string | undefined {
  if (neighbors === undefined || others === undefined) return '';
  const keys = new Set(others.map(addressKey));
  return neighbors.find((address) => keys.has(addressKey(address)));
}

const addressKey = (address: string): string => addressBytes(address)?.join('.') ?? address;

/**
 * An announcement out of parsed JSON. Unknown keys are refused: a sender that means something by them must
 * not believe it was heard.
 */
export function parseAnnouncement(
  raw: unknown,
): { readonly announcement: Announcement } | { readonly problems: readonly string[] } {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { problems: [`an announcement is an object, not ${show(raw)}`] };
  }
  const shape = Object.entries(raw).flatMap(([key, value]) => {
    const expected = Object.hasOwn(SHAPE, key) ? SHAPE[key as keyof typeof SHAPE] : undefined;
    if (expected === undefined) return [`unknown key ${show(key)} in an announcement`];
    return hasShape(value, expected) ? [] : [`${key}: ${expected} expected, not ${show(value)}`];
  });
  for (const key of ['prefix', 'nextHop']) {
    if (!Object.hasOwn(raw, key)) shape.push(`an announcement needs ${key}`);
  }
  if (shape.length > 0) return { problems: shape };
  const announcement = raw as Announcement;
  const problems = announcementProblems(announcement);
  return problems.length > 0 ? { problems } : { announcement };
}

/** True when both would put the same UPDATE on the wire of the same neighbors. */
export function sameAnnouncement(a: Announcement, b: Announcement): boolean {
  if (a === b) return true;
  return (
    a.prefix === b.prefix &&
    a.nextHop === b.nextHop &&
    a.pathId === b.pathId &&
    (a.neighbors === undefined) === (b.neighbors === undefined) &&
    sameSet(a.neighbors, b.neighbors) &&
    a.med === b.med &&
    a.localPreference === b.localPreference &&
    (a.prepend ?? 0) === (b.prepend ?? 0) &&
    sameSet(a.communities, b.communities) &&
    sameSet(a.largeCommunities, b.largeCommunities) &&
    sameSet(a.extendedCommunities, b.extendedCommunities)
  );
}

const SHAPE = {
  prefix: 'string',
  nextHop: 'string',
  pathId: 'number',
  neighbors: 'list of strings',
  med: 'number',
  localPreference: 'number',
  prepend: 'number',
  communities: 'list of strings',
  largeCommunities: 'list of strings',
  extendedCommunities: 'list of strings',
} as const;

function hasShape(value: unknown, expected: (typeof SHAPE)[keyof typeof SHAPE]): boolean {
  if (expected !== 'list of strings') return typeof value === expected;
  return Array.isArray(value) && value.every((part) => typeof part === 'string');
}

function prefixProblems(text: string): string[] {
  const prefix = parsePrefix(text);
  if (prefix === undefined) return [`prefix ${show(text)}: ADDRESS/LENGTH expected, such as 192.0.2.1/32`];
  if (hostBits(prefix)) return [`prefix ${show(text)}: has host bits set behind its length`];
  return [];
}

function nextHopProblems({ prefix, nextHop }: Announcement): string[] {
  if (nextHop === 'self') return [];
  const family = parsePrefix(prefix)?.family;
  const bytes = addressBytes(nextHop);
  if (bytes === undefined) return [`next-hop ${show(nextHop)}: an address or "self" expected`];
  if (family !== undefined && bytes.length !== (family === 4 ? 4 : 16)) {
    return [`next-hop ${nextHop}: an IPv${family} address expected, as the prefix ${prefix} is IPv${family}`];
  }
  return [];
}

/** 0 is what a route without one goes out with. */
const pathIdProblems = (pathId: number | undefined): string[] =>
  pathId === undefined || isWhole(pathId, 1) ? [] : [`path id ${show(pathId)}: 1 to ${UINT32} expected`];

function neighborProblems(neighbors: readonly string[] | undefined): string[] {
  if (neighbors === undefined) return [];
  if (neighbors.length === 0) return ['neighbors: at least one address expected, or none of the list at all'];
  const seen = new Set<string>();
  return neighbors.flatMap((address) => {
    if (addressBytes(address) === undefined) return [`neighbor ${show(address)}: an address expected`];
    if (seen.has(addressKey(address))) return [`neighbor ${address}: named twice`];
    seen.add(addressKey(address));
    return [];
  });
}

const isWhole = (value: number, minimum: number, maximum = UINT32): boolean =>
  Number.isInteger(value) && value >= minimum && value <= maximum;

/** Quoted and escaped, so that a control character in bad input shows up instead of acting. */
const show = (value: unknown): string => JSON.stringify(value)?.slice(0, 120) ?? String(value);

function sameSet(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return (
    a.length === b.length && a.every((value) => b.includes(value)) && b.every((value) => a.includes(value))
  );
}
