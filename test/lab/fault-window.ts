/** What was seen between the beginning and the end of a burden that must not move a client. Pure. */
import type { EventOf, LabEvent } from './timeline.ts';
import type { GatewayName } from './topology.ts';

export interface Window {
  /** The gateway that bears it. */
  readonly gateway: GatewayName;
  readonly events: readonly LabEvent[];
  /** BGP messages sent meanwhile, of all gateways. */
  readonly updates: number;
  readonly notifications: number;
  /** Packets without an answer, of all clients with traffic. */
  readonly lost: number;
}

/** UPDATEs that withdraw, and sessions that ended, of any gateway. */
export function withdrawalsIn(window: Window): number {
  return window.events.filter(
    (event) => event.kind === 'withdraw' || (event.kind === 'session' && event.state === 'closed'),
  ).length;
}

export function announcementsIn({ events }: Window): readonly EventOf<'announce'>[] {
  return events.filter((event) => event.kind === 'announce');
}

/**
 * Of events that begin and end with everything announced: how long any of these prefixes was away at a stretch,
 * by UPDATE or by the end of the session; milliseconds.
 */
export function longestAbsence(
  events: readonly LabEvent[],
  gateway: GatewayName,
  prefixes: readonly string[],
): number {
  const absences = prefixes.map((prefix) => {
    let goneAt: number | undefined;
    let longest = 0;
    for (const event of events.toSorted((a, b) => a.at - b.at)) {
      const isAnnounced = event.kind === 'announce' && event.gateway === gateway && event.prefix === prefix;
      if (takesAway(event, gateway, prefix)) goneAt ??= event.at;
      else if (isAnnounced && goneAt !== undefined) {
        longest = Math.max(longest, event.at - goneAt);
        goneAt = undefined;
      }
    }
    return longest;
  });
  return Math.max(...absences);
}

/** By UPDATE, or by the end of the session of its family. */
export function takesAway(event: LabEvent, gateway: GatewayName, prefix: string): boolean {
  const family = prefix.includes(':') ? 6 : 4;
  if (event.kind === 'withdraw') return event.gateway === gateway && event.prefix === prefix;
  return (
    event.kind === 'session' &&
    event.state === 'closed' &&
    event.gateway === gateway &&
    event.family === family
  );
}

/** @returns what is wrong, undefined when nothing but KEEPALIVE was sent */
export function onlyKeepalives(window: Window): string | undefined {
  const { updates, notifications } = window;
  return updates + notifications === 0
    ? undefined
    : `expected only KEEPALIVEs; seen: ${updates} UPDATE(s), ${notifications} NOTIFICATION(s)`;
}

/** @returns what is wrong, undefined when nothing was sent and no packet was lost */
export function unnoticed(window: Window): string | undefined {
  return onlyKeepalives(window) ?? (window.lost === 0 ? undefined : `${window.lost} packet(s) lost`);
}

/** @returns what is wrong, undefined when there was exactly one UPDATE per prefix, with this detail */
export function oneUpdateEach(
  window: Window,
  prefixes: readonly string[],
  detail: string,
): string | undefined {
  const announced = announcementsIn(window);
  const good = announced.filter((event) => event.gateway === window.gateway && event.detail.includes(detail));
  const once = prefixes.every((prefix) => good.filter((event) => event.prefix === prefix).length === 1);
  if (once && announced.length === prefixes.length && window.updates === prefixes.length) return undefined;
  const seen = announced.map((event) => `${event.gateway} ${event.prefix} (${event.detail})`);
  return `expected one UPDATE for each of ${prefixes.join(', ')} with ${detail}; seen: ${window.updates} UPDATE(s): ${seen.join(', ')}`;
}
