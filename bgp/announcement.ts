/** One route as ExaBGP shall announce it, checked part by part: nothing unchecked ever reaches a command line. */
import { addressBytes, hostBits, parsePrefix, prefixKey } from './address.ts';

/** A standard community (RFC 1997), "65000:100". */
export type Community = string;
/** A large community (RFC 8092), "65000:1:2". */
export type LargeCommunity = string;

export interface Attributes {
  /** 32 bits; lower wins between routes from one neighbouring AS. */
  readonly med?: number;
  /** iBGP only. */
  readonly localPreference?: number;
  /** How many times our own AS is put in front once more. */
  readonly prepend?: number;
  readonly communities?: readonly Community[];
  readonly largeCommunities?: readonly LargeCommunity[];
}

export interface Announcement extends Attributes {
  /** Address and length, host bits zero: "192.0.2.1/32", "2001:db8::1/128". */
  readonly prefix: string;
  /** An address of the prefix's family, or "self": the session's own address. */
  readonly nextHop: string;
}

/** More would make the UPDATE needlessly large, and many routers drop longer paths (RFC 4271 sets no limit). */
export const PREPEND_MAXIMUM = 16;
/** 64 standard and 64 large communities keep every command line far below a pipe's atomic 4096 bytes. */
export const COMMUNITIES_MAXIMUM = 64;

const UINT16 = 0xffff;
const UINT32 = 0xffffffff;

/** Every reason why this may not be announced, one sentence each; empty when it may. */
export function announcementProblems(announcement: Announcement): string[] {
  return [
    ...prefixProblems(announcement.prefix),
    ...nextHopProblems(announcement),
    ...attributeProblems(announcement),
  ];
}

/** The part of `announcementProblems` that a configuration can check before prefix and next-hop are known. */
export function attributeProblems(attributes: Attributes): string[] {
  const { med, localPreference, prepend, communities = [], largeCommunities = [] } = attributes;
  const problems: string[] = [];
  if (med !== undefined && !isWhole(med, UINT32)) problems.push(`med ${show(med)}: 0 to ${UINT32} expected`);
  if (localPreference !== undefined && !isWhole(localPreference, UINT32)) {
    problems.push(`local preference ${show(localPreference)}: 0 to ${UINT32} expected`);
  }
  if (prepend !== undefined && !isWhole(prepend, PREPEND_MAXIMUM)) {
    problems.push(`prepend ${show(prepend)}: 0 to ${PREPEND_MAXIMUM} expected`);
  }
  problems.push(...communityProblems('community', communities, 2, UINT16));
  problems.push(...communityProblems('large community', largeCommunities, 3, UINT32));
  return problems;
}

/** The problems of a whole set: those of each, and one prefix announced twice (in whatever spelling). */
export function announcementSetProblems(announcements: readonly Announcement[]): string[] {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  for (const announcement of announcements) {
    problems.push(...announcementProblems(announcement));
    const prefix = parsePrefix(announcement.prefix);
    if (prefix === undefined) continue;
    const earlier = seen.get(prefixKey(prefix));
    if (earlier !== undefined)
      problems.push(`prefix ${announcement.prefix}: already in the set as ${earlier}`);
    seen.set(prefixKey(prefix), announcement.prefix);
  }
  return problems;
}

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

/** True when both would put the same UPDATE on the wire. */
export function sameAnnouncement(a: Announcement, b: Announcement): boolean {
  return (
    a.prefix === b.prefix &&
    a.nextHop === b.nextHop &&
    a.med === b.med &&
    a.localPreference === b.localPreference &&
    (a.prepend ?? 0) === (b.prepend ?? 0) &&
    sameSet(a.communities, b.communities) &&
    sameSet(a.largeCommunities, b.largeCommunities)
  );
}

const SHAPE = {
  prefix: 'string',
  nextHop: 'string',
  med: 'number',
  localPreference: 'number',
  prepend: 'number',
  communities: 'list of strings',
  largeCommunities: 'list of strings',
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

function communityProblems(
  name: string,
  values: readonly string[],
  parts: number,
  maximum: number,
): string[] {
  const form = parts === 2 ? 'AS:VALUE' : 'AS:VALUE:VALUE';
  const problems = values
    .filter((value) => {
      const fields = value.split(':');
      return (
        fields.length !== parts || !fields.every((field) => /^\d{1,10}$/.test(field) && +field <= maximum)
      );
    })
    .map((value) => `${name} ${show(value)}: ${form} expected, each a number from 0 to ${maximum}`);
  if (values.length > COMMUNITIES_MAXIMUM) {
    problems.push(`${values.length} ${name} values: at most ${COMMUNITIES_MAXIMUM} expected`);
  }
  return problems;
}

const isWhole = (value: number, maximum: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= maximum;

/** Quoted and escaped, so that a control character in bad input shows up instead of acting. */
const show = (value: unknown): string => JSON.stringify(value)?.slice(0, 120) ?? String(value);

function sameSet(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return (
    a.length === b.length && a.every((value) => b.includes(value)) && b.every((value) => a.includes(value))
  );
}
