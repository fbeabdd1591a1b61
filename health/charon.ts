/**
 * One connection to charon: opening it (it must call itself charon, and take the subscription), asking how
 * it is, and, on a connection of its own, listing its IKE_SAs. Everything rejects with ViciError or with
 * StrongswanError.
 */
import { isSaEventName, readSaEvent, SA_EVENTS, type SaEvent } from './sa-event.ts';
import {
  readConnections,
  readIkeSas,
  readStats,
  readVersion,
  StrongswanError,
  type IkeSa,
  type Stats,
  type Version,
} from './strongswan.ts';
import { openReader, type CallOptions, type ReadClient } from './vici/index.ts';
import type { HealthLog } from './seams.ts';

export interface Charon {
  readonly client: ReadClient;
  readonly version: Version;
  /** The connections as they were last asked for. */
  loaded: { readonly at: number; readonly names: readonly string[] } | undefined;
}

/** What charon said in one look. */
export interface Snapshot {
  /** When the look began, monotonic milliseconds. */
  readonly at: number;
  readonly version: Version;
  readonly stats: Stats;
  /** Names of the loaded connections; as old as CONNECTIONS_MS while there are any. */
  readonly connections: readonly string[];
}

/** Opens it; the deadline holds for each of the five exchanges. Events may come before this resolves. */
export async function openCharon(
  path: string,
  onEvent: (event: SaEvent) => void,
  log: HealthLog,
  call: CallOptions,
): Promise<Charon> {
  const client = await openReader(path, call);
  try {
    const version = readVersion(await client.request('version', undefined, call));
    if (!version.daemon.startsWith('charon')) {
      throw new StrongswanError('STRONGSWAN_FIELD_INVALID', `the daemon calls itself "${version.daemon}"`);
    }
    const { unknown } = await client.subscribe(
      SA_EVENTS,
      (name, message) => {
        if (!isSaEventName(name)) return;
        try {
          for (const event of readSaEvent(name, message)) onEvent(event);
        } catch (error) {
          if (!(error instanceof StrongswanError)) throw error;
          log.warn({ event: name, err: error }, 'an event of charon could not be read');
        }
      },
      call,
    );
    const missed = unknown.filter((name) => name !== 'alert'); // older than 6.0.3
    if (missed.length > 0) log.warn({ events: missed }, 'charon does not know these events');
    return { client, version, loaded: undefined };
  } catch (error) {
    client.close();
    throw error;
  }
}

/**
 * Connections this young are not asked for again, as there may be thousands: with a look every 0.5 s or more often,
 * that they were unloaded is seen after 1.1 s at most.
 */
const CONNECTIONS_MS = 550;

/** `stats`, and `get-conns` when it is due, one after the other within one deadline. */
export async function askCharon(charon: Charon, at: number, call: CallOptions): Promise<Snapshot> {
  const { client, version, loaded } = charon;
  // None is bad news, and its end good news: both want to be known at once.
  const isDue = loaded === undefined || loaded.names.length === 0 || at - loaded.at >= CONNECTIONS_MS;
  const [stats, connections] = await Promise.all([
    client.request('stats', undefined, call),
    isDue ? client.request('get-conns', undefined, call) : undefined,
  ]);
  const names = connections === undefined ? (loaded?.names ?? []) : readConnections(connections);
  if (connections !== undefined) charon.loaded = { at, names };
  return { at, version, stats: readStats(stats), connections: names };
}

/**
 * All IKE_SAs that no worker holds just now (`list-sas noblock`: the busy ones are left out without a
 * word). On a connection of its own, so that `stats` need not wait behind thousands of them.
 */
export async function* listIkeSas(
  path: string,
  openMs: number,
  call: { readonly deadlineMs: number; readonly signal: AbortSignal },
): AsyncGenerator<IkeSa> {
  const client = await openReader(path, { onlyCommands: true, deadlineMs: openMs, signal: call.signal });
  try {
    for await (const message of client.stream('list-sas', 'list-sa', { noblock: 'yes' }, call)) {
      yield* readIkeSas(message);
    }
  } finally {
    client.close();
  }
}
