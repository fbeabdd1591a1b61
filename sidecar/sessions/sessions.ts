/**
 * DOC: sidecar/sessions/ answers "who is connected here, and where should they be?"
 *
 *   sessions.ts (here)  the book: every IKE_SA of a client, by events and listings (P)
 *   machine.ts          stepSessions(): what the dispatch of the sidecar calls; over the following (P)
 *     state.ts          what it is told, knows, and wants done
 *     pin.ts            new IKE_SAs on an anycast address → our own unicast address
 *     drain.ts          an operator empties this gateway; drain-intent.ts: what was ordered
 *     evacuate.ts       a health withdrawal with charon alive empties it as well
 *     exodus.ts         the phases that both go through: move, verify, withdraw, settle, terminate
 *       watch.ts        of whom it looks at a few often, not at all seldom
 *     sweep.ts          who fell silent when a better path appeared elsewhere
 *     look.ts           when charon is looked at next, and at whom
 *   scene.ts, moves.ts, pace.ts, place.ts, traffic.ts, stillness.ts, policy.ts   what they share
 *   path-news.ts        two views of the fleet → has a better path appeared
 *   mover.ts, feed.ts   I/O: redirect, terminate and list over VICI; events of charon in batches
 *   orders.ts           POST /drain and /undrain
 *
 * The book. An event says what comes and goes, a listing what is there and how much it has received. A listing
 * with noblock leaves out what a worker holds, so an IKE_SA missing there proves nothing by itself. Entries carry
 * what we did to them, so that it is forgotten with them: nobody is redirected twice.
 *
 * Its size is that of charon's table, at most SESSIONS_MAXIMUM.
 */
import { UNNAMED, type IkeSa } from '../../health/strongswan.ts';
import type { SaEvent } from '../../health/sa-event.ts';
import { placeOf, type Place } from './place.ts';
import { record, type Sent } from './pace.ts';
import type { SessionsPolicy } from './policy.ts';
import { trafficOf, type Traffic } from './traffic.ts';

export interface Session extends Place {
  /** charon's uniqueid of the IKE_SA. */
  readonly id: number;
  /** The SPI of the initiator: another one under the same id is another charon's IKE_SA. */
  readonly spi: string;
  readonly connection: string;
  /** The EAP identity where there is one. */
  readonly identity: string;
  readonly eap: boolean;
  readonly remote: string;
  readonly state: string;
  /** When it was first heard of, by us. */
  readonly since: number;
  readonly traffic: Traffic | undefined;
  /** Listings in a row that did not have it. */
  readonly missed: number;
  /** When we told it to go elsewhere, and to what address; at most once. */
  readonly redirected: { readonly at: number; readonly to: string } | undefined;
  readonly terminated: { readonly at: number; readonly tries: number } | undefined;
}

export interface Book {
  readonly sessions: ReadonlyMap<number, Session>;
  /** New IKE_SAs on an anycast address in the last second. */
  readonly arrivals: readonly Sent[];
  /** What events touched since a listing began: they know better. undefined: none is under way. */
  readonly touched: ReadonlySet<number> | undefined;
  /** When the last complete listing began. */
  readonly listedAt: number | undefined;
  /** That listing missed some, and charon counts fewer than there are here: another one would strike them out. */
  readonly isDoubted: boolean;
  /** Connections that had an IKE_SA on an anycast address: theirs on the unicast one are clients as well. */
  readonly clients: ReadonlySet<string>;
  readonly overflow: number;
}

export const EMPTY_BOOK: Book = {
  sessions: new Map(),
  arrivals: [],
  touched: undefined,
  listedAt: undefined,
  isDoubted: false,
  clients: new Set(),
  overflow: 0,
};

/** Far more than one charon serves; a hundred bytes each. */
export const SESSIONS_MAXIMUM = 100_000;
/** More connections than any configuration has. */
const CONNECTIONS_MAXIMUM = 10_000;
/** The longest identity that is kept. */
const IDENTITY_MAXIMUM = 256;
/** An IKE_SA missing from this many listings in a row may be struck out. */
const MISSED_TO_STRIKE = 2;

