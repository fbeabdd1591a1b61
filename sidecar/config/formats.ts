/**
 * What a value must look like. Each format says what it expects in words, accepts or refuses a value, and
 * knows its JSON Schema: the configuration, its error messages and the editors' schema cannot disagree. Pure.
 */
import type { KeySpec } from './key-spec.ts';
import { COMMUNITIES_MAXIMUM } from '../../bgp/announcement.ts';
import { addressText, prefixProblem } from './address.ts';
import { isCommunity, isExtendedCommunity, isLargeCommunity, WELL_KNOWN } from './community.ts';
import { fleetUrlProblem, urlProblem } from './url.ts';

export type JsonSchema = { readonly [key: string]: unknown };

/** The type that each format's value has in the Config (seconds are milliseconds there). */
export interface FormatValues {
  text: string;
  name: string;
  path: string;
  socket: string;
  boolean: boolean;
  'text-or-empty': string;
  nat: number;
  percent: number;
  port: number;
  seconds: number;
  'whole-seconds': number;
  asn: number;
  address: string;
  'address-or-empty': string;
  'router-id': string;
  prefix: string;
  'next-hop': string;
  listen: string;
  'list-of-names': readonly string[];
  'list-of-texts': readonly string[];
  'list-of-ports': readonly number[];
  'list-of-families': readonly ('ipv4' | 'ipv6')[];
  'list-of-communities': readonly string[];
  'list-of-large-communities': readonly string[];
  'list-of-extended-communities': readonly string[];
  'list-of-prefixes': readonly string[];
  'list-of-neighbors': readonly string[];
  'neighbor-name': string;
  credential: string;
  'fleet-url': string;
  argv: readonly string[];
  url: string;
  'url-path': string;
  'http-status': number;
  device: string;
}
export type FormatName = keyof FormatValues;
/** Formats that only elements of lists have. */
export type ElementName =
  | 'text-or-empty'
  | 'name'
  | 'text'
  | 'port'
  | 'family'
  | 'community'
  | 'large-community'
  | 'extended-community'
  | 'prefix'
  | 'neighbor';

export interface Format {
  readonly type: 'string' | 'number' | 'boolean' | 'list';
  /** Completes "… is not": "a whole number from 3 to 65535". */
  readonly expected: (spec: KeySpec) => string;
  /** Called with a value of the right type. True, or false for "is not `expected`", or a sentence of its own. */
  readonly accepts: (value: never, spec: KeySpec) => boolean | string;
  readonly schema: (spec: KeySpec) => JsonSchema;
  /** Of a list: the format of its elements. */
  readonly element?: ElementName;
  /** Of a list: the same element may stand in it twice. */
  readonly repeats?: true;
}

const range = ({ minimum, maximum }: KeySpec): string => {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
};
const inside = (value: number, { minimum, maximum }: KeySpec): boolean =>
  Number.isFinite(value) && value >= (minimum ?? -Infinity) && value <= (maximum ?? Infinity);
const bounds = ({ minimum, maximum }: KeySpec): JsonSchema => ({
  ...(minimum === undefined ? {} : { minimum }),
  ...(maximum === undefined ? {} : { maximum }),
});

const numeric = (noun: string, whole: boolean, fixed: Partial<KeySpec> = {}): Format => {
  const bounded = (spec: KeySpec): KeySpec => ({ ...fixed, ...spec });
  return {
    type: 'number',
    expected: (spec) => `${noun}${range(bounded(spec))}`,
    accepts: (value: number, spec) => inside(value, bounded(spec)) && (!whole || Number.isInteger(value)),
    schema: (spec) => ({ type: whole ? 'integer' : 'number', ...bounds(bounded(spec)) }),
  };
};

const textual = (
  noun: string,
  accepts: (value: string) => boolean | string,
  schema: JsonSchema = {},
): Format => ({
  type: 'string',
  expected: () => noun,
  accepts,
  schema: () => ({ type: 'string', ...schema }),
});

