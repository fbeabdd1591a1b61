/**
 * Reads what `show neighbor extensive` prints, line by line. It is the only place where ExaBGP 4.2 and 5.0 tell
 * whether graceful restart is in force (their `negotiated` event knows hold time and families, but not that),
 * and the only way for a guard that was started anew to learn which sessions are up.
 */

import type { NeighborState } from './lease.ts';

export type ListingLine =
  /** What follows is about this neighbor. */
  | { readonly kind: 'neighbor'; readonly address: string }
  | { readonly kind: 'state'; readonly state: NeighborState }
  /** `negotiated`: both ends advertised the capability (RFC 4724 section 4), so the router keeps our routes. */
  | { readonly kind: 'graceful-restart'; readonly negotiated: boolean };

/** Names of RFC 4271 section 8.2.2; what is not in it has no connection. ExaBGP is in CONNECT once it has one. */
const FSM: Readonly<Record<string, NeighborState>> = {
  connect: 'connected',
  opensent: 'connected',
  openconfirm: 'connected',
  established: 'up',
};

/** Undefined for the lines that say nothing of interest here, most of them. */
export function parseListingLine(text: string): ListingLine | undefined {
  const [first = '', second = '', third = ''] = text.trim().split(/\s+/);
  switch (first) {
    case 'Neighbor':
      return /^[0-9a-f:.]{2,45}$/i.test(second) ? { kind: 'neighbor', address: second } : undefined;
    case 'state':
      return { kind: 'state', state: FSM[second.toLowerCase()] ?? 'down' };
    case 'graceful-restart:':
      return { kind: 'graceful-restart', negotiated: second === third && third === 'enabled' };
    default:
      return undefined;
  }
}
