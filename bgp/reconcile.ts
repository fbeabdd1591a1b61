/**
 * Desired against acknowledged: which commands ExaBGP still has to hear.
 *
 * Withdrawals come first and always at once: they overtake announcements that are not answered yet and stand
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
      return { ledger: { ...ledger, pending }, answered };
    case 'clear':
      return {
        ledger: verdict === 'done' ? { routes: new Map(), pending } : { ...ledger, pending },
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

/**
 * The prefixes that ExaBGP acknowledged and may still announce: a withdrawal that is not answered yet leaves
 * its prefix in here.
 */
export const acknowledged = (ledger: Ledger): string[] =>
  [...ledger.routes]
    .filter(([, { state, standing }]) => standing || state === 'withdrawing')
    .map(([prefix]) => prefix);
