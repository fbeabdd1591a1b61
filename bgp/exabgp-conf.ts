/**
 * Renders ExaBGP's configuration file. Never an announcement in it: what stands in the file is announced as
 * soon as a session is up, whether charon serves or not.
 *
 * On purpose:
 *   graceful-restart disable  the router would keep our routes after the session is gone (RFC 4724)
 *   route-refresh disable     with it, 4.2.21 puts off `clear adj-rib out` and every route after it, answers
 *                             `done` all the same, and sends nothing until some other route comes by
 *   no negotiated event       where add-path is: 4.2.21 cannot write that event then, and resets the session for it
 *   adj-rib-in false          we never look at the routers' routes: no memory for a full table
 *   no check of what comes in GTSM is for nftables or the router to enforce: 4.2.21 ignores incoming-ttl. But on a
 *                             passive neighbor's listener, that sets what goes out, and outgoing-ttl does nothing
 *   listen                    a socket for a passive neighbor alone, whoever starts ExaBGP: exabgp.tcp.bind in its
 *                             environment stays empty
 */
import { addressBytes } from './address.ts';

export type AddressFamily = 'ipv4' | 'ipv6';

export interface NeighborSettings {
  readonly address: string;
  readonly localAddress: string;
  readonly peerAs: number;
  /** Ours towards this neighbor. */
  readonly localAs: number;
  /** 0, or 3 to 65535 (RFC 4271 section 4.2). */
  readonly holdSeconds: number;
  readonly port: number;
  readonly families: readonly AddressFamily[];
  /** TCP MD5 (RFC 2385), 1 to 80 characters. */
  readonly md5Password?: string;
  /** 255 for a neighbor with GTSM (RFC 5082), else the hops to a distant one; absent: the host's own, mostly 64. */
  readonly outgoingTtl?: number;
  /** The router connects to us: ExaBGP listens on `localAddress` and `port`, and never connects itself. */
  readonly passive?: boolean;
  /** It is told path identifiers if it takes them (RFC 7911): needed as soon as an announcement has a pathId. */
  readonly addPath?: boolean;
}

export interface ExabgpSettings {
  readonly routerId: string;
  readonly neighbors: readonly NeighborSettings[];
  /** The API process: launcher, then its arguments. See `guardCommand`. */
  readonly guard: readonly string[];
}

export interface GuardCommandSettings {
  /** deploy/launch-guard.sh */
  readonly launcher: string;
  /** How the guard starts: ["/usr/bin/node", ...GUARD_NODE_FLAGS, "/usr/lib/swancast/guard.cjs"]. */
  readonly guard: readonly string[];
  readonly leaseSocket: string;
  readonly localAs: number;
  readonly ttlMs: number;
  readonly maxAgeMs: number;
  readonly handoverMs: number;
}

/**
 * Options of `node` for the guard, which keep a small process small (46 MiB instead of 50, after hours too) and
 * its rare paths warm. None of them is needed for it to work.
 *
 *   no-flush-bytecode    what was rehearsed is never thrown away again: a withdrawal may come after months
 *   no-opt, no-maglev, no-sparkplug   nothing here runs often enough to be worth compiling; the compilers cost memory
 *   single-threaded      no helper threads for them
 *   max-semi-space-size  young objects (MiB): the guard makes few, and lets go of them at once
 *   no-node-snapshot     saves 1.5 MiB for 40 ms at the start
 */
export const GUARD_NODE_FLAGS: readonly string[] = [
  '--no-flush-bytecode',
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  '--single-threaded',
  '--max-semi-space-size=1',
  '--no-node-snapshot',
];

/** The `run` line of the API process. */
export const guardCommand = (settings: GuardCommandSettings): string[] => [
  // By way of sh: ExaBGP wants the execute bit for its user, which an unpacked package may lack.
  '/bin/sh',
  settings.launcher,
  ...settings.guard,
  '--socket',
  settings.leaseSocket,
  '--local-as',
  String(settings.localAs),
  '--ttl-ms',
  String(settings.ttlMs),
  '--max-age-ms',
  String(settings.maxAgeMs),
  '--handover-ms',
  String(settings.handoverMs),
];