/** It carries traffic and would be missed. DELETING counts as moved; PASSIVE is the other node's of an HA pair. */
export const isLive = ({ state }: Pick<Session, 'state'>): boolean =>
  state === 'ESTABLISHED' || state === 'REKEYING';

/** Whose limit of 5 redirects in 300 s it is: two devices of one identity are two clients. */
export const clientOf = ({ identity, remote }: Pick<Session, 'identity' | 'remote'>): string =>
  `${identity}|${remote}`;

/** Takes up a batch of events, as old as `now`; gives the ids of the IKE_SAs that came up. */
export function hearEvents(
  book: Book,
  events: readonly SaEvent[],
  policy: SessionsPolicy,
  now: number,
): { readonly book: Book; readonly ups: readonly number[] } {
  const sessions = new Map(book.sessions);
  const touched = book.touched === undefined ? undefined : new Set(book.touched);
  const ups: number[] = [];
  let { overflow } = book;
  const put = (ikeSa: IkeSa, from?: Session): void => {
    touched?.add(ikeSa.uniqueId);
    if (!sessions.has(ikeSa.uniqueId) && sessions.size >= SESSIONS_MAXIMUM) overflow += 1;
    else sessions.set(ikeSa.uniqueId, sessionOf(ikeSa, policy, from, now));
  };
  for (const event of events) {
    switch (event.kind) {
      case 'ike-up': {
        if (event.ikeSa.connection === UNNAMED || event.ikeSa.state === 'PASSIVE') break;
        const { uniqueId } = event.ikeSa;
        if (same(sessions.get(uniqueId), event.ikeSa) === undefined) ups.push(uniqueId);
        put(event.ikeSa, same(sessions.get(uniqueId), event.ikeSa));
        break;
      }
      case 'ike-down':
        touched?.add(event.ikeSa.uniqueId);
        sessions.delete(event.ikeSa.uniqueId);
        break;
      case 'ike-rekeyed': {
        const before = sessions.get(event.old.uniqueId);
        touched?.add(event.old.uniqueId);
        sessions.delete(event.old.uniqueId);
        put(event.new, before);
        break;
      }
      case 'ike-moved': {
        const known = same(sessions.get(event.ikeSa.uniqueId), event.ikeSa);
        if (known !== undefined) put(event.ikeSa, known);
        break;
      }
      // CHILD_SAs come and go within what the book counts.
      case 'child-up':
      case 'child-down':
      case 'child-rekeyed':
      case 'alert':
        break;
      default:
        event satisfies never;
    }
  }
  // Who is pinned logs in as well, but that is our own doing.
  const arrived = ups.filter((id) => sessions.get(id)?.prefix !== undefined);
  const arrivals = record(book.arrivals, arrived.length, now);
  const clients = withClients(book.clients, sessions);
  return { book: { ...book, sessions, touched, arrivals, clients, overflow }, ups };
}

export const beginListing = (book: Book): Book => ({ ...book, touched: new Set() });

/** A listing that did not come to its end says nothing about what it had not. */
export const dropListing = (book: Book): Book => ({ ...book, touched: undefined });

/**
 * A complete listing that began at `startedAt` and was over at `endedAt`; `total`: charon's own count of IKE_SAs
 * (`stats`) right after it, or undefined.
 */
