/**
 * Redirect and terminate, whoever wants it: marked in the book, paced, and within what a client obeys. Pure.
 *
 * A client of strongSwan obeys 5 redirects in 300 s and drops what comes on top, while VICI says "success" all the
 * same (charon, MAX_REDIRECTS in ike_sa.c). Pinning leaves two of them for a drain.
 */
import { allowance, record, type Sent } from './pace.ts';
import { clientOf, note, type Book, type Session } from './sessions.ts';

export const CLIENT_REDIRECTS = 5;
export const PIN_REDIRECTS = 3;
export const CLIENT_WINDOW_MS = 300_000;
/** charon may have lost a terminate with its worker; more often than this it is no accident. */
export const TERMINATE_TRIES = 3;
export const TERMINATE_AGAIN_MS = 2000;

export type MoveEffect =
  | { readonly type: 'redirect'; readonly gateway: string; readonly ids: readonly number[] }
  | { readonly type: 'terminate'; readonly ids: readonly number[] };

export interface Moves {
  /** When each client was redirected within the last 300 s. */
  readonly redirects: ReadonlyMap<string, readonly number[]>;
  /** Logins of the last second that we caused at other gateways, and at our own. */
  readonly away: readonly Sent[];
  readonly home: readonly Sent[];
}

export const NO_MOVES: Moves = { redirects: new Map(), away: [], home: [] };

/** IKE_SAs that charon was told to move, since the start. */
export interface Told {
  readonly redirected: number;
  readonly terminated: number;
}

export const NOBODY_TOLD: Told = { redirected: 0, terminated: 0 };

export const tell = (told: Told, kind: MoveEffect['type'], count: number): Told => ({
  redirected: told.redirected + (kind === 'redirect' ? count : 0),
  terminated: told.terminated + (kind === 'terminate' ? count : 0),
});

export const most = (one: Told, other: Told): Told => ({
  redirected: Math.max(one.redirected, other.redirected),
  terminated: Math.max(one.terminated, other.terminated),
});

/** What a part of a step threads through. */
export interface Hand {
  readonly book: Book;
  readonly moves: Moves;
  readonly effects: readonly MoveEffect[];
  /** When the pace allows more; undefined: nothing waits for it. */
  readonly nextAt: number | undefined;
  /** How many went now. */
  readonly count: number;
}

export const isObedient = ({ redirects }: Moves, session: Session, limit: number, now: number): boolean =>
  (redirects.get(clientOf(session)) ?? []).filter((at) => at > now - CLIENT_WINDOW_MS).length < limit;

export interface RedirectOrder {
  readonly session: Session;
  readonly to: string;
}

/** The first so many of them that the pace allows. None of them may have been redirected before. */
export function redirect(
  { book, moves }: Pick<Hand, 'book' | 'moves'>,
  orders: readonly RedirectOrder[],
  where: 'away' | 'home',
  rate: number,
  now: number,
): Hand {
  const allowed = allowance(moves[where], rate, now);
  const chosen = orders.slice(0, allowed.count);
  const nextAt = chosen.length < orders.length ? allowed.nextAt : undefined;
  if (chosen.length === 0) return { book, moves, effects: [], nextAt, count: 0 };
  const byGateway = new Map<string, number[]>();
  const to = new Map<number, string>();
  for (const { session, to: gateway } of chosen) {
    const ids = byGateway.get(gateway) ?? [];
    ids.push(session.id);
    byGateway.set(gateway, ids);
    to.set(session.id, gateway);
  }
  return {
    book: note(book, to.keys(), (session) => ({
      ...session,
      redirected: { at: now, to: to.get(session.id) ?? '' },
    })),
    moves: {
      ...moves,
      redirects: remember(
        moves.redirects,
        chosen.map(({ session }) => clientOf(session)),
        now,
      ),
      [where]: record(moves[where], chosen.length, now),
    },
    effects: [...byGateway].map(([gateway, ids]) => ({ type: 'redirect', gateway, ids })),
    nextAt,
    count: chosen.length,
  };
}

export function terminate(
  { book, moves }: Pick<Hand, 'book' | 'moves'>,
  sessions: readonly Session[],
  rate: number,
  now: number,
): Hand {
  const allowed = allowance(moves.away, rate, now);
  const chosen = sessions.slice(0, allowed.count);
  const nextAt = chosen.length < sessions.length ? allowed.nextAt : undefined;
  if (chosen.length === 0) return { book, moves, effects: [], nextAt, count: 0 };
  const ids = chosen.map(({ id }) => id);
  return {
    book: note(book, ids, (session) => ({
      ...session,
      terminated: { at: now, tries: (session.terminated?.tries ?? 0) + 1 },
    })),
    moves: { ...moves, away: record(moves.away, chosen.length, now) },
    effects: [{ type: 'terminate', ids }],
    nextAt,
    count: chosen.length,
  };
}

/** Never sent: as if it had not been, but for the pace, as nobody knows when it will be. */
export function unsend(
  { book, moves }: Pick<Hand, 'book' | 'moves'>,
  kind: MoveEffect['type'],
  ids: readonly number[],
): Pick<Hand, 'book' | 'moves'> {
  if (kind === 'terminate') {
    return { book: note(book, ids, (session) => ({ ...session, terminated: undefined })), moves };
  }
  const redirects = new Map(moves.redirects);
  for (const id of ids) {
    const session = book.sessions.get(id);
    if (session?.redirected === undefined) continue;
    const times = redirects.get(clientOf(session)) ?? [];
    const last = times.lastIndexOf(session.redirected.at);
    const rest = times.filter((_, index) => index !== last);
    redirects.set(clientOf(session), rest);
  }
  return {
    book: note(book, ids, (session) => ({ ...session, redirected: undefined })),
    moves: { ...moves, redirects },
  };
}

/** It may be terminated: for the first time, or since a listing shows that the last time came to nothing. */
export const isTerminable = ({ terminated }: Session, { listedAt = -Infinity }: Book, now: number): boolean =>
  terminated === undefined ||
  (terminated.tries < TERMINATE_TRIES &&
    listedAt > terminated.at &&
    now >= terminated.at + TERMINATE_AGAIN_MS);

function remember(
  redirects: Moves['redirects'],
  clients: readonly string[],
  now: number,
): ReadonlyMap<string, readonly number[]> {
  const kept = new Map<string, readonly number[]>();
  for (const [client, times] of redirects) {
    const recent = times.filter((at) => at > now - CLIENT_WINDOW_MS);
    if (recent.length > 0) kept.set(client, recent);
  }
  for (const client of clients) kept.set(client, [...(kept.get(client) ?? []), now]);
  return kept;
}