const listOf = (
  noun: string,
  element: ElementName,
  {
    minItems = 0,
    maxItems = COMMUNITIES_MAXIMUM,
  }: { readonly minItems?: number; readonly maxItems?: number } = {},
): Format => ({
  type: 'list',
  expected: () => `a list of ${noun}`,
  accepts: ({ length }: readonly unknown[]) =>
    (length >= minItems && length <= maxItems) ||
    `has ${length} elements; expected from ${minItems} to ${maxItems}`,
  schema: (spec) => ({
    type: 'array',
    items: FORMATS[element].schema(spec),
    minItems,
    maxItems,
    uniqueItems: true,
  }),
  element,
});

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/u;
/** sun_path has 108 bytes, the last of which is 0 (unix(7)). */
const SOCKET_BYTES = 107;
const isPath = (value: string): boolean => value.startsWith('/') && value.length > 1 && !value.endsWith('/');

const LISTEN = /^(?:\[(?<six>[^\]]*)\]|(?<four>[^:]*)):(?<port>\d{1,5})$/u;

/** "127.0.0.1:9179" or "[::1]:9179" → its parts; "off" and anything else → undefined. */
export function parseListen(value: string): { host: string; port: number } | undefined {
  const groups = LISTEN.exec(value)?.groups;
  const host = addressText(groups?.six ?? groups?.four ?? '', 'any');
  const port = Number(groups?.port);
  if (host === undefined || host.includes(':') !== (groups?.six !== undefined)) return undefined;
  return port >= 1 && port <= 65535 ? { host, port } : undefined;
}

const URL_PATH = /^\/[!-~]*$/u;
/** IFNAMSIZ is 16, the last byte is 0; the kernel's dev_valid_name() refuses the rest. */
const DEVICE = /^[^\s/:]{1,15}$/u;

function argvProblem(argv: readonly unknown[]): boolean | string {
  if (argv.length === 0 || argv.length > 64) return `has ${argv.length} elements; expected from 1 to 64`;
  const [program] = argv;
  if (typeof program !== 'string' || isPath(program)) return true;
  return `begins with ${JSON.stringify(program)}; expected the absolute path of a program, since no shell looks for it`;
}

const family: Format = {
  type: 'string',
  expected: () => 'ipv4 or ipv6',
  accepts: (value: string) => value === 'ipv4' || value === 'ipv6',
  schema: () => ({ enum: ['ipv4', 'ipv6'] }),
};