/** Every reason why ExaBGP would not take these settings, or would take them for something else. */
export function exabgpProblems(settings: ExabgpSettings): string[] {
  const problems: string[] = [];
  if (addressBytes(settings.routerId)?.length !== 4) {
    problems.push(`router id ${quoted(settings.routerId)}: four numbers such as 10.1.1.2 expected`);
  }
  if (settings.neighbors.length === 0) problems.push('no neighbor: ExaBGP has nobody to talk to');
  for (const argument of settings.guard) {
    // ExaBGP splits this line itself: blanks, brackets, commas, #, ; and quotes mean something to it.
    if (!/^[\w@%+=:./-]+$/.test(argument)) {
      problems.push(
        `path or argument ${quoted(argument)}: letters, digits and @%+=:./_- expected in ExaBGP's run line`,
      );
    }
  }
  const seen = new Set<string>();
  for (const neighbor of settings.neighbors) {
    for (const problem of neighborProblems(neighbor))
      problems.push(`neighbor ${quoted(neighbor.address)}: ${problem}`);
    if (seen.has(neighbor.address)) problems.push(`neighbor ${quoted(neighbor.address)}: named twice`);
    seen.add(neighbor.address);
  }
  return problems;
}

/** The whole file. Throws a TypeError on settings with problems: they are for the configuration check to report. */
export function renderExabgpConf(settings: ExabgpSettings): string {
  const problems = exabgpProblems(settings);
  if (problems.length > 0)
    throw new TypeError(`no ExaBGP configuration for these settings: ${problems.join('; ')}`);
  const blocks = settings.neighbors.map((neighbor) => neighborBlock(neighbor, settings.routerId));
  return [
    '# Rendered by swancast. Changes are lost; see `swancast render exabgp`.',
    '',
    'process swancast {',
    `\trun ${settings.guard.join(' ')};`,
    '\tencoder json;',
    '\trespawn true;',
    '}',
    ...blocks.flatMap((block) => ['', ...block]),
    '',
  ].join('\n');
}

/**
 * The same file with that neighbor's `auto-flush` turned over: ExaBGP takes it for another definition of the
 * neighbor, and for the same in every other respect. Undefined when the file has no such neighbor.
 */
export function turnNeighborOver(text: string, address: string): string | undefined {
  const lines = text.split('\n');
  const begin = lines.indexOf(`neighbor ${address} {`);
  const end = lines.indexOf('}', begin);
  const at = lines.findIndex((line, index) => index > begin && /^\tauto-flush (true|false);$/.test(line));
  if (begin === -1 || at === -1 || at > end) return undefined;
  return lines.with(at, `\tauto-flush ${lines[at] === '\tauto-flush true;' ? 'false' : 'true'};`).join('\n');
}

/** True when the two differ in nothing but what `turnNeighborOver` changes. */
export const sameButTurned = (a: string, b: string): boolean => unturned(a) === unturned(b);

/**
 * `text` with those neighbors turned over that are so in `before`, the file that ExaBGP runs with: a reload must not
 * take them for changed ones, which costs the session.
 */
