/** What every part of the sessions looks at in one step. Pure. */
import { isLive, type Book, type Session } from './sessions.ts';
import { accepts } from './place.ts';
import { addressOf, type SessionsPolicy, type Target } from './policy.ts';

/** One anycast prefix, as the decision and the guard have it. */
export interface RoutedPrefix {
  /** It is to be announced now, with whatever attributes. */
  readonly wanted: boolean;
  /** The guard has not said yet that its route is gone. */
  readonly standing: boolean;
  /** Its attributes are worse than they could be: impaired, yielding. */
  readonly worse: boolean;
  /** Another gateway is known to announce it now; without a fleet nobody is known. */
  readonly elsewhere: boolean;
  /**
   * Why it is not wanted: the checks with charon alive, charon gone, what people ordered, or swancast itself (the
   * lease lapsed, an adoption was not earned in time): then nothing that serves clients has failed.
   */
  readonly withdrawnBy: 'checks' | 'gone' | 'person' | 'swancast' | undefined;
  /** An operator forces it to be announced, which stands above every drain: his order in words. */
  readonly forced: string | undefined;
}

/** By prefix: those of side `outside` alone. */
export interface Routing {
  readonly prefixes: ReadonlyMap<string, RoutedPrefix>;
  /** The sidecar was told to end. */
  readonly stopping: boolean;
}

/** What `list-conns` says of a connection. */
export interface Connection {
  readonly localAddrs: readonly string[];
  readonly remoteAddrs: readonly string[];
}
export type Connections = ReadonlyMap<string, Connection>;

export interface Scene {
  readonly book: Book;
  readonly routing: Routing;
  /** Healthy gateways that announce the same, best first. */
  readonly targets: readonly Target[];
  /** undefined: not listed yet. */
  readonly connections: Connections | undefined;
  /** charon answers on its VICI socket. */
  readonly isLinked: boolean;
  readonly policy: SessionsPolicy;
}

/**
 * The connections whose sessions are clients: named by the configuration, or else those that take anybody on an
 * anycast address. A tunnel to a fixed peer on the unicast address is none of ours.
 */
export function clientConnections({ book, connections, policy }: Scene): ReadonlySet<string> {
  if (policy.connections !== undefined) return new Set(policy.connections);
  const found = new Set(book.clients);
  const addresses = policy.anycast.map((prefix) => prefix.split('/')[0] ?? '');
  for (const [name, { localAddrs, remoteAddrs }] of connections ?? []) {
    const isOpen = remoteAddrs.length === 0 || remoteAddrs.some((each) => each.startsWith('%any'));
    if (isOpen && addresses.some((address) => accepts(localAddrs, address) === true)) found.add(name);
  }
  return found;
}

/** The live sessions of clients on these prefixes, and those on the unicast address of a family that has none else. */
export function sessionsOn(scene: Scene, prefixes: ReadonlySet<string> | undefined): Session[] {
  const clients = clientConnections(scene);
  const families = new Set(
    scene.policy.anycast
      .filter((prefix) => prefixes !== undefined && !prefixes.has(prefix))
      .map((prefix) => (prefix.includes(':') ? 6 : 4)),
  );
  const found: Session[] = [];
  for (const session of scene.book.sessions.values()) {
    if (!isLive(session) || !clients.has(session.connection)) continue;
    const isHere =
      session.prefix === undefined
        ? session.isOwn && !families.has(session.family)
        : prefixes === undefined || prefixes.has(session.prefix);
    if (isHere) found.push(session);
  }
  return found;
}

export const isAnnounced = ({ routing }: Scene, prefix: string): boolean =>
  routing.prefixes.get(prefix)?.wanted === true;

/** Its connection takes IKE_SAs on our own unicast address of that family, as far as its local_addrs say. */
export function takesOwn({ connections, policy }: Scene, { connection, family }: Session): boolean {
  const own = addressOf(policy.own, family);
  if (own === undefined) return false;
  const known = connections?.get(connection);
  return known === undefined || accepts(known.localAddrs, own) !== false;
}
