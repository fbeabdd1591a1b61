/**
 * Whether clients have stopped reaching us on an anycast address. Pure.
 *
 * Read from packets-in of the CHILD_SAs, which the kernel or kernel-libipsec counts for each client by itself, with
 * no privilege and nothing installed on the host: /proc/net/snmp counts all of the host's traffic, and a packet
 * filter's counter needs rights and a rule of ours, and cannot tell the clients apart, of which some may have
 * moved and others not (ECMP). use-in has whole seconds, so it serves only where no listing came before.
 *
 * Silence counts once as many packets are missing as chance does not explain: the rate that a client had, times the
 * time since its last packet. Keepalives of NAT (RFC 3948 section 2.3) and DPD are no ESP packets: whoever sends
 * nothing else says nothing, neither that it is here nor that it is gone.
 */
import type { Session } from './sessions.ts';

/** With so many packets expected and none seen: by chance in 1 of 3000 cases, for packets at random times. */
const MISSING = 8;

/**
 * This client has stopped, and for at least `quietMs`. By the smaller of its rates: a pause after a burst is not the
 * end.
 */
export function isStill({ traffic }: Session, quietMs: number): boolean {
  if (traffic?.grewAt === undefined) return false;
  const silence = traffic.at - traffic.grewAt;
  return silence >= quietMs && silence * Math.min(traffic.rate, traffic.lastingRate) >= MISSING;
}

/** nobody: none of them sent anything of late, so there is nothing to go by. */
export type Inbound = 'flowing' | 'stopped' | 'nobody';

/**
 * Of all of them together, who were sending at `since` or after it: what many miss is seen sooner than by one.
 * `looked`: when the look began that all of them were in.
 */
export function inboundOf(sessions: readonly Session[], since: number, looked: number): Inbound {
  let newest = -Infinity;
  let rate = 0;
  for (const { traffic } of sessions) {
    // One that was left out, as a worker held it, has no news.
    if (traffic === undefined || traffic.at < looked) continue;
    if (traffic.grewAt === undefined || traffic.rate === 0) continue;
    if (traffic.grewAt < since - STARTED_BEFORE_MS) continue;
    newest = Math.max(newest, traffic.grewAt);
    rate += traffic.rate;
  }
  if (rate === 0) return 'nobody';
  return (looked - newest) * rate >= MISSING ? 'stopped' : 'flowing';
}

/** The second that use-in cannot tell, and the time between two listings. */
const STARTED_BEFORE_MS = 2000;
