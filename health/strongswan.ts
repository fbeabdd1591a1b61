/**
 * VICI messages as typed values: numbers for decimal text, booleans for `yes`, lists for sections that are
 * lists in truth. Read once, here, at the boundary; nothing behind it touches a raw message.
 *
 * Field names are those of strongSwan's vici/README.md in camel case. What is essential must be there, or
 * StrongswanError is thrown (then it is not charon that answers); the rest has a neutral default, since
 * fields come and go between 5.9 and 6.x.
 */
import type { Message, Section, Value } from './vici/message.ts';

export type StrongswanErrorCode = 'STRONGSWAN_FIELD_MISSING' | 'STRONGSWAN_FIELD_INVALID';

export class StrongswanError extends Error {
  override readonly name = 'StrongswanError';
  readonly code: StrongswanErrorCode;

  constructor(code: StrongswanErrorCode, text: string) {
    super(text);
    this.code = code;
  }
}

export interface Version {
  /** "charon-systemd", "charon", "charon-cmd". */
  readonly daemon: string;
  readonly version: string;
}

/** One number for each priority of charon's job queue. */
export interface ByPriority {
  readonly critical: number;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
}

export interface Stats {
  /**
   * When charon started: wall clock, milliseconds; NaN if it cannot be read. charon computes it anew each
   * time from two clocks of whole seconds, so that it jumps by a second within one run.
   */
  readonly startedAt: number;
  readonly workers: { readonly total: number; readonly idle: number; readonly active: ByPriority };
  readonly queues: ByPriority;
  readonly scheduled: number;
  /** `total` counts every IKE_SA, connecting and passive ones too. */
  readonly ikeSas: { readonly total: number; readonly halfOpen: number };
}

/** Counter name as on the wire ("ike-init-in-req") → value since charon started. */
export type Counters = ReadonlyMap<string, number>;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly id: string;
}

export interface ChildSa {
  readonly name: string;
  readonly uniqueId: number;
  readonly reqId: number;
  /** CREATED ROUTED INSTALLING INSTALLED UPDATING REKEYING REKEYED RETRYING DELETING DELETED DESTROYING */
  readonly state: string;
  readonly mode: string;
  readonly protocol: string;
  readonly encap: boolean;
  readonly spiIn: string;
  readonly spiOut: string;
  readonly bytesIn: number;
  readonly packetsIn: number;
  readonly bytesOut: number;
  readonly packetsOut: number;
  /** Seconds since the last packet; absent before the first. */
  readonly useInSeconds: number | undefined;
  readonly useOutSeconds: number | undefined;
  /** Seconds; negative: overdue. */
  readonly rekeyInSeconds: number | undefined;
  readonly lifeTimeSeconds: number | undefined;
  readonly installedSeconds: number | undefined;
  readonly localTs: readonly string[];
  readonly remoteTs: readonly string[];
}

export interface IkeSa {
  /** The name of its connection; `(unnamed)` until charon has chosen one. */
  readonly connection: string;
  readonly uniqueId: number;
  readonly version: number;
  /** CREATED CONNECTING ESTABLISHED PASSIVE REKEYING REKEYED DELETING DESTROYING */
  readonly state: string;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly remoteEapId: string | undefined;
  /** Who began the last exchange of IKE_SA_INIT or rekeying; after a rekey this is not who logged in. */
  readonly initiator: boolean;
  readonly initiatorSpi: string;
  readonly responderSpi: string;
  readonly establishedSeconds: number | undefined;
  /** Seconds; negative: overdue. */
  readonly rekeyInSeconds: number | undefined;
  readonly reauthInSeconds: number | undefined;
  readonly localVips: readonly string[];
  readonly remoteVips: readonly string[];
  readonly tasksActive: readonly string[];
  readonly childSas: readonly ChildSa[];
}

/** What an IKE_SA is called before charon knows its connection: every login, and every probe, for a moment. */
export const UNNAMED = '(unnamed)';

export function readVersion(message: Message): Version {
  return { daemon: text(message, 'daemon'), version: text(message, 'version') };
}

export function readStats(message: Message): Stats {
  const workers = inner(message, 'workers');
  const ikeSas = inner(message, 'ikesas');
  return {
    // oxlint-disable-next-line no-restricted-globals -- reads a text, not the clock
    startedAt: Date.parse(text(inner(message, 'uptime'), 'since')),
    workers: {
      total: number(workers, 'total'),
      idle: number(workers, 'idle'),
      active: byPriority(inner(workers, 'active')),
    },
    queues: byPriority(inner(message, 'queues')),
    scheduled: number(message, 'scheduled'),
    ikeSas: { total: number(ikeSas, 'total'), halfOpen: number(ikeSas, 'half-open') },
  };
}

/** Names of the loaded connections, from `get-conns`. */
export function readConnections(message: Message): readonly string[] {
  if (message['conns'] === undefined) throw missing('conns');
  return list(message, 'conns');
}

/** `get-counters`: connection name → its counters; '' is the whole daemon. */
export function readCounters(message: Message): ReadonlyMap<string, Counters> {
  const all = new Map<string, Counters>();
  for (const [connection, counters] of sections(inner(message, 'counters'))) {
    all.set(connection, new Map(Object.keys(counters).map((name) => [name, number(counters, name)])));
  }
  return all;
}

