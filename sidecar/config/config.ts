/**
 * DOC: The configuration as the rest of swancast sees it: plain frozen objects, defaults filled in,
 * milliseconds instead of seconds, addresses in their canonical text.
 *
 *   document.ts   YAML text → plain values, each with its line
 *   schema.ts     every key: meaning, format, default (formats.ts: what a value must look like)
 *   section.ts    one mapping of the file against one convict document: the only user of convict
 *   build.ts      values → Config; rules.ts: what no single key can say
 *   load.ts       the file, the environment and the secrets, read from disk
 *   nearest.ts, glued.ts, environment.ts   what was probably meant: a misspelt word, a missing blank, a variable
 *   json-schema.ts, reference.ts, print.ts   the same schema for editors, for the README, for people
 */
import type { Profile } from '../../health/profile.ts';
import type { Class } from '../../health/reason.ts';
import type { Attributes } from '../../bgp/announcement.ts';

export type Family = 'ipv4' | 'ipv6';

export interface PrefixConfig {
  /** Canonical, host bits zero: "192.0.2.1/32". */
  readonly prefix: string;
  readonly family: 4 | 6;
  /** "self" (the session's own address) or an address of the prefix's family. */
  readonly nextHop: string;
  /** Names of the checks this prefix stands on; undefined: all of them. */
  readonly checks: readonly string[] | undefined;
  readonly announced: Attributes;
  readonly degraded: Attributes;
}

export interface NeighborConfig {
  readonly address: string;
  readonly family: 4 | 6;
  readonly peerAs: number;
  /** The AS we show this neighbor: its own local_as, or the one of the section bgp. */
  readonly localAs: number;
  readonly localAddress: string;
  /** BGP hold time (RFC 4271 section 4.2), whole seconds. */
  readonly holdSeconds: number;
  readonly port: number;
  /** A file with the TCP MD5 password; its content is read where it is used and never printed. */
  readonly passwordFile?: string;
  readonly outgoingTtl?: number;
  readonly families: readonly Family[];
}

export interface BgpConfig {
  /** true: the sidecar starts ExaBGP itself. false: a unit of its own runs it. */
  readonly supervise: boolean;
  readonly exabgp: string;
  readonly localAs: number;
  readonly routerId: string;
  readonly runDirectory: string;
  readonly neighbors: readonly NeighborConfig[];
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
  readonly strongswan: { readonly viciSocket: string };
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
  };
  readonly checks: readonly CheckConfig[];
  readonly http: { readonly listen: { readonly host: string; readonly port: number } | undefined };
  readonly control: { readonly socket: string; readonly stateDirectory: string };
  readonly log: { readonly level: LogLevel };
}

/** pino's levels, most talkative first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
