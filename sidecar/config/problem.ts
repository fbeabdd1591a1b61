/** What is wrong with a configuration: where, which key, which value, what was expected. */

export interface Problem {
  readonly file: string;
  /** From 1; 0 where no line is to blame (an environment variable, a file that cannot be read). */
  readonly line: number;
  /** "bgp.neighbors[0].hold_time_seconds"; empty when the whole file is meant. */
  readonly key: string;
  /** As found; undefined when it is missing. */
  readonly value: unknown;
  readonly expected: string;
  /** The sentence for a person, without file, line and key. */
  readonly message: string;
}

export const problemText = ({ file, line, key, message }: Problem): string =>
  `${line > 0 ? `${file}:${line}` : file}: ${key === '' ? '' : `${key}: `}${message}`;

const SHOWN_PROBLEMS = 100;
/** A file that is something else altogether is wrong on every line. */
const SHOWN_STRANGE = 10;

/** Every problem of one configuration. Its message has one line for each. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  readonly problems: readonly Problem[];

  /** @param isStrange the file has nothing that a configuration has */
  constructor(problems: readonly Problem[], isStrange = false) {
    const shown = isStrange ? SHOWN_STRANGE : SHOWN_PROBLEMS;
    const more = problems.length - shown;
    const lines = problems.slice(0, shown).map(problemText);
    const rest = `and ${more} more${isStrange ? ': none of its keys is known, so this is hardly a configuration of swancast; check the path' : ''}`;
    super([...lines, ...(more > 0 ? [rest] : [])].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const SHOWN_LENGTH = 80;

/** A value as it can stand in a message: one line, escaped, cut short. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`;
}

/** The messages of this directory, worded in one place. */
export const isNot = (value: unknown, expected: string, wayOut?: string): string =>
  `${show(value)} is not ${expected}${wayOut === undefined ? '' : `; ${wayOut}`}`;

/** "bgp" and "local_as" → "bgp.local_as"; the root's path is empty. */
export const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);
