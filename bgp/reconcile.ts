/**
 * Desired against acknowledged: which commands ExaBGP still has to hear.
 *
 * When nothing is desired any more, one `clear` withdraws all: ExaBGP need not parse a route for it, and what it
 * was told but has not sent yet is covered too (it clears what it keeps in mind, and that holds both).
 * Else withdrawals come first and always at once: they overtake announcements that are not answered yet and stand
 * under no limit, so a withdrawal waits behind at most `unackedMaximum` announcements. Announcements wait
 * until their route has no unanswered command, and no other route of their prefix an unanswered withdrawal: if
 * announce, withdraw and announce of one prefix reached ExaBGP 4.2 in one turn of its loop, it might send the
 * withdrawal last (it groups UPDATEs by attributes).
 *
 * A route is a prefix with its path identifier and those who hear it: where one of these changes, the old route is
 * withdrawn and another announced, and a prefix may stand as several routes, each for other neighbors.
 */
import { routeKey, sameAnnouncement, type Announcement } from './announcement.ts';

/** One route as ExaBGP was told. A route that it never heard of, or that it took back, is in no ledger. */
export interface Route {
  /** What the newest announce command for the route said; its next-hop is needed to withdraw. */
  readonly announcement: Announcement;
  /**
   * announcing: told, unanswered. announced: acknowledged. refused: answered by `error`, and perhaps an
   * older announcement still stands. withdrawing: told, unanswered.
   */
  readonly state: 'announcing' | 'announced' | 'refused' | 'withdrawing';
  /** True once ExaBGP acknowledged an announcement of the route, these words or earlier ones. */
  readonly standing: boolean;
  /** When a refused announcement may be tried again in the same words. */
  readonly retryAt?: number;
  /** An announced one is to be told once more in the same words: see `tellAgain`. */
  readonly again?: true;
}

/** A command that is not answered yet. */
export type Pending =
  | { readonly kind: 'clear'; readonly at: number }
  | { readonly kind: 'probe'; readonly at: number }
  /** Lists a neighbor, or all of them ('all'). */
  | { readonly kind: 'show'; readonly at: number; readonly neighbor: string }
  | { readonly kind: 'announce' | 'withdraw'; readonly at: number; readonly announcement: Announcement };

export interface Ledger {
  /** By `routeKey`, in the order of the first announcement. */
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
  const wanted = byKey(desired);
  const told = new Map<string, Route>();
  const commands: Pending[] = [];
  const leaving = new Set<string>();
  for (const [key, { announcement, state, standing }] of ledger.routes) {
    if (wanted.has(key) && state !== 'withdrawing') continue;
    leaving.add(announcement.prefix);
    if (state === 'withdrawing') continue;
    commands.push({ kind: 'withdraw', at: now, announcement });
    told.set(key, { announcement, state: 'withdrawing', standing });
  }
  let room = limits.unackedMaximum - ledger.pending.filter(({ kind }) => kind === 'announce').length;
  for (const [key, announcement] of wanted) {
    if (room <= 0) break;
    const route = ledger.routes.get(key);
    if (route !== undefined && !mayAnnounce(route, announcement, now)) continue;
    if (leaving.has(announcement.prefix)) continue;
    commands.push({ kind: 'announce', at: now, announcement });
    told.set(key, { announcement, state: 'announcing', standing: route?.standing ?? false });
    room -= 1;
  }
  if (commands.length === 0) return { ledger, commands };
  const routes = new Map(ledger.routes);
  for (const [key, route] of told) routes.set(key, route);
  return { ledger: { routes, pending: [...ledger.pending, ...commands] }, commands };
}

/**
 * For a neighbor that a reload of ExaBGP's configuration brought: it has heard of nothing so far. ExaBGP says nothing
 * to those who know the route already.
 */
export const tellAgain = ({ routes, pending }: Ledger): Ledger => ({
  routes: new Map(
    [...routes].map(([key, route]) => [key, route.state === 'announced' ? { ...route, again: true } : route]),
  ),
  pending,
});

/** The last set is asked for with each of its answers. */
let last: { readonly desired: readonly Announcement[]; readonly keyed: ReadonlyMap<string, Announcement> } = {
  desired: [],
  keyed: new Map(),
};

function byKey(desired: readonly Announcement[]): ReadonlyMap<string, Announcement> {
  if (desired !== last.desired) {
    last = {
      desired,
      keyed: new Map(desired.map((announcement) => [routeKey(announcement), announcement])),
    };
  }
  return last.keyed;
}

function withdrawAll(ledger: Ledger, now: number): ReturnType<typeof reconcile> {
  if (![...ledger.routes.values()].some(({ state }) => state !== 'withdrawing')) {
    return { ledger, commands: [] };
  }
  const clear = { kind: 'clear', at: now } as const;
  const routes = [...ledger.routes].map(
    ([key, { announcement, standing }]) => [key, { announcement, standing, state: 'withdrawing' }] as const,
  );
  return { ledger: { routes: new Map(routes), pending: [...ledger.pending, clear] }, commands: [clear] };
}

function mayAnnounce(route: Route, wanted: Announcement, now: number): boolean {
  switch (route.state) {
    case 'announced':
      return route.again === true || !sameAnnouncement(route.announcement, wanted);
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
      const key = routeKey(answered.announcement);
      const route = ledger.routes.get(key);
      const routes = new Map(ledger.routes);
      if (answered.kind === 'withdraw') {
        if (verdict === 'done' || isRefusedInVain(answered, route)) routes.delete(key);
      } else if (route !== undefined) {
        const { announcement, state } = route;
        const standing = route.standing || verdict === 'done';
        if (state !== 'announcing') routes.set(key, { ...route, standing });
        else if (verdict === 'done') routes.set(key, { announcement, state: 'announced', standing });
        else
          routes.set(key, { announcement, state: 'refused', standing, retryAt: now + limits.refusalRetryMs });
      }
      return { ledger: { routes, pending }, answered };
    }
    default:
      return answered satisfies never;
  }
}

/**
 * True for a refused withdrawal that leaves nothing standing: ExaBGP has none of the neighbors by name, and never
 * took the announcement either.
 */
export const isRefusedInVain = (refused: Pending, route: Route | undefined): boolean =>
  refused.kind === 'withdraw' && refused.announcement.neighbors !== undefined && route?.standing === false;

/** What an answered clear leaves: all that was announced after it, and what a later command is to withdraw. */
function cleared(routes: Ledger['routes'], pending: readonly Pending[]): Ledger['routes'] {
  if (pending.some(({ kind }) => kind === 'clear')) return routes;
  const later = new Set(
    pending.flatMap((part) => (part.kind === 'withdraw' ? [routeKey(part.announcement)] : [])),
  );
  return new Map([...routes].filter(([key, { state }]) => state !== 'withdrawing' || later.has(key)));
}

/**
 * The prefixes that ExaBGP acknowledged and may still announce to somebody: a withdrawal that is not answered yet
 * leaves its prefix in here.
 */
export const acknowledged = (ledger: Ledger): string[] => {
  const prefixes = [...ledger.routes.values()].flatMap(({ announcement, state, standing }) =>
    standing || state === 'withdrawing' ? [announcement.prefix] : [],
  );
  return [...new Set(prefixes)];
};
