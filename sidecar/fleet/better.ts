/**
 * Who else has a prefix, and who of them is better off. Pure.
 *
 * A gateway that fails steps down only for someone better. What is compared are verdicts, which do not depend on
 * what anybody announces: so two gateways cannot chase each other, and a failure that they share leaves all of
 * them announced alike. Whoever was not heard of lately counts as not there.
 */
import type { Class } from '../../health/reason.ts';
import { isWorse } from '../flap.ts';
import type { FleetView } from './view.ts';
import type { FleetPrefix, FleetWord } from './word.ts';

export interface FleetMember {
  readonly name: string;
  /** Unicast addresses, for sessions that are moved there. */
  readonly address?: string;
  readonly address6?: string;
  /** IKE_SAs that it can carry. */
  readonly capacity?: number;
}

export interface FleetPolicy {
  /** A word that is older than this counts as never heard, in milliseconds. */
  readonly maxAgeMs: number;
  /** So many others must announce each outside prefix well before one drains. */
  readonly minimumOthers: number;
  /** The others; our own entry, if it is among them, is never heard of and so counts for nothing. */
  readonly members: readonly FleetMember[];
}

/** What one prefix has to know about the other gateways. */
export interface Company {
  /**
   * Somebody announces it and was better off when asked after we began to fail, so that we may step down. Without
   * a fleet that is taken for granted.
   */
  readonly hasBetter: boolean;
  /**
   * Somebody was, but has not answered since. Of several that fail at one moment each would trust what the others
   * said before it, and all would go: so who was last to fail must find that nobody is left.
   */
  readonly isAsking: boolean;
  /** Nobody does, and everybody was asked: whoever can stand in must. */
  readonly isLast: boolean;
  /** Somebody else has it, or may have it as nobody was asked yet: whoever does not preempt yields. */
  readonly isTaken: boolean;
}

/** Without a fleet. */
export const IN_COMPANY: Company = { hasBetter: true, isAsking: false, isLast: false, isTaken: false };

interface Announcer {
  readonly prefix: string;
  readonly side: 'outside' | 'inside';
}

/** What fails here for a prefix. */
export interface Ours {
  /** The worst class; undefined: nothing. */
  readonly class: Class | undefined;
  /** When it last became worse, monotonic milliseconds. */
  readonly since: number;
}

/** `all`: every prefix of ours. */
export function companyOf(
  own: Announcer,
  all: readonly Announcer[],
  ours: Ours,
  view: FleetView | undefined,
  policy: FleetPolicy | undefined,
  now: number,
): Company {
  if (policy === undefined) return IN_COMPANY;
  const isSettled = view?.settled === true || policy.members.length === 0;
  // Looked up when it is asked for: as long as all is well, nobody is compared with anybody.
  return {
    get hasBetter() {
      return betterFor(own, all, ours, view, policy, now) !== undefined;
    },
    get isAsking() {
      const everHeard = { class: ours.class, since: -Infinity };
      return !this.hasBetter && betterFor(own, all, everHeard, view, policy, now) !== undefined;
    },
    get isLast() {
      return isSettled && !this.hasBetter && !this.isAsking;
    },
    get isTaken() {
      return !isSettled || activeOther(view, own.prefix, policy, now) !== undefined;
    },
  };
}

/** The first that is better off for that prefix of ours; undefined without a fleet too. */
export function betterFor(
  own: Announcer,
  all: readonly Announcer[],
  ours: Ours,
  view: FleetView | undefined,
  policy: FleetPolicy | undefined,
  now: number,
): string | undefined {
  if (policy === undefined || ours.class === undefined) return undefined;
  const names = decisive(own, all).map((prefix) => betterThan(view, prefix, ours, policy, now));
  return names.includes(undefined) ? undefined : names[0];
}

/**
 * Whose announcers count. An inside prefix is often a pool of this gateway alone: what matters is whether anybody
 * better takes the clients, and they follow the outside prefixes. While one of those stays here, so does the way back.
 */
function decisive({ prefix, side }: Announcer, all: readonly Announcer[]): string[] {
  const outside = all.flatMap((each) => (each.side === 'outside' ? [each.prefix] : []));
  return side === 'outside' || outside.length === 0 ? [prefix] : outside;
}

/** The first that announces this prefix, and of whose checks none fails as badly as the worst of ours. */
export const betterThan = (
  view: FleetView | undefined,
  prefix: string,
  ours: Ours,
  policy: FleetPolicy,
  now: number,
): string | undefined =>
  firstOf(
    view,
    prefix,
    policy,
    now,
    ({ class: theirs }, heardAt) => heardAt > ours.since && isWorse(ours.class, theirs ?? undefined),
  );

