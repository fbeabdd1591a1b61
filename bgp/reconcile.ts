/**
 * Desired against acknowledged: which commands ExaBGP still has to hear.
 *
 * When nothing is desired any more, one `clear` withdraws all: ExaBGP need not parse a route for it, and what it
 * was told but has not sent yet is covered too (it clears what it keeps in mind, and that holds both).
 * Else withdrawals come first and always at once: they overtake announcements that are not answered yet and stand
 * under no limit, so a withdrawal waits behind at most `unackedMaximum` announcements. Announcements wait
 * until their prefix has no unanswered command: if announce, withdraw and announce of one prefix reached
 * ExaBGP 4.2 in one turn of its loop, it might send the withdrawal last (it groups UPDATEs by attributes).
 */
import { sameAnnouncement, type Announcement } from './announcement.ts';

/** One prefix as ExaBGP was told. A prefix that it never heard of, or that it took back, is in no ledger. */
export interface Route {
  /** What the newest announce command for the prefix said; its next-hop is needed to withdraw. */
  readonly announcement: Announcement;
  /**
   * announcing: told, unanswered. announced: acknowledged. refused: answered by `error`, and perhaps an
   * older announcement still stands. withdrawing: told, unanswered.
   */
  readonly state: 'announcing' | 'announced' | 'refused' | 'withdrawing';
  /** True once ExaBGP acknowledged an announcement of the prefix, these words or earlier ones. */
  readonly standing: boolean;
  /** When a refused announcement may be tried again in the same words. */
  readonly retryAt?: number;
}

/** A command that is not answered yet. */
export type Pending =
  | { readonly kind: 'clear'; readonly at: number }
  | { readonly kind: 'probe'; readonly at: number }
  /** Lists a neighbor, or all of them ('all'). */
  | { readonly kind: 'show'; readonly at: number; readonly neighbor: string }
  | { readonly kind: 'announce' | 'withdraw'; readonly at: number; readonly announcement: Announcement };

export interface Ledger {
  /** By prefix, in the order of the first announcement. */
  readonly routes: ReadonlyMap<string, Route>;
  /** Oldest first: ExaBGP answers in this order. */
  readonly pending: readonly Pending[];
}

export const EMPTY_LEDGER: Ledger = { routes: new Map(), pending: [] };

export interface ReconcileLimits {
  /** How many announcements may be unanswered at once. */
  readonly unackedMaximum: number;
  /** How long a refused announcement rests. */
  readonly refusalRetryMs: number;
}

/** The commands due now, in the order in which they must be written, and the ledger with them in it. */
export function reconcile(
  ledger: Ledger,
  desired: readonly Announcement[],
  now: number,
  limits: ReconcileLimits,
): { readonly ledger: Ledger; readonly commands: readonly Pending[] } {
  if (desired.length === 0) return withdrawAll(ledger, now);
  const wanted = new Map(desired.map((announcement) => [announcement.prefix, announcement]));
  const routes = new Map(ledger.routes);
  const commands: Pending[] = [];
  for (const [prefix, { announcement, state, standing }] of ledger.routes) {
    if (wanted.has(prefix) || state === 'withdrawing') continue;
    commands.push({ kind: 'withdraw', at: now, announcement });
    routes.set(prefix, { announcement, state: 'withdrawing', standing });
  }
  let room = limits.unackedMaximum - ledger.pending.filter(({ kind }) => kind === 'announce').length;
  for (const [prefix, announcement] of wanted) {
    if (room <= 0) break;
    const route = routes.get(prefix);
    if (route !== undefined && !mayAnnounce(route, announcement, now)) continue;
    commands.push({ kind: 'announce', at: now, announcement });
    routes.set(prefix, { announcement, state: 'announcing', standing: route?.standing ?? false });
    room -= 1;
  }
  if (commands.length === 0) return { ledger, commands };
  return { ledger: { routes, pending: [...ledger.pending, ...commands] }, commands };
}

function withdrawAll(ledger: Ledger, now: number): ReturnType<typeof reconcile> {
  if (![...ledger.routes.values()].some(({ state }) => state !== 'withdrawing')) {
    return { ledger, commands: [] };
  }
  const clear = { kind: 'clear', at: now } as const;
  const routes = [...ledger.routes].map(
    ([prefix, { announcement, standing }]) =>
      [prefix, { announcement, standing, state: 'withdrawing' }] as const,
  );
  return { ledger: { routes: new Map(routes), pending: [...ledger.pending, clear] }, commands: [clear] };
}

function mayAnnounce(route: Route, wanted: Announcement, now: number): boolean {
  switch (route.state) {
    case 'announced':
      return !sameAnnouncement(route.announcement, wanted);
    // The same words would be refused again: other ones are worth a try at once, these after a rest.
    case 'refused':
      return !sameAnnouncement(route.announcement, wanted) || now >= (route.retryAt ?? 0);
    case 'announcing':
    case 'withdrawing':
      return false;
    default:
      return route.state satisfies never;
  }
}

/** Takes the oldest unanswered command off; undefined when nothing was asked (a stray answer). */
export function answer(
  ledger: Ledger,
  verdict: 'done' | 'error',
  now: number,
  limits: ReconcileLimits,
): { readonly ledger: Ledger; readonly answered: Pending } | undefined {
  const [answered, ...pending] = ledger.pending;
  if (answered === undefined) return undefined;
  switch (answered.kind) {
    case 'probe':
    case 'show':
      return { ledger: { ...ledger, pending }, answered };
    case 'clear':
      return {
        ledger: { routes: verdict === 'done' ? cleared(ledger.routes, pending) : ledger.routes, pending },
        answered,
      };
    case 'announce':
    case 'withdraw': {
      const { prefix } = answered.announcement;
      const route = ledger.routes.get(prefix);
      const routes = new Map(ledger.routes);
      if (answered.kind === 'withdraw') {
        if (verdict === 'done') routes.delete(prefix);
      } else if (route !== undefined && route.state === 'announcing') {
        const { announcement, standing } = route;
        routes.set(
          prefix,
          verdict === 'done'
            ? { announcement, state: 'announced', standing: true }
            : { announcement, state: 'refused', standing, retryAt: now + limits.refusalRetryMs },
        );
      }
      return { ledger: { routes, pending }, answered };
    }
    default:
      return answered satisfies never;
  }
}

/** What an answered clear leaves: all that was announced after it, and what a later command is to withdraw. */
function cleared(routes: Ledger['routes'], pending: readonly Pending[]): Ledger['routes'] {
  if (pending.some(({ kind }) => kind === 'clear')) return routes;
  const later = new Set(
    pending.flatMap((part) => (part.kind === 'withdraw' ? [part.announcement.prefix] : [])),
  );
  return new Map([...routes].filter(([prefix, { state }]) => state !== 'withdrawing' || later.has(prefix)));
}

/**
 * The prefixes that ExaBGP acknowledged and may still announce: a withdrawal that is not answered yet leaves
 * its prefix in here.
 */
export const acknowledged = (ledger: Ledger): string[] =>
  [...ledger.routes]
    .filter(([, { state, standing }]) => standing || state === 'withdrawing')
    .map(([prefix]) => prefix);
