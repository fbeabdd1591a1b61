/**
 * The limits of a check as plain data, in the shape of a convict schema but without convict: the
 * configuration reads them, checks what a person wrote, and hands the check the values with keys in camel
 * case and `…_seconds` as `…Ms`. A default of null means: must be given.
 *
 * Formats used by the checks:
 *
 *   nat                  a whole number, 0 or more
 *   percent              a whole number from 0 to 100
 *   Boolean, String      as in convict
 *   ip                   one IPv4 or IPv6 address
 *   ip-or-empty          the same, or '' for "not set"
 *   port-list            a list of 1 to 8 different UDP ports, each 1-65535
 *   text-list            a list of different texts, none of them empty
 *   connection-minimums  a list of { name, minimum, initiated? }, each name once
 *   endpoints            a list of 1 or more Endpoint
 *   argv                 a program's absolute path and its arguments
 *   url                  an http:// or https:// address
 *   http-status          100-599
 *   device               the name of a network interface
 *   [a, b, …]            one of these words
 */
export type LimitFormat =
  | 'nat'
  | 'percent'
  | 'Boolean'
  | 'String'
  | 'ip'
  | 'ip-or-empty'
  | 'port-list'
  | 'text-list'
  | 'connection-minimums'
  | 'endpoints'
  | 'argv'
  | 'url'
  | 'http-status'
  | 'device'
  | readonly string[];

export interface LimitSpec {
  readonly doc: string;
  readonly format: LimitFormat;
  readonly default: unknown;
}

export type LimitSchema = Readonly<Record<string, LimitSpec>>;

/** The least a connection should carry. */
export interface ConnectionMinimum {
  readonly name: string;
  readonly minimum: number;
  /** This gateway initiates it: the minimum counts at once, not only after it was reached while announced. */
  readonly initiated?: boolean;
}

/** What is to be reached behind the gateway. What does not concern its type is ignored. */
export interface Endpoint {
  readonly type: 'tcp' | 'http' | 'https' | 'tls' | 'dns' | 'icmp';
  /** Its address. */
  readonly target: string;
  /** Undefined: that of the type (80, 443, 53); tcp has none. */
  readonly port: number | undefined;
  /** Host header, name in the certificate, or the name that the DNS server is asked for; '': the address. */
  readonly name: string;
  readonly path: string;
  readonly status: number;
  readonly record: 'A' | 'AAAA' | 'CNAME' | 'TXT';
  /** What must be among the answers of the DNS server; '': any. */
  readonly expect: string;
  /** Whether the certificate must hold. */
  readonly verify: boolean;
  /** The address to go out from; '': as the check says. */
  readonly source: string;
}

type Camel<Key extends string> = Key extends `${infer Head}_seconds`
  ? `${Camel<Head>}Ms`
  : Key extends `${infer Head}_${infer Tail}`
    ? `${Head}${Capitalize<Camel<Tail>>}`
    : Key;

interface FormatTypes {
  nat: number;
  percent: number;
  Boolean: boolean;
  'port-list': readonly number[];
  'text-list': readonly string[];
  'connection-minimums': readonly ConnectionMinimum[];
  endpoints: readonly Endpoint[];
  argv: readonly string[];
  'http-status': number;
}

/** Every format that is not among them is text. */
type ValueOf<Format> = Format extends keyof FormatTypes
  ? FormatTypes[Format]
  : Format extends readonly (infer Word)[]
    ? Word
    : string;

/** What a check gets for its limits: LimitsOf<typeof limits>. */
export type LimitsOf<Schema extends LimitSchema> = {
  readonly [Key in keyof Schema & string as Camel<Key>]: ValueOf<Schema[Key]['format']>;
};
