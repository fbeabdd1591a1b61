/** One value against its format: what is wrong with it, and what to write instead. Pure. */
import { FORMATS, type Format } from './formats.ts';
import type { KeySpec } from './key-spec.ts';
import { nearest } from './nearest.ts';
import { isNot, show } from './problem.ts';
import { numberHint } from './unit.ts';

export interface ValueProblem {
  readonly expected: string;
  readonly message: string;
}

/** The problem of one element of a list is `at` "[2]"; at '' it is that of the whole value. */
export interface PlacedProblem extends ValueProblem {
  readonly at: string;
  readonly found: unknown;
}

export const formatOf = ({ format }: KeySpec): Format =>
  typeof format === 'string' ? FORMATS[format] : choice(format);

const choice = (words: readonly string[]): Format => ({
  type: 'string',
  expected: () => `one of ${words.join(', ')}`,
  accepts: (value: string) => {
    if (words.includes(value)) return true;
    const guess = nearest(value, words);
    return guess === undefined ? false : isNot(value, `one of ${words.join(', ')}`, `did you mean ${guess}?`);
  },
  schema: () => ({ enum: words }),
});

/** ", e.g. 9", where there is something to show. */
export const exampleText = (example: unknown): string =>
  typeof example === 'string' || typeof example === 'number' || typeof example === 'boolean'
    ? `, e.g. ${String(example)}`
    : '';

/** @param key its name, which ends in its unit */
export function valueProblem(value: unknown, spec: KeySpec, key = ''): ValueProblem | undefined {
  const format = formatOf(spec);
  const expected = format.expected(spec);
  if (value === null) return { expected, message: `nothing is given; write ${expected}, or remove the key` };
  if ((Array.isArray(value) ? 'list' : typeof value) !== format.type) {
    return { expected, message: isNot(value, expected, typeHint(value, spec, format, key)) };
  }
  const verdict = format.accepts(value as never, spec);
  if (verdict === true) return undefined;
  return { expected, message: verdict === false ? isNot(value, expected) : verdict };
}

/** The value itself, or else each of its elements, and elements given twice. */
export function valueProblems(value: unknown, spec: KeySpec, key: string): PlacedProblem[] {
  const problem = valueProblem(value, spec, key);
  if (problem !== undefined) return [{ ...problem, at: '', found: value }];
  const { element, repeats } = formatOf(spec);
  if (element === undefined || !Array.isArray(value)) return [];
  const list: readonly unknown[] = value;
  return list.flatMap((item, index) => {
    const wrong =
      valueProblem(item, { doc: spec.doc, format: element }) ??
      (repeats !== true && list.indexOf(item) < index
        ? { expected: 'each once', message: `${show(item)} is in the list twice; keep one` }
        : undefined);
    return wrong === undefined ? [] : [{ ...wrong, at: `[${index}]`, found: item }];
  });
}

/** A string from the environment as the type its format declares; unchanged where it cannot be. */
export function typed(value: string, { type }: Format): unknown {
  if (type === 'number' && /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/u.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/** As valueProblem(), for a string from the environment, where quotes mean nothing. */
export function variableProblem(value: string, spec: KeySpec, key: string): ValueProblem | undefined {
  const format = formatOf(spec);
  const meant = typed(value, format);
  if (format.type !== 'string' && typeof meant === 'string') {
    const expected = format.expected(spec);
    const number = format.type === 'number' ? numberHint(value, key, fits(spec, format)).meant : undefined;
    return {
      expected,
      message: isNot(value, expected, number === undefined ? undefined : `write ${number}`),
    };
  }
  return valueProblem(meant, spec);
}

const fits =
  (spec: KeySpec, format: Format) =>
  (number: number): boolean =>
    format.accepts(number as never, spec) === true;

/** What to write instead, where the type is wrong: mostly quotes, a unit, or their lack. */
function typeHint(value: unknown, spec: KeySpec, format: Format, key: string): string | undefined {
  switch (format.type) {
    case 'number':
      return typeof value === 'string' ? numberHint(value, key, fits(spec, format)).text : undefined;
    case 'boolean':
      return typeof value === 'string' ? 'write true or false without quotes' : undefined;
    case 'string': {
      const isScalar = typeof value === 'number' || typeof value === 'boolean';
      return isScalar && format.accepts(String(value) as never, spec) === true
        ? 'put it in quotes'
        : undefined;
    }
    case 'list':
      return 'begin each element with "- ", or write [a, b]';
    default: {
      const never: never = format.type;
      return never;
    }
  }
}
