/**
 * One mapping of the file against one flat convict document. The only user of convict.
 *
 * convict fills in defaults, lets the environment override, and validates. It is too kind before that:
 * "9s" loads as 9 and "maybe" as true, from the file and from the environment alike. So every value is held
 * against its format first, problems are collected, and only what is right is loaded.
 */
import convict from 'convict';
import { isRawMap, type Raw, type RawMap } from './document.ts';
import { FORMATS } from './formats.ts';
import { gluedHint, gluedKey } from './glued.ts';
import { fieldName, fieldValue, type Keys, type KeySpec, type MapSpec, type Values } from './key-spec.ts';
import { nearest } from './nearest.ts';
import { isNot, join } from './problem.ts';
import { exampleText, formatOf, typed, valueProblem, valueProblems, variableProblem } from './value.ts';

/** Where a section's problems go, and where its overrides come from. */
export interface Reader {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report: (key: string, value: unknown, expected: string, message: string) => void;
  /** The value of this key comes from this variable: that is where its problems are. */
  readonly overridden: (key: string, variable: string) => void;
}

/** For a second look at a value that has been reported on already. */
export const SILENT: Reader = { env: {}, report: () => undefined, overridden: () => undefined };

for (const [name, format] of Object.entries(FORMATS)) {
  convict.addFormat({
    name,
    validate(value: unknown, spec: unknown): void {
      const problem = valueProblem(value, spec as KeySpec);
      if (problem !== undefined) throw new Error(problem.message);
    },
    // Only strings from the environment get here, and variableProblem() has seen them.
    coerce: (value: string): unknown => typed(value, format),
  });
}

/**
 * Reads `raw`, the value found at `path`. Always returns a value for every key: a default (or the example of
 * a required key) stands in where a problem was reported. Keys in `more` are read by the caller.
 * `env`: whether the environment may override (not inside lists, where an element has no name of its own).
 */
export function section<K extends Keys>(
  keys: K,
  raw: Raw | undefined,
  path: string,
  reader: Reader,
  options: { readonly env?: boolean; readonly more?: readonly string[] } = {},
): Values<K> {
  const map = mapping(raw, path, reader);
  const isMapping = isRawMap(raw) || raw === undefined || raw === null;
  const known = [...Object.keys(keys), ...(options.more ?? [])];
  const unknown = Object.keys(map).filter((each) => !known.includes(each));
  for (const key of unknown) {
    const guess = nearest(key, known);
    const wayOut = guess === undefined ? `known here: ${known.join(', ')}` : `did you mean ${guess}?`;
    const message = `is not a known key; ${gluedHint(key) ?? wayOut}`;
    reader.report(join(path, key), map[key], known.join(', '), message);
  }
  // Said once is enough.
  const glued = unknown.map(gluedKey);
  const document: Record<string, convict.SchemaObj> = {};
  const good: Record<string, unknown> = {};
  const env: Record<string, string> = {};
  for (const [key, spec] of Object.entries(keys)) {
    const place = join(path, key);
    const variable = variableName(place);
    const isOverridable = options.env === true && isVariable(spec);
    document[key] = {
      ...spec,
      default: spec.default ?? null,
      nullable: true,
      ...(isOverridable ? { env: variable } : {}),
    } as convict.SchemaObj;
    const override = isOverridable ? reader.env[variable] : undefined;
    if (override !== undefined) {
      reader.overridden(place, variable);
      const problem = variableProblem(override, spec, key);
      if (problem === undefined) env[variable] = override;
      else reader.report(place, override, problem.expected, problem.message);
    } else if (map[key] !== undefined) {
      const problems = valueProblems(map[key], spec, key);
      for (const { at, found, expected, message } of problems)
        reader.report(place + at, found, expected, message);
      if (problems.length === 0) good[key] = map[key];
    } else if (spec.default === undefined && isMapping && !glued.includes(key)) {
      const expected = formatOf(spec).expected(spec);
      const message = `is missing; expected ${expected}${exampleText(spec.example)}`;
      reader.report(place, undefined, expected, message);
    }
  }
  const loaded = convict(document, { env, args: [] }).load(good).validate({ allowed: 'strict' });
  const properties = loaded.getProperties() as Record<string, unknown>;
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(keys)) {
    const value = spec.default === undefined && properties[key] === null ? spec.example : properties[key];
    values[fieldName(key)] = fieldValue(value, key);
  }
  return values as Values<K>;
}

/** "lease.ttl_seconds" → "SWANCAST_LEASE_TTL_SECONDS". */
export const variableName = (path: string): string => `SWANCAST_${path.replaceAll('.', '_').toUpperCase()}`;

/** Whether the environment can say it: scalars only. */
export const isVariable = (spec: KeySpec): boolean => formatOf(spec).type !== 'list';

/** The value at `path` as a mapping; nothing at all counts as an empty one. */
export function mapping(raw: Raw | undefined, path: string, reader: Reader): RawMap {
  if (isRawMap(raw)) return raw;
  if (raw !== undefined && raw !== null) {
    const hint = typeof raw === 'string' ? gluedHint(raw) : undefined;
    reader.report(
      path,
      raw,
      'a mapping',
      isNot(raw, 'a mapping of keys', hint ?? 'write its keys below it, indented'),
    );
  }
  return {};
}

/** Each element is work and a metric for ever. */
const ELEMENTS_MAXIMUM = 256;

/** The elements of the list at `path`; nothing at all counts as an empty one. */
export function elements(raw: Raw | undefined, path: string, reader: Reader): readonly Raw[] {
  if (Array.isArray(raw)) {
    const list = raw as readonly Raw[];
    if (list.length <= ELEMENTS_MAXIMUM) return list;
    const message = `has ${list.length} elements; expected at most ${ELEMENTS_MAXIMUM}`;
    reader.report(path, raw, `at most ${ELEMENTS_MAXIMUM} elements`, message);
    return [];
  }
  if (raw !== undefined && raw !== null) {
    reader.report(path, raw, 'a list', isNot(raw, 'a list', 'begin each element with "- "'));
  }
  return [];
}

/** The keys of a mapping of this shape that hold mappings and lists, for `more`. */
export const innerKeys = ({ sections, lists }: MapSpec): string[] => [
  ...Object.keys(sections ?? {}),
  ...Object.keys(lists ?? {}),
];