/** The IKE_SAs in one `list-sa` event (charon sends one each), or in an event about IKE_SAs. */
export function readIkeSas(message: Message): IkeSa[] {
  return sections(message).map(([connection, section]) => readIkeSa(connection, section));
}

export function readIkeSa(connection: string, from: Section): IkeSa {
  const childSas = optional(from, 'child-sas');
  return {
    connection,
    uniqueId: number(from, 'uniqueid'),
    version: number(from, 'version', 0),
    state: text(from, 'state'),
    local: endpoint(from, 'local'),
    remote: endpoint(from, 'remote'),
    remoteEapId: from['remote-eap-id'] === undefined ? undefined : text(from, 'remote-eap-id'),
    initiator: from['initiator'] === 'yes',
    initiatorSpi: text(from, 'initiator-spi', ''),
    responderSpi: text(from, 'responder-spi', ''),
    establishedSeconds: maybeNumber(from, 'established'),
    rekeyInSeconds: maybeNumber(from, 'rekey-time'),
    reauthInSeconds: maybeNumber(from, 'reauth-time'),
    localVips: list(from, 'local-vips'),
    remoteVips: list(from, 'remote-vips'),
    tasksActive: list(from, 'tasks-active'),
    childSas:
      childSas === undefined ? [] : sections(childSas).flatMap(([name, child]) => readChild(name, child)),
  };
}

/** One entry of `child-sas`; in `child-rekey` it holds `old` and `new` instead of the fields themselves. */
function readChild(name: string, from: Section): ChildSa[] {
  return from['uniqueid'] === undefined ? [] : [readChildSa(name, from)];
}

export function readChildSa(name: string, from: Section): ChildSa {
  return {
    name: text(from, 'name', name),
    uniqueId: number(from, 'uniqueid'),
    reqId: number(from, 'reqid', 0),
    state: text(from, 'state'),
    mode: text(from, 'mode', ''),
    protocol: text(from, 'protocol', ''),
    encap: from['encap'] === 'yes',
    spiIn: text(from, 'spi-in', ''),
    spiOut: text(from, 'spi-out', ''),
    bytesIn: number(from, 'bytes-in', 0),
    packetsIn: number(from, 'packets-in', 0),
    bytesOut: number(from, 'bytes-out', 0),
    packetsOut: number(from, 'packets-out', 0),
    useInSeconds: maybeNumber(from, 'use-in'),
    useOutSeconds: maybeNumber(from, 'use-out'),
    rekeyInSeconds: maybeNumber(from, 'rekey-time'),
    lifeTimeSeconds: maybeNumber(from, 'life-time'),
    installedSeconds: maybeNumber(from, 'install-time'),
    localTs: list(from, 'local-ts'),
    remoteTs: list(from, 'remote-ts'),
  };
}

/** The sections of a section by name. The client keeps a name that charon used twice as `name#2`. */
export function sections(of: Section): [name: string, section: Section][] {
  const found: [string, Section][] = [];
  for (const [key, element] of Object.entries(of)) {
    if (!isSection(element)) continue;
    const base = key.replace(/#\d+$/, '');
    found.push([base !== key && of[base] !== undefined ? base : key, element]);
  }
  return found;
}

export function optional(from: Section, key: string): Section | undefined {
  const element = from[key];
  return isSection(element) ? element : undefined;
}

function isSection(element: Section[string] | undefined): element is Section {
  return typeof element === 'object' && !Array.isArray(element) && !Buffer.isBuffer(element);
}

export function inner(from: Section, key: string): Section {
  const section = optional(from, key);
  if (section === undefined) throw missing(key);
  return section;
}

function byPriority(from: Section): ByPriority {
  return {
    critical: number(from, 'critical'),
    high: number(from, 'high'),
    medium: number(from, 'medium'),
    low: number(from, 'low'),
  };
}

function endpoint(from: Section, side: 'local' | 'remote'): Endpoint {
  return {
    host: text(from, `${side}-host`, ''),
    port: number(from, `${side}-port`, 0),
    id: text(from, `${side}-id`, ''),
  };
}

export function list(from: Section, key: string): readonly string[] {
  const element = from[key];
  return Array.isArray(element) ? element.map(asText) : [];
}

export function text(from: Section, key: string, otherwise?: string): string {
  const element = from[key];
  if (typeof element === 'string') return element;
  if (Buffer.isBuffer(element)) return asText(element);
  if (otherwise === undefined) throw missing(key);
  return otherwise;
}

/** Bytes that are no UTF-8 (an identity in an old encoding) stay tellable apart as Latin-1. */
const asText = (value: Value): string => (typeof value === 'string' ? value : value.toString('latin1'));

export function number(from: Section, key: string, otherwise?: number): number {
  const value = maybeNumber(from, key) ?? otherwise;
  if (value === undefined) throw missing(key);
  return value;
}

export function maybeNumber(from: Section, key: string): number | undefined {
  const element = from[key];
  if (element === undefined) return undefined;
  if (typeof element !== 'string' || !/^-?\d{1,20}$/.test(element)) {
    throw new StrongswanError('STRONGSWAN_FIELD_INVALID', `field "${key}" is no decimal number`);
  }
  return Number(element);
}

function missing(key: string): StrongswanError {
  return new StrongswanError(
    'STRONGSWAN_FIELD_MISSING',
    `field "${key}" is missing: this is not charon's answer`,
  );
}