export const FORMATS: { readonly [name in FormatName | ElementName]: Format } = {
  text: textual('text', (value) => value !== '', { minLength: 1 }),
  'text-or-empty': textual('text', () => true),
  name: textual('a name of at most 63 letters, digits, "_", "." and "-"', (value) => NAME.test(value), {
    pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$',
  }),
  path: textual('an absolute path', isPath, { pattern: '^/' }),
  socket: textual(
    `an absolute path of at most ${SOCKET_BYTES} bytes`,
    (value) => isPath(value) && Buffer.byteLength(value) <= SOCKET_BYTES,
    { pattern: '^/', maxLength: SOCKET_BYTES },
  ),
  boolean: {
    type: 'boolean',
    expected: () => 'true or false',
    accepts: () => true,
    schema: () => ({ type: 'boolean' }),
  },
  nat: numeric('a whole number', true, { minimum: 0 }),
  percent: numeric('a whole number', true, { minimum: 0, maximum: 100 }),
  port: numeric('a port', true, { minimum: 1, maximum: 65535 }),
  seconds: numeric('a number of seconds', false, { minimum: 0.001, maximum: 86_400 }),
  'whole-seconds': numeric('a whole number of seconds', true, { minimum: 0, maximum: 86_400 }),
  // RFC 7607: AS 0 must not be used; RFC 6793: 4 octets. The last one is reserved by RFC 7300.
  asn: numeric('an AS number', true, { minimum: 1, maximum: 4_294_967_294 }),
  address: textual('an IPv4 or IPv6 address', (value) => addressText(value, 'unicast') !== undefined),
  'address-or-empty': textual(
    'an IPv4 or IPv6 address, or ""',
    (value) => value === '' || addressText(value, 'unicast') !== undefined,
  ),
  'router-id': textual(
    'a dotted quad other than 0.0.0.0',
    (value) => !value.includes(':') && addressText(value, 'any') !== undefined && value !== '0.0.0.0',
    { format: 'ipv4' },
  ),
  prefix: textual('a prefix', (value) => prefixProblem(value) ?? true, {
    pattern: '^[0-9A-Fa-f:.]+/[0-9]{1,3}$',
  }),
  'next-hop': textual(
    '"self" or an IPv4 or IPv6 address',
    (value) => value === 'self' || addressText(value, 'unicast') !== undefined,
  ),
  listen: textual(
    '"off", or an address and a port from 1 to 65535 such as "127.0.0.1:9179" or "[::]:9179"',
    (value) => value === 'off' || parseListen(value) !== undefined,
    { pattern: '^(off|.+:[0-9]{1,5})$' },
  ),
  family,
  community: textual(
    `a community: two numbers from 0 to 65535 such as "65001:100", or one of ${Object.keys(WELL_KNOWN).join(', ')}`,
    isCommunity,
    { pattern: `^([0-9]+:[0-9]+|${Object.keys(WELL_KNOWN).join('|')})$` },
  ),
  'large-community': textual(
    'a large community: three numbers from 0 to 4294967295 such as "65001:1:2"',
    isLargeCommunity,
    { pattern: '^[0-9]+:[0-9]+:[0-9]+$' },
  ),
  'extended-community': textual(
    'an extended community: target or origin, an AS number and a number, such as "target:65001:100"',
    isExtendedCommunity,
    { pattern: '^(target|origin):' },
  ),
  neighbor: textual(
    'the name or the address of a neighbor',
    (value) => NAME.test(value) || addressText(value, 'any') !== undefined,
  ),
  'neighbor-name': textual(
    'a name of at most 63 letters, digits, "_", "." and "-" that is no address',
    (value) => NAME.test(value) && addressText(value, 'any') === undefined,
    { pattern: NAME.source },
  ),
  credential: textual(
    'the name of a credential: letters, digits, "_", "." and "-"',
    (value) => NAME.test(value),
    { pattern: NAME.source },
  ),
  'fleet-url': textual(
    'the address of a listener of swancast, such as "https://gw2.example:9179"',
    fleetUrlProblem,
    { pattern: '^[Hh][Tt][Tt][Pp][Ss]?://' },
  ),
  argv: {
    ...listOf('1 to 64 arguments, the first an absolute path', 'text-or-empty', {
      minItems: 1,
      maxItems: 64,
    }),
    repeats: true,
    accepts: argvProblem,
    schema: () => ({ type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 64 }),
  },
  url: textual('an address that begins with http:// or https://', urlProblem, { pattern: '^https?://' }),
  'url-path': textual('a path that begins with "/"', (value) => URL_PATH.test(value), {
    pattern: '^/[!-~]*$',
  }),
  'http-status': numeric('an HTTP status', true, { minimum: 100, maximum: 599 }),
  device: textual(
    'the name of a network interface: at most 15 characters, no space, "/" or ":"',
    (value) => DEVICE.test(value) && value !== '.' && value !== '..',
    { pattern: DEVICE.source },
  ),
  'list-of-names': listOf('names', 'name'),
  'list-of-texts': listOf('texts', 'text'),
  'list-of-ports': listOf('1 to 8 ports', 'port', { minItems: 1, maxItems: 8 }),
  'list-of-families': listOf('ipv4 and ipv6', 'family'),
  'list-of-communities': listOf('communities', 'community'),
  'list-of-large-communities': listOf('large communities', 'large-community'),
  'list-of-extended-communities': listOf('extended communities', 'extended-community'),
  'list-of-prefixes': listOf('prefixes', 'prefix', { minItems: 1 }),
  'list-of-neighbors': listOf('names or addresses of neighbors', 'neighbor', { minItems: 1 }),
};
