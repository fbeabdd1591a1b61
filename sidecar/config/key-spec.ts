/** One key, and one mapping, of the configuration file, as plain data: convict's shape with a few more words. */
import type { ElementName, FormatName, FormatValues } from './formats.ts';

export interface KeySpec {
  /** One or two plain sentences: what it sets, and what one trades by changing it. */
  readonly doc: string;
  readonly format: FormatName | ElementName | readonly string[];
  /** Absent: the key must be given. Null: unset, and `unset` says what happens then. */
  readonly default?: unknown;
  readonly unset?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  /** A plausible value. Stands in for a required one that is missing or wrong, so that checking goes on. */
  readonly example?: unknown;
}

export type Keys = { readonly [key: string]: KeySpec };

export interface MapSpec {
  readonly doc: string;
  /** Of a list: what its absence means. Without it the list must be given and must not be empty. */
  readonly unset?: string;
  readonly keys: Keys;
  /** Mappings inside this one. */
  readonly sections?: { readonly [key: string]: MapSpec };
  /** Lists inside this one, each element a mapping of this shape. */
  readonly lists?: { readonly [key: string]: MapSpec };
}

type Camel<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;

/** vici_socket → viciSocket; ttl_seconds → ttlMs, since the value is converted as well. */
type FieldName<K extends string> = K extends `${infer A}_seconds` ? `${Camel<A>}Ms` : Camel<K>;

type FieldValue<S> =
  | (S extends { readonly format: infer F }
      ? F extends FormatName
        ? FormatValues[F]
        : F extends readonly (infer Word)[]
          ? Word
          : never
      : never)
  | (S extends { readonly default: null } ? undefined : never);

/** What section() makes of a mapping with these keys. */
export type Values<K extends Keys> = {
  readonly [P in keyof K & string as FieldName<P>]: FieldValue<K[P]>;
};

const camel = (key: string): string =>
  key.replace(/_([a-z0-9])/gu, (_, letter: string) => letter.toUpperCase());

const SECONDS = '_seconds';

/** The same as the type FieldName, at run time. */
export const fieldName = (key: string): string =>
  key.endsWith(SECONDS) ? `${camel(key.slice(0, -SECONDS.length))}Ms` : camel(key);

/** The same as the type FieldValue, at run time; `value` has passed its format. */
export function fieldValue(value: unknown, key: string): unknown {
  if (value === null) return undefined;
  // Rounded to whole microseconds: 0.3 s would be 299.99999999999994 ms otherwise.
  return key.endsWith(SECONDS) && typeof value === 'number' ? Math.round(value * 1e6) / 1e3 : value;
}
