/** What the control socket is asked to do, checked to the last character. Pure; each text says what is wrong. */
import { FORCE_SECONDS_MAXIMUM, FORCE_VERBS, REASON_MAXIMUM, WHO_MAXIMUM, type ForceVerb } from './intent.ts';
import { isPrintable } from './printable.ts';

/** The body of `POST /force`. */
export interface ForceOrder {
  readonly prefix: string;
  readonly verb: ForceVerb;
  readonly seconds: number;
  readonly reason: string;
  readonly who: string;
}

/** The body of `POST /release`; without a prefix: all of them. */
export interface ReleaseOrder {
  readonly prefix?: string;
  readonly who: string;
}

export function parseForceOrder(raw: unknown): ForceOrder | string {
  const fields = fieldsOf(raw, ['prefix', 'verb', 'seconds', 'reason', 'who']);
  if (typeof fields === 'string') return fields;
  const { prefix, seconds, reason, who } = fields;
  const verb = FORCE_VERBS.find((each) => each === fields['verb']);
  if (!isLine(prefix, PREFIX_MAXIMUM)) return `prefix: ${PREFIX}`;
  if (verb === undefined) return `verb: one of ${FORCE_VERBS.join(', ')} expected`;
  if (!isWhole(seconds, FORCE_SECONDS_MAXIMUM)) {
    return `seconds: a whole number from 1 to ${FORCE_SECONDS_MAXIMUM} (24 hours) expected`;
  }
  if (!isLine(reason, REASON_MAXIMUM)) return `reason: ${line(REASON_MAXIMUM)}`;
  if (!isLine(who, WHO_MAXIMUM)) return `who: ${line(WHO_MAXIMUM)}`;
  return { prefix, verb, seconds, reason: reason.trim(), who: who.trim() };
}

export function parseReleaseOrder(raw: unknown): ReleaseOrder | string {
  const fields = fieldsOf(raw, ['prefix', 'who']);
  if (typeof fields === 'string') return fields;
  const { prefix, who } = fields;
  if (!isLine(who, WHO_MAXIMUM)) return `who: ${line(WHO_MAXIMUM)}`;
  if (prefix === undefined) return { who: who.trim() };
  return isLine(prefix, PREFIX_MAXIMUM) ? { prefix, who: who.trim() } : `prefix: ${PREFIX}`;
}

/** The body of `POST /checks/run`; without a name: all of them. */
export interface RunOrder {
  readonly name?: string;
}

export function parseRunOrder(raw: unknown): RunOrder | string {
  const fields = fieldsOf(raw, ['name']);
  if (typeof fields === 'string') return fields;
  const { name } = fields;
  if (name === undefined) return {};
  return isLine(name, CHECK_NAME_MAXIMUM) ? { name } : `name: ${line(CHECK_NAME_MAXIMUM)}`;
}

/** As the configuration has it (formats.ts, "name"). */
const CHECK_NAME_MAXIMUM = 63;

/** The longest text of an IPv6 prefix has 49 characters. */
const PREFIX_MAXIMUM = 64;
const PREFIX = 'address and length expected, such as "192.0.2.1/32"';

const line = (maximum: number): string => `one line of 1 to ${maximum} printable characters expected`;

const isLine = (value: unknown, maximum: number): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= maximum && isPrintable(value);

const isWhole = (value: unknown, maximum: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maximum;

/** The members of a JSON object that has no others than these. */
function fieldsOf(raw: unknown, known: readonly string[]): Record<string, unknown> | string {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return 'a JSON object expected';
  const stranger = Object.keys(raw).find((key) => !known.includes(key));
  if (stranger === undefined) return raw as Record<string, unknown>;
  return `${JSON.stringify(stranger.slice(0, 40))} is not known here; expected: ${known.join(', ')}`;
}
