/**
 * An operator's order to empty this gateway: what it says, and how the intent file keeps it over a restart. Pure.
 * As with break-glass, the monotonic `endsAt` counts while a process runs; only a restart trusts the wall clock.
 */
import { REASON_MAXIMUM, TIME, WHO_MAXIMUM, type Moment } from '../intent.ts';
import { intentProblem, type IntentProblem } from '../intent-problem.ts';
import { isPrintable } from '../printable.ts';
import {
  DEADLINE_SECONDS_MAXIMUM,
  MOVE_METHODS,
  RATE_MAXIMUM,
  type MoveMethod,
  type SessionsSettings,
} from './policy.ts';

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

/** What the file said of a drain, as far as it can be taken. */
export interface ResumedDrain {
  /** undefined: it is over, or it is none. */
  readonly intent: DrainIntent | undefined;
  readonly problems: readonly IntentProblem[];
}

/**
 * `raw`: what stands under `drain`, anything. Who ordered it, when, and until when make it a drain; a slip in the rest
 * takes nobody's order back: the configuration has the say there.
 */
export function resumedDrain(
  raw: unknown,
  { now, time }: Moment,
  policy: Pick<SessionsSettings, 'ratePerSecond'> & { readonly drain: { readonly deadlineMs: number } },
): ResumedDrain {
  const none = (key: string, value: unknown, expected: string): ResumedDrain => ({
    intent: undefined,
    problems: [intentProblem(key, value, expected, NOT_DRAINED)],
  });
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return none('drain', raw, 'an object');
  const fields: Partial<Record<keyof KeptDrain, unknown>> = raw;
  const { who, since, until } = fields;
  if (!isLine(who, WHO_MAXIMUM))
    return none('drain.who', who, `one line of 1 to ${WHO_MAXIMUM} printable characters`);
  if (!isTime(since)) return none('drain.since', since, TIME);
  if (until !== undefined && !isTime(until)) return none('drain.until', until, TIME);
  // With a clock that was set back the order begins again at most.
  const left =
    until === undefined ? undefined : Math.min(unix(until) - time, Math.max(0, unix(until) - unix(since)));
  if (left !== undefined && left <= 0) return { intent: undefined, problems: [] };
  const problems: IntentProblem[] = [];
  const take = <T>(
    key: keyof KeptDrain,
    isIt: (value: unknown) => value is T,
    expected: string,
    other: T,
    called = String(other),
  ): T => {
    const value = fields[key];
    if (isIt(value)) return value;
    const instead = `the drain holds, with ${called} in its place; if that is wrong, order it again with \`swancast drain\``;
    problems.push(intentProblem(`drain.${key}`, value, expected, instead));
    return other;
  };
  const upTo = (maximum: number): string => `a whole number from 1 to ${maximum}`;
  const deadline = take(
    'deadline_seconds',
    (value) => isWhole(value, DEADLINE_SECONDS_MAXIMUM),
    upTo(DEADLINE_SECONDS_MAXIMUM),
    policy.drain.deadlineMs / 1000,
  );
  const intent: DrainIntent = {
    who,
    reason: take('reason', (value) => isLine(value, REASON_MAXIMUM), 'one printable line', 'unknown'),
    since,
    until,
    endsAt: left === undefined ? undefined : now + left,
    move: take('move', isMethod, `one of ${MOVE_METHODS.join(', ')}`, 'auto'),
    to: take('to', isTarget, 'the name of a gateway', undefined, 'every healthy gateway'),
    ratePerSecond: take(
      'rate_per_second',
      (value) => isWhole(value, RATE_MAXIMUM),
      upTo(RATE_MAXIMUM),
      policy.ratePerSecond,
    ),
    deadlineMs: deadline * 1000,
  };
  return { intent, problems };
}

const NOT_DRAINED = 'the drain is not in effect: order it again with `swancast drain`';

/** "alice until 2026-…: reboot" */
export const drainSentence = ({
  who,
  until,
  reason,
}: Pick<DrainIntent, 'who' | 'until' | 'reason'>): string =>
  `by ${who} ${until === undefined ? 'until undrained' : `until ${until}`}: ${reason}`;

const isLine = (value: unknown, maximum: number): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= maximum && isPrintable(value);

const isTarget = (value: unknown): value is string | undefined =>
  value === undefined || isLine(value, GATEWAY_NAME_MAXIMUM);

const isMethod = (value: unknown): value is MoveMethod => MOVE_METHODS.some((each) => each === value);

const isTime = (value: unknown): value is string => typeof value === 'string' && !Number.isNaN(unix(value));

const isWhole = (value: unknown, maximum: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maximum;

// oxlint-disable-next-line no-restricted-globals -- writes a given time, and reads no clock
const iso = (time: number): string => new Date(time).toISOString();
// oxlint-disable-next-line no-restricted-globals -- reads a given text, and no clock
const unix = (text: string): number => Date.parse(text);
