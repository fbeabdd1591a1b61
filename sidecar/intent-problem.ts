/** What stands in the file of orders and cannot be taken as it is, said so that a person can put it right. Pure. */
import { excerpt } from './printable.ts';

export interface IntentProblem {
  /** Where in the file: "forced[0].verb". */
  readonly key: string;
  /** What stands there, short and printable. */
  readonly value: string;
  readonly expected: string;
  /** What becomes of it, and the way out. */
  readonly instead: string;
}

/** `raw`: what was found there, anything. */
export const intentProblem = (
  key: string,
  raw: unknown,
  expected: string,
  instead: string,
): IntentProblem => ({
  key: excerpt(key, VALUE_MAXIMUM),
  value: valueText(raw),
  expected,
  instead,
});

/** "/var/lib/…/intent.json: forced[0].verb is "destroy", expected: announce or withdraw; this order is …" */
export const problemSentence = (
  path: string,
  { key, value, expected, instead }: Pick<IntentProblem, 'key' | 'value' | 'expected' | 'instead'>,
): string => `${path}: ${key} is ${value}, expected: ${expected}; ${instead}`;

const VALUE_MAXIMUM = 60;

/** Never the inside of a list or an object: it may be as deep as the file is long. */
function valueText(raw: unknown): string {
  if (raw === undefined) return 'not there';
  if (Array.isArray(raw)) return `a list of ${raw.length}`;
  if (typeof raw === 'object' && raw !== null) return 'an object';
  return excerpt(JSON.stringify(raw), VALUE_MAXIMUM);
}
