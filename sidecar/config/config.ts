/**
 * DOC: The configuration as the rest of swancast sees it: plain frozen objects, defaults filled in,
 * milliseconds instead of seconds, addresses in their canonical text.
 *
 *   document.ts   YAML text → plain values, each with its line
 *   schema.ts     every key: meaning, format, default (formats.ts: what a value must look like)
 *   section.ts    one mapping of the file against one convict document: the only user of convict
 *   build.ts      values → Config; route.ts: the attributes of each state; rules.ts: what no single key can say
 *   load.ts       the file, the environment and the secrets, read from disk
 *   nearest.ts, glued.ts, unit.ts, environment.ts   what was probably meant: a misspelt word, a missing blank, a
                 number with a unit, a variable
 *   json-schema.ts, reference.ts, print.ts   the same schema for editors, for the README, for people
 */
import type { Profile } from '../../health/profile.ts';
import type { Class } from '../../health/reason.ts';
import type { Attributes } from '../../bgp/announcement.ts';
import type { SessionsSettings } from '../sessions/policy.ts';

export type Family = 'ipv4' | 'ipv6';

/** `inside`: towards the own network, for pools of virtual addresses, so that the return path follows. */
export const SIDES = ['outside', 'inside'] as const;
export type Side = (typeof SIDES)[number];

/** The states with attributes of their own, best first: each is worse than the one before it. */
export const ROUTE_STATES = ['announced', 'yielding', 'degraded', 'draining'] as const;
export type RouteState = (typeof ROUTE_STATES)[number];

/** The route of one state, with everything that some neighbor may be told; policy.ts leaves out what one cannot be. */
export interface RouteConfig extends Attributes {
  /** "self" (the session's own address) or an address of the prefix's family. */
  readonly nextHop: string;
}

export interface PrefixConfig extends Readonly<Record<RouteState, RouteConfig>> {
  /** Canonical, host bits zero: "192.0.2.1/32". */
  readonly prefix: string;
  readonly family: 4 | 6;
  readonly side: Side;
  /** Addresses of the neighbors that hear of it; undefined: those of its side. See carriersOf(). */
  readonly neighbors: readonly string[] | undefined;
  /** 1 is the first choice; undefined: all gateways are alike. Already worked into the routes. */
  readonly preference: Preference | undefined;
  /** false: a gateway that comes back leaves the prefix to the one that has it. */
  readonly preempt: boolean;
  /** The path identifier of RFC 7911. */
  readonly pathId?: number;
  /** The default of the states. */
  readonly nextHop: string;
  /** Names of the checks this prefix stands on; undefined: all of them. */
  readonly checks: readonly string[] | undefined;
}

export type Preference = 1 | 2 | 3 | 4;

export interface NeighborConfig {
  /** For people, and for `neighbors` of a prefix. */
  readonly name?: string;
  readonly address: string;
  readonly family: 4 | 6;
  readonly side: Side;
  readonly peerAs: number;
  /** The AS we show this neighbor: its own local_as, or the one of the section bgp. */
  readonly localAs: number;
  readonly localAddress: string;
  /** BGP hold time (RFC 4271 section 4.2), whole seconds. */
  readonly holdSeconds: number;
  readonly port: number;
  /** A file with the TCP MD5 password; its content is read where it is used and never printed. */
  readonly passwordFile?: string;
  /** The same in $CREDENTIALS_DIRECTORY. */
  readonly passwordCredential?: string;
  /** The neighbor enforces the TTL (RFC 5082). */
  readonly gtsm: boolean;
  /** So many hops away at most. */
  readonly multihop?: number;
  /** What follows from gtsm or multihop included. */
  readonly outgoingTtl?: number;
  /** The neighbor connects, we listen. */
  readonly passive: boolean;
  readonly families: readonly Family[];
}

export interface BgpConfig {
  /** true: the sidecar starts ExaBGP itself. false: a unit of its own runs it. */
  readonly supervise: boolean;
  readonly exabgp: string;
  readonly localAs: number;
  readonly routerId: string;
  readonly runDirectory: string;
  /** Every prefix lies in one of these; undefined: anywhere. */
  readonly allowedPrefixes?: readonly string[];
  readonly neighbors: readonly NeighborConfig[];
}

/** Where a secret is: in a file, or in the file of that name in $CREDENTIALS_DIRECTORY. At most one is given. */
export interface TokenConfig {
  readonly tokenFile?: string;
  readonly tokenCredential?: string;
}

export interface FleetMemberConfig {
  /** The `gateway.name` of that host. */
  readonly name: string;
  /** Scheme, host and port, without a slash at the end: "https://gw2.example:9179". */
  readonly url: string;
  /** Unicast, for sessions that are moved there. */
  readonly address?: string;
  readonly address6?: string;
  /** IKE_SAs that it can carry. */
  readonly capacity?: number;
}

export interface FleetConfig extends TokenConfig {
  /** At least one. The one with our own `gateway.name` is ourselves. */
  readonly gateways: readonly FleetMemberConfig[];
  readonly pollMs: number;
  readonly timeoutMs: number;
  /** What was heard of a gateway longer ago counts as not heard. */
  readonly maxAgeMs: number;
  readonly minimumOthers: number;
  /** What we show to the others, and whom we believe. */
  readonly tls?: { readonly caFile?: string; readonly certificateFile?: string; readonly keyFile?: string };
}

export interface SessionsConfig extends SessionsSettings {
  /** Unicast; see ownAddresses(). */
  readonly ownAddress?: string;
  readonly ownAddress6?: string;
}

export interface HttpConfig extends TokenConfig {
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  /** With `clientCaFile` who asks must show a certificate of that authority. /healthz and /readyz stay open. */
  readonly tls?: {
    readonly certificateFile: string;
    readonly keyFile: string;
    readonly clientCaFile?: string;
  };
}

export interface CheckConfig {
  readonly name: string;
  /** A key of CHECK_TYPES in health/registry.ts. */
  readonly type: string;
  readonly intervalMs: number;
  readonly fastMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  /** A result older than this counts as unknown. */
  readonly maxAgeMs: number;
  /** What its type depends on by its nature included. */
  readonly dependsOn: readonly string[];
  /** Overrides the class that the reason brings along. */
  readonly class?: Class;
  /** The limits of its type: keys in camel case, seconds as milliseconds. */
  readonly limits: Readonly<Record<string, unknown>>;
}

export interface Config {
  /** Already worked into `checks`. */
  readonly profile: Profile;
  readonly gateway: { readonly name: string };
  readonly strongswan: { readonly viciSocket: string; readonly restartGraceMs: number };
  readonly prefixes: readonly PrefixConfig[];
  readonly bgp: BgpConfig;
  readonly lease: {
    readonly socket: string;
    readonly ttlMs: number;
    readonly maxAgeMs: number;
    readonly handoverMs: number;
  };
  readonly decision: {
    readonly holdDownMs: number;
    readonly holdDownMaxMs: number;
    readonly quietMs: number;
    /** So many steps down within the window, and the prefix is held degraded for `flapHoldMs`; 0: never. */
    readonly flapLimit: number;
    readonly flapWindowMs: number;
    readonly flapHoldMs: number;
  };
  readonly fleet?: FleetConfig;
  readonly sessions: SessionsConfig;
  readonly checks: readonly CheckConfig[];
  readonly http: HttpConfig;
  readonly control: { readonly socket: string; readonly stateDirectory: string };
  readonly log: { readonly level: LogLevel };
}

/** pino's levels, most talkative first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