/** The first that has this prefix: it announces it, and neither yields nor is degraded. */
export const activeOther = (
  view: FleetView | undefined,
  prefix: string,
  policy: FleetPolicy,
  now: number,
): string | undefined =>
  firstOf(view, prefix, policy, now, ({ state, yielding }) => state !== 'degraded' && !yielding);

/** The first that announces this prefix, however well: whose clients we lose may find it. */
export const announcingOther = (
  view: FleetView | undefined,
  prefix: string,
  policy: FleetPolicy,
  now: number,
): string | undefined => firstOf(view, prefix, policy, now, () => true);

interface Announcing {
  readonly name: string;
  readonly heardAt: number;
  readonly word: FleetPrefix;
}

/** Of those that announce the prefix, are configured, and were heard of lately. */
const firstOf = (
  view: FleetView | undefined,
  prefix: string,
  { members, maxAgeMs }: FleetPolicy,
  now: number,
  isIt: (word: FleetPrefix, heardAt: number) => boolean,
): string | undefined =>
  (view === undefined ? undefined : announcedIn(view).get(prefix))?.find(
    ({ name, heardAt, word }) =>
      isIt(word, heardAt) && now < heardAt + maxAgeMs && members.some((member) => member.name === name),
  )?.name;

/** By prefix, who announces it, drained ones left out. A view is sorted once: there may be 50 members with 100 prefixes each. */
function announcedIn(view: FleetView): ReadonlyMap<string, readonly Announcing[]> {
  const known = SORTED.get(view);
  if (known !== undefined) return known;
  const sorted = new Map<string, Announcing[]>();
  for (const { name, word, heardAt } of view.members.values()) {
    if (word === undefined || heardAt === undefined || word.drain !== null) continue;
    for (const said of word.prefixes) {
      if (!isAnnounced(said)) continue;
      const others = sorted.get(said.prefix);
      if (others === undefined) sorted.set(said.prefix, [{ name, heardAt, word: said }]);
      else others.push({ name, heardAt, word: said });
    }
  }
  SORTED.set(view, sorted);
  return sorted;
}

const SORTED = new WeakMap<FleetView, ReadonlyMap<string, readonly Announcing[]>>();

export const isAnnounced = ({ state, acknowledged }: FleetPrefix): boolean =>
  acknowledged && (state === 'announced' || state === 'adopted' || state === 'degraded');

export interface Present {
  readonly name: string;
  readonly member: FleetMember;
  readonly word: FleetWord;
  readonly heardAt: number;
}

/** Those members that were heard of lately, in the order of the configuration. */
export const present = (view: FleetView | undefined, policy: FleetPolicy, now: number): Present[] =>
  policy.members.flatMap((member) => {
    const { word, heardAt } = view?.members.get(member.name) ?? {};
    const isHere = word !== undefined && heardAt !== undefined && now < heardAt + policy.maxAgeMs;
    return isHere ? [{ name: member.name, member, word, heardAt }] : [];
  });

/** When those that are here count as gone, unless they are heard of before. */
export const expiries = (
  view: FleetView | undefined,
  policy: FleetPolicy | undefined,
  now: number,
): number[] =>
  policy === undefined ? [] : present(view, policy, now).map(({ heardAt }) => heardAt + policy.maxAgeMs);

export interface Target extends FleetMember {
  /** IKE_SAs that it carries; null = not known. */
  readonly ikeSas: number | null;
}

/** Where sessions may be moved: they serve, nobody drains them, nothing fails there, and there is room. The least loaded first. */
export const targets = (view: FleetView | undefined, policy: FleetPolicy, now: number): Target[] =>
  present(view, policy, now)
    .flatMap(({ member, word: { drain, prefixes, load } }) => {
      const isWell = prefixes.every(({ class: level }) => level === null || level === 'advisory');
      const serves = prefixes.some((each) => isAnnounced(each) && each.state !== 'degraded');
      const hasRoom = member.capacity === undefined || (load.ike_sas ?? 0) < member.capacity;
      const isTarget = drain === null && isWell && serves && hasRoom;
      return isTarget ? [{ ...member, ikeSas: load.ike_sas }] : [];
    })
    .toSorted((a, b) => share(a) - share(b));

/** How full it is; without a capacity, by what it carries. Whoever does not say comes last. */
const share = ({ ikeSas, capacity }: Target): number =>
  ikeSas === null ? Infinity : ikeSas / (capacity ?? 1e6);
