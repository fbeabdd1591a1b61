/** A broken rule between keys, and the shapes that several rules share. Pure. */
import type { CheckConfig } from './config.ts';

/**
 * Names the key to change first, and every other key it stands on: it is dropped when one of those is wrong
 * by itself, because it would only repeat that in other words.
 */
export interface Violation {
  readonly key: string;
  readonly value?: unknown;
  readonly expected: string;
  readonly message: string;
  readonly involves?: readonly string[];
}

export const seconds = (ms: number): string => String(ms / 1000);

export function* atMost(
  key: string,
  ms: number,
  otherName: string,
  otherMs: number,
  involves: readonly string[],
): Generator<Violation> {
  if (ms <= otherMs) return;
  const message = `${seconds(ms)} is more than ${otherName} ${seconds(otherMs)}; write at most that`;
  yield { key, value: ms / 1000, expected: `at most ${otherName}`, message, involves };
}

export function* duplicates<T>(
  list: readonly T[],
  path: string,
  key: string,
  of: (element: T) => string | undefined,
): Generator<Violation> {
  const first = new Map<string, number>();
  for (const [index, element] of list.entries()) {
    const value = of(element);
    if (value === undefined) continue;
    const earlier = first.get(value);
    if (earlier === undefined) first.set(value, index);
    else {
      const message = `"${value}" is already that of ${path}[${earlier}]; remove one, or change it`;
      yield {
        key: `${path}[${index}].${key}`,
        value,
        expected: 'each once',
        message,
        involves: [`${path}[${earlier}].${key}`],
      };
    }
  }
}

export const namesOf = (checks: readonly CheckConfig[]): string[] =>
  checks.map((_, index) => `checks[${index}].name`);

export function* unknownNames(
  names: readonly string[],
  path: string,
  checks: readonly CheckConfig[],
): Generator<Violation> {
  const known = checks.map(({ name }) => name);
  for (const [index, name] of names.entries()) {
    if (known.includes(name)) continue;
    const message = `"${name}" is not the name of a check; there are: ${known.join(', ')}`;
    yield {
      key: `${path}[${index}]`,
      value: name,
      expected: 'the name of a check',
      message,
      involves: namesOf(checks),
    };
  }
}
