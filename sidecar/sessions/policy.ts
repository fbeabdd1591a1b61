/**
 * What the configuration says about sessions, with its defaults. Pure data: sidecar/config turns YAML into it.
 *
 *   sessions:
 *     addresses: pool              identity: a client gets the same inner address on every gateway
 *     connections: [clients]       default: every connection that takes clients on an anycast address
 *     ignore: [canary@example.org] identities that are neither pinned nor swept (a drain moves them)
 *     own_address: 203.0.113.1     and own_address6: default is our own entry in fleet.gateways
 *     rate_per_second: 100         logins caused at the other gateways, at most; `drain --rate` overrides
 *     pin:      { enabled: false, delay_ms: 50, rate_per_second: 50, storm_per_second: 100, verify_ms: 10000 }
 *     drain:    { pin_first: false, worse_ms: 1000, settle_ms: 500, settle_max_ms: 3000, verify_ms: 5000,
 *                 deadline_seconds: 300 }
 *     evacuate: { enabled: true }
 *     sweep:    { enabled: false, before_ms: 3000, after_ms: 10000, quiet_ms: 300 }
 */
import type { Family } from '../../health/family.ts';

export const MOVE_METHODS = ['auto', 'redirect', 'terminate', 'none'] as const;
export type MoveMethod = (typeof MOVE_METHODS)[number];
/** What `auto` was turned into. */
export type Method = Exclude<MoveMethod, 'auto'>;

/** A gateway that clients are sent to, by its unicast addresses. */
export interface Target {
  readonly name: string;
  readonly address?: string;
  readonly address6?: string;
}

export const addressOf = (target: Target, family: Family): string | undefined =>
  family === 4 ? target.address : target.address6;

export interface PinPolicy {
  /** Redirect each new IKE_SA on an anycast address to this gateway's unicast address. Doubles logins. */
  readonly enabled: boolean;
  /**
   * After ike-updown, which charon raises while IKE_AUTH is still on its way: a redirect that overtakes it is
   * dropped and repeated after 4 s. 50 ms do on a LAN; more than the slowest client's round trip on a WAN.
   */
  readonly delayMs: number;
  /** Logins that pinning may cause on this gateway itself. */
  readonly ratePerSecond: number;
  /** More new IKE_SAs a second than this, and pinning waits until it is over: it would double the storm. */
  readonly stormPerSecond: number;
  /** A client that has not moved after this long ignores redirects. More than one retransmission (4 s). */
  readonly verifyMs: number;
}

export interface DrainPolicy {
  /** Method terminate: first pin what is still on an anycast address, so that nobody waits for his turn in silence. */
  readonly pinFirst: boolean;
  /** How long worse attributes stand before the withdrawal, so that the routers have found the other way. */
  readonly worseMs: number;
  /** Nobody who sends is left on an anycast address: so long after the withdrawal the route counts as moved. */
  readonly settleMs: number;
  /** Somebody still sends: no longer than this after the withdrawal. */
  readonly settleMaxMs: number;
  /** As in PinPolicy. */
  readonly verifyMs: number;
  /** Of a drain that names none. */
  readonly deadlineMs: number;
}

export interface SweepPolicy {
  readonly enabled: boolean;
  /** The word of a better path may come later than its effect: by the poll of the fleet, and more. */
  readonly beforeMs: number;
  /** How long after that word sessions may fall silent because of it. */
  readonly afterMs: number;
  /** The shortest silence that counts; a client that sends seldom needs a longer one. */
  readonly quietMs: number;
}

/** The section `sessions` of the configuration, but for our own addresses. */
export interface SessionsSettings {
  readonly addresses: 'identity' | 'pool';
  readonly connections: readonly string[] | undefined;
  readonly ignore: readonly string[];
  readonly ratePerSecond: number;
  readonly pin: PinPolicy;
  readonly drain: DrainPolicy;
  readonly evacuate: { readonly enabled: boolean };
  readonly sweep: SweepPolicy;
}

export interface SessionsPolicy extends SessionsSettings {
  /** This gateway: its name and its unicast addresses (sessions.own_address, or its own entry in fleet.gateways). */
  readonly own: Target;
  /** The prefixes of side `outside`. */
  readonly anycast: readonly string[];
}

export const SESSIONS_DEFAULTS: SessionsSettings = {
  addresses: 'pool',
  connections: undefined,
  ignore: [],
  ratePerSecond: 100,
  pin: { enabled: false, delayMs: 50, ratePerSecond: 50, stormPerSecond: 100, verifyMs: 10_000 },
  drain: {
    pinFirst: false,
    worseMs: 1000,
    settleMs: 500,
    settleMaxMs: 3000,
    verifyMs: 5000,
    deadlineMs: 300_000,
  },
  evacuate: { enabled: true },
  sweep: { enabled: false, beforeMs: 3000, afterMs: 10_000, quietMs: 300 },
};

/** `--rate` and `sessions.rate_per_second`. */
export const RATE_MAXIMUM = 10_000;
/** `--deadline` and `sessions.drain.deadline_seconds`. */
export const DEADLINE_SECONDS_MAXIMUM = 24 * 3600;
