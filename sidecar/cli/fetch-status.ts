/** The status of the running daemon. */
import type { PrefixStatus } from '../prefix-status.ts';
import type { Status } from '../status.ts';
import { askDaemon, exchange } from './exchange.ts';
import { isSessions } from './is-sessions.ts';
import type { SocketOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';

/** The status, or the exit code after the one line that says why there is none. */
export const askStatus = (
  options: SocketOptions,
  surroundings: Surroundings,
  deadlineMs?: number,
): Promise<Status | number> => askDaemon(options, surroundings, fetchStatus, deadlineMs);

/** Rejects with DaemonError. */
export const fetchStatus = (socket: string, signal: AbortSignal): Promise<Status> =>
  exchange(socket, { path: '/status' }, isStatus, signal);

/** What the renderers below stand on; the daemon is of another version now and then. */
function isStatus(value: unknown): value is Status {
  if (typeof value !== 'object' || value === null) return false;
  const { prefixes, checks, bgp, journal } = value as Partial<Record<string, unknown>>;
  const hasNeighbors =
    typeof bgp === 'object' &&
    bgp !== null &&
    ['neighbors', 'neighbor_reasons', 'graceful_restart'].every((key) => key in bgp);
  const lists = [prefixes, checks, journal];
  return lists.every(isObjects) && hasNeighbors && 'sessions' in value && isSessions(value.sessions);
}

/** The answer to an order: the status of the prefixes that it concerned. */
export const isOrdered = (value: unknown): value is { readonly prefixes: readonly PrefixStatus[] } =>
  typeof value === 'object' && value !== null && 'prefixes' in value && isObjects(value.prefixes);

const isObjects = (list: unknown): boolean =>
  Array.isArray(list) && list.every((each) => typeof each === 'object' && each !== null);
