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
 *   connection-minimums  a list of { name, minimum, initiated? }, each name once
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
  | 'connection-minimums'
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

type Camel<Key extends string> = Key extends `${infer Head}_seconds`
  ? `${Camel<Head>}Ms`
  : Key extends `${infer Head}_${infer Tail}`
    ? `${Head}${Capitalize<Camel<Tail>>}`
    : Key;

type ValueOf<Format> = Format extends 'nat' | 'percent'
  ? number
  : Format extends 'Boolean'
    ? boolean
    : Format extends 'port-list'
      ? readonly number[]
      : Format extends 'connection-minimums'
        ? readonly ConnectionMinimum[]
        : Format extends readonly (infer Word)[]
          ? Word
          : string;

/** What a check gets for its limits: LimitsOf<typeof limits>. */
export type LimitsOf<Schema extends LimitSchema> = {
  readonly [Key in keyof Schema & string as Camel<Key>]: ValueOf<Schema[Key]['format']>;
};
