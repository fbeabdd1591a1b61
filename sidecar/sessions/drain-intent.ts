/**
 * An operator's order to empty this gateway: what it says, and how the intent file keeps it over a restart. Pure.
 * As with break-glass, the monotonic `endsAt` counts while a process runs; only a restart trusts the wall clock.
 */
import { REASON_MAXIMUM, WHO_MAXIMUM, type Moment } from '../intent.ts';
import { isPrintable } from '../printable.ts';
import { DEADLINE_SECONDS_MAXIMUM, MOVE_METHODS, RATE_MAXIMUM, type MoveMethod } from './policy.ts';

export interface DrainIntent {
  readonly who: string;
  readonly reason: string;
  /** Wall clock, ISO 8601. */
  readonly since: string;
  /** undefined: until `swancast undrain`. */
  readonly until: string | undefined;
  readonly endsAt: number | undefined;
  readonly move: MoveMethod;
  /** The gateway to go to; undefined: every healthy one. */
  readonly to: string | undefined;
  readonly ratePerSecond: number;
  readonly deadlineMs: number;
}

/** As the intent file has it, under the key `drain`. */
export interface KeptDrain {
  readonly who: string;
  readonly reason: string;
  readonly since: string;
  readonly until?: string;
  readonly move: MoveMethod;
  readonly to?: string;
  readonly rate_per_second: number;
  readonly deadline_seconds: number;
}

/** Whoever needs longer than this wants `swancast drain` without an end. */
export const DRAIN_SECONDS_MAXIMUM = 30 * 24 * 3600;
/** As the configuration has names. */
export const GATEWAY_NAME_MAXIMUM = 63;

export function drainIntentOf(
  order: Omit<DrainIntent, 'since' | 'until' | 'endsAt'> & { readonly seconds: number | undefined },
  { now, time }: Moment,
): DrainIntent {
  const { seconds, ...rest } = order;
  const ms = seconds === undefined ? undefined : seconds * 1000;
  return {
    ...rest,
    since: iso(time),
    until: ms === undefined ? undefined : iso(time + ms),
    endsAt: ms === undefined ? undefined : now + ms,
  };
}

export const keptDrain = (intent: DrainIntent): KeptDrain => ({
  who: intent.who,
  reason: intent.reason,
  since: intent.since,
  ...(intent.until === undefined ? {} : { until: intent.until }),
  move: intent.move,
  ...(intent.to === undefined ? {} : { to: intent.to }),
  rate_per_second: intent.ratePerSecond,
  deadline_seconds: intent.deadlineMs / 1000,
});

/** undefined: it is over. A text says what is wrong with it. */
export function resumedDrain(raw: unknown, { now, time }: Moment): DrainIntent | string | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return 'an object expected';
  const { who, reason, since, until, move, to, rate_per_second, deadline_seconds } = raw as Record<
    string,
    unknown
  >;
  const method = MOVE_METHODS.find((each) => each === move);
  if (!isLine(who, WHO_MAXIMUM) || !isLine(reason, REASON_MAXIMUM)) return 'who and reason expected';
  if (!isTime(since) || (until !== undefined && !isTime(until))) return 'since and until expected as times';
  if (method === undefined) return `move: one of ${MOVE_METHODS.join(', ')} expected`;
  if (to !== undefined && !isLine(to, GATEWAY_NAME_MAXIMUM)) return 'to: a gateway expected';
  if (!isWhole(rate_per_second, RATE_MAXIMUM)) return 'rate_per_second: a whole number expected';
  if (!isWhole(deadline_seconds, DEADLINE_SECONDS_MAXIMUM))
    return 'deadline_seconds: a whole number expected';
  // With a clock that was set back the order begins again at most.
  const left =
    until === undefined ? undefined : Math.min(unix(until) - time, Math.max(0, unix(until) - unix(since)));
  if (left !== undefined && left <= 0) return undefined;
  return {
    who,
    reason,
    since,
    until,
    endsAt: left === undefined ? undefined : now + left,
    move: method,
    to,
    ratePerSecond: rate_per_second,
    deadlineMs: deadline_seconds * 1000,
  };
}

/** "alice until 2026-…: reboot" */
export const drainSentence = ({
  who,
  until,
  reason,
}: Pick<DrainIntent, 'who' | 'until' | 'reason'>): string =>
  `by ${who} ${until === undefined ? 'until undrained' : `until ${until}`}: ${reason}`;

const isLine = (value: unknown, maximum: number): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= maximum && isPrintable(value);

const isTime = (value: unknown): value is string => typeof value === 'string' && !Number.isNaN(unix(value));

const isWhole = (value: unknown, maximum: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maximum;

// oxlint-disable-next-line no-restricted-globals -- writes a given time, and reads no clock
const iso = (time: number): string => new Date(time).toISOString();
// oxlint-disable-next-line no-restricted-globals -- reads a given text, and no clock
const unix = (text: string): number => Date.parse(text);
