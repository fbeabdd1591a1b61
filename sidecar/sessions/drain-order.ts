/** What the control socket is asked to do about sessions, checked to the last character. Pure. */
import { REASON_MAXIMUM, WHO_MAXIMUM } from '../intent.ts';
import { isPrintable } from '../printable.ts';
import { DRAIN_SECONDS_MAXIMUM, GATEWAY_NAME_MAXIMUM } from './drain-intent.ts';
import { DEADLINE_SECONDS_MAXIMUM, MOVE_METHODS, RATE_MAXIMUM, type MoveMethod } from './policy.ts';

/** The body of `POST /drain`. */
export interface DrainOrder {
  readonly who: string;
  readonly reason: string;
  /** Undrains by itself after so long; without it: until `swancast undrain`. */
  readonly seconds?: number;
  readonly move: MoveMethod;
  readonly to?: string;
  readonly rate?: number;
  readonly deadline_seconds?: number;
  /** Whatever speaks against it. */
  readonly force?: boolean;
  /** The host is going down: nothing speaks against it then. */
  readonly shutdown?: boolean;
  /** A drain that somebody else ordered is left as it is. */
  readonly only_own?: boolean;
}

export function parseDrainOrder(raw: unknown): DrainOrder | string {
  const fields = fieldsOf(raw, [
    'who',
    'reason',
    'seconds',
    'move',
    'to',
    'rate',
    'deadline_seconds',
    'force',
    'shutdown',
    'only_own',
  ]);
  if (typeof fields === 'string') return fields;
  const { who, reason, seconds, to, rate, deadline_seconds, force, shutdown, only_own } = fields;
  const move = MOVE_METHODS.find((each) => each === fields['move']);
  if (!isLine(who, WHO_MAXIMUM)) return `who: ${line(WHO_MAXIMUM)}`;
  if (!isLine(reason, REASON_MAXIMUM)) return `reason: ${line(REASON_MAXIMUM)}`;
  if (move === undefined) return `move: one of ${MOVE_METHODS.join(', ')} expected`;
  if (!isMaybeWhole(seconds, DRAIN_SECONDS_MAXIMUM)) return `seconds: ${whole(DRAIN_SECONDS_MAXIMUM)}`;
  if (to !== undefined && !isLine(to, GATEWAY_NAME_MAXIMUM)) return `to: ${line(GATEWAY_NAME_MAXIMUM)}`;
  if (!isMaybeWhole(rate, RATE_MAXIMUM)) return `rate: ${whole(RATE_MAXIMUM)}`;
  if (!isMaybeWhole(deadline_seconds, DEADLINE_SECONDS_MAXIMUM)) {
    return `deadline_seconds: ${whole(DEADLINE_SECONDS_MAXIMUM)}`;
  }
  if (force !== undefined && typeof force !== 'boolean') return 'force: true or false expected';
  if (shutdown !== undefined && typeof shutdown !== 'boolean') return 'shutdown: true or false expected';
  if (only_own !== undefined && typeof only_own !== 'boolean') return 'only_own: true or false expected';
  return {
    who: who.trim(),
    reason: reason.trim(),
    move,
    ...(seconds === undefined ? {} : { seconds }),
    ...(to === undefined ? {} : { to }),
    ...(rate === undefined ? {} : { rate }),
    ...(deadline_seconds === undefined ? {} : { deadline_seconds }),
    ...(force === undefined ? {} : { force }),
    ...(shutdown === undefined ? {} : { shutdown }),
    ...(only_own === undefined ? {} : { only_own }),
  };
}

/** The body of `POST /undrain`. */
export interface UndrainOrder {
  readonly who: string;
  /** A drain that somebody else ordered is left as it is. */
  readonly only_own?: boolean;
}

export function parseUndrainOrder(raw: unknown): UndrainOrder | { readonly wrong: string } {
  const fields = fieldsOf(raw, ['who', 'only_own']);
  if (typeof fields === 'string') return { wrong: fields };
  const { who, only_own } = fields;
  if (!isLine(who, WHO_MAXIMUM)) return { wrong: `who: ${line(WHO_MAXIMUM)}` };
  if (only_own !== undefined && typeof only_own !== 'boolean')
    return { wrong: 'only_own: true or false expected' };
  return { who: who.trim(), ...(only_own === undefined ? {} : { only_own }) };
}

const line = (maximum: number): string => `one line of 1 to ${maximum} printable characters expected`;
const whole = (maximum: number): string => `a whole number from 1 to ${maximum} expected`;

const isLine = (value: unknown, maximum: number): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= maximum && isPrintable(value);

const isMaybeWhole = (value: unknown, maximum: number): value is number | undefined =>
  value === undefined ||
  (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maximum);

/** The members of a JSON object that has no others than these. */
function fieldsOf(raw: unknown, known: readonly string[]): Record<string, unknown> | string {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return 'a JSON object expected';
  const stranger = Object.keys(raw).find((key) => !known.includes(key));
  if (stranger === undefined) return raw as Record<string, unknown>;
  return `${JSON.stringify(stranger.slice(0, 40))} is not known here; expected: ${known.join(', ')}`;
}