export function keepTurned(text: string, before: string): string {
  const addresses = [...before.matchAll(/^neighbor (\S+) \{\n(?:\t.*\n)*?\tauto-flush false;$/gm)].map(
    ([, address = '']) => address,
  );
  return addresses.reduce((kept, address) => turnNeighborOver(kept, address) ?? kept, text);
}

/** The part that ExaBGP starts its API process by, and never looks at again: only a restart can change it. */
export const processPart = (text: string): string | undefined =>
  /^process \S+ \{\n(?:\t.*\n)*\}$/m.exec(text)?.[0];

/** The addresses of its neighbors. */
export const neighborsIn = (text: string): string[] =>
  [...text.matchAll(/^neighbor (\S+) \{$/gm)].map(([, address = '']) => address);

const unturned = (text: string): string => text.replaceAll(/^\tauto-flush (true|false);$/gm, '');

function neighborBlock(neighbor: NeighborSettings, routerId: string): string[] {
  const { md5Password, outgoingTtl, port, passive = false, addPath = false } = neighbor;
  return [
    `neighbor ${neighbor.address} {`,
    `\trouter-id ${routerId};`,
    `\tlocal-address ${neighbor.localAddress};`,
    `\tlocal-as ${neighbor.localAs};`,
    `\tpeer-as ${neighbor.peerAs};`,
    `\thold-time ${neighbor.holdSeconds};`,
    ...(passive ? ['\tpassive true;', `\tlisten ${port};`] : port === 179 ? [] : [`\tconnect ${port};`]),
    ...(outgoingTtl === undefined ? [] : [`\t${passive ? 'incoming' : 'outgoing'}-ttl ${outgoingTtl};`]),
    ...(md5Password === undefined ? [] : [`\tmd5-password "${md5Password}";`, '\tmd5-base64 false;']),
    // Means nothing to ExaBGP, 4.2 to 5.0; reconnect.ts turns it over, so that a reload finds the neighbor changed.
    '\tauto-flush true;',
    '\tadj-rib-in false;',
    '\tadj-rib-out true;',
    '\tcapability {',
    '\t\tasn4 enable;',
    '\t\tgraceful-restart disable;',
    '\t\troute-refresh disable;',
    ...(addPath ? ['\t\tadd-path send;'] : []),
    '\t}',
    '\tfamily {',
    ...neighbor.families.map((family) => `\t\t${family} unicast;`),
    '\t}',
    '\tapi {',
    '\t\tprocesses [ swancast ];',
    '\t\tneighbor-changes;',
    ...(addPath ? [] : ['\t\tnegotiated;']),
    '\t}',
    '}',
  ];
}

function neighborProblems(neighbor: NeighborSettings): string[] {
  const { address, localAddress, md5Password, outgoingTtl, holdSeconds, families } = neighbor;
  const problems: string[] = [];
  const bytes = addressBytes(address);
  const local = addressBytes(localAddress);
  if (bytes === undefined) problems.push('an address expected');
  if (local === undefined) problems.push(`local address ${quoted(localAddress)}: an address expected`);
  if (bytes !== undefined && local !== undefined && bytes.length !== local.length) {
    problems.push(`local address ${localAddress}: of the other family than the neighbor`);
  }
  for (const [name, as] of [
    ['peer AS', neighbor.peerAs],
    ['local AS', neighbor.localAs],
  ] as const) {
    // 0 is reserved (RFC 7607), and so is the last one (RFC 7300).
    if (!within(as, 1, 0xfffffffe)) problems.push(`${name} ${as}: 1 to 4294967294 expected`);
  }
  if (holdSeconds !== 0 && !within(holdSeconds, 3, 65535)) {
    problems.push(`hold time ${holdSeconds} s: 0 or 3 to 65535 expected`);
  }
  if (!within(neighbor.port, 1, 65535)) problems.push(`port ${neighbor.port}: 1 to 65535 expected`);
  if (outgoingTtl !== undefined && !within(outgoingTtl, 1, 255)) {
    problems.push(`outgoing TTL ${outgoingTtl}: 1 to 255 expected`);
  }
  if (outgoingTtl !== undefined && neighbor.passive === true && bytes?.length === 16) {
    problems.push(
      'passive: ExaBGP cannot set the TTL of IPv6 connections that come in: let it connect, or use no GTSM and no TTL here',
    );
  }
  // The text of a password stays out of messages. Quotes of both kinds and backslashes mean something to ExaBGP even inside quotes.
  if (md5Password !== undefined && !/^[\x20\x21\x23-\x26\x28-\x5b\x5d-\x7e]{1,80}$/.test(md5Password)) {
    problems.push('MD5 password: 1 to 80 printable ASCII characters without quotes and \\ expected');
  }
  if (families.length === 0 || new Set(families).size !== families.length) {
    problems.push('families: ipv4, ipv6 or both expected, each once');
  }
  return problems;
}

const within = (value: number, minimum: number, maximum: number): boolean =>
  Number.isInteger(value) && value >= minimum && value <= maximum;

const quoted = (text: string): string => JSON.stringify(text);