export function hearListing(
  book: Book,
  listed: readonly IkeSa[],
  total: number | undefined,
  startedAt: number,
  policy: SessionsPolicy,
  endedAt = startedAt,
): Book {
  const touched = book.touched ?? new Set<number>();
  const there = new Map(listed.map((ikeSa) => [ikeSa.uniqueId, ikeSa]));
  const sessions = new Map<number, Session>();
  const missing: Session[] = [];
  for (const [id, session] of book.sessions) {
    const found = there.get(id);
    if (found !== undefined && session.spi !== found.initiatorSpi && !touched.has(id)) continue;
    if (found === undefined && !touched.has(id)) missing.push(session);
    sessions.set(id, session);
  }
  let { overflow } = book;
  for (const [id, ikeSa] of there) {
    if (ikeSa.connection === UNNAMED || ikeSa.state === 'PASSIVE' || ikeSa.state === 'CONNECTING') continue;
    const known = sessions.get(id);
    if (known === undefined && touched.has(id)) continue;
    if (known === undefined && sessions.size >= SESSIONS_MAXIMUM) overflow += 1;
    else
      sessions.set(id, {
        ...sessionOf(ikeSa, policy, known, startedAt),
        traffic: trafficOf(ikeSa, known?.traffic, startedAt, endedAt),
      });
  }
  for (const session of missing) {
    const missed = session.missed + 1;
    const cannotExist = missed >= MISSED_TO_STRIKE && total !== undefined && sessions.size > total;
    if (cannotExist) sessions.delete(session.id);
    else sessions.set(session.id, { ...session, missed });
  }
  const clients = withClients(book.clients, sessions);
  const isDoubted =
    total !== undefined && sessions.size > total && missing.some(({ id }) => sessions.has(id));
  return { ...book, sessions, touched: undefined, listedAt: startedAt, isDoubted, clients, overflow };
}

/** With a changed note on these entries; those that are gone are left out. */
export function note(book: Book, ids: Iterable<number>, change: (session: Session) => Session): Book {
  const sessions = new Map(book.sessions);
  for (const id of ids) {
    const session = sessions.get(id);
    if (session !== undefined) sessions.set(id, change(session));
  }
  return { ...book, sessions };
}

/** charon knows no such IKE_SA any more: it said so itself. */
export function strike(book: Book, ids: Iterable<number>): Book {
  const sessions = new Map(book.sessions);
  for (const id of ids) sessions.delete(id);
  return { ...book, sessions };
}

/** After a reload: other prefixes, other places. */
export const replace = (book: Book, policy: SessionsPolicy): Book => ({
  ...book,
  sessions: new Map(
    [...book.sessions].map(([id, session]) => [id, { ...session, ...placeOf(session.local, policy) }]),
  ),
});

function withClients(known: ReadonlySet<string>, sessions: Book['sessions']): ReadonlySet<string> {
  let clients = known;
  for (const { prefix, connection } of sessions.values()) {
    if (prefix === undefined || clients.has(connection) || clients.size >= CONNECTIONS_MAXIMUM) continue;
    clients = new Set([...clients, connection]);
  }
  return clients;
}

const same = (session: Session | undefined, { initiatorSpi }: IkeSa): Session | undefined =>
  session?.spi === initiatorSpi ? session : undefined;

function sessionOf(ikeSa: IkeSa, policy: SessionsPolicy, from: Session | undefined, now: number): Session {
  const identity = (ikeSa.remoteEapId ?? ikeSa.remote.id).slice(0, IDENTITY_MAXIMUM);
  const place = from?.local === ikeSa.local.host ? placeAgain(from) : placeOf(ikeSa.local.host, policy);
  return {
    ...place,
    id: ikeSa.uniqueId,
    spi: ikeSa.initiatorSpi,
    connection: ikeSa.connection,
    identity,
    eap: ikeSa.remoteEapId !== undefined,
    remote: ikeSa.remote.host,
    state: ikeSa.state,
    since: from?.since ?? now,
    traffic: from?.traffic,
    missed: 0,
    redirected: from?.redirected,
    terminated: from?.terminated,
  };
}

const placeAgain = ({ local, family, prefix, isOwn }: Place): Place => ({ local, family, prefix, isOwn });

/** For what is shown: never an identity that talks to the terminal; see printable.ts at the edge. */
export const nameOf = ({ identity, id }: Session): string => (identity === '' ? `#${id}` : identity);
