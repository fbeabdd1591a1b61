/**
 * Break-glass: an operator's word on a prefix that counts for more than its checks, for a limited time.
 * Here is what an intent is, when it ends, and how a file keeps it over restarts. Pure.
 *
 * While a process runs, the monotonic `endsAt` counts: a stepped clock changes nothing. Only a restart has to
 * trust the wall clock, and then never for longer than was ordered.
 */
import { intentProblem, type IntentProblem } from './intent-problem.ts';
import { isPrintable } from './printable.ts';

export const FORCE_VERBS = ['announce', 'withdraw'] as const;
export type ForceVerb = (typeof FORCE_VERBS)[number];

/** Whoever needs longer than this wants another configuration. */
export const FORCE_SECONDS_MAXIMUM = 24 * 3600;
/** One line each; in characters. */
export const REASON_MAXIMUM = 200;
export const WHO_MAXIMUM = 64;

export interface Intent {
  readonly prefix: string;
  readonly verb: ForceVerb;
  /** Why, in the words of the person. */
  readonly reason: string;
  /** Who ordered it, as the command line said. */
  readonly who: string;
  /** From when and until when it was ordered: wall clock, ISO 8601. */
  readonly since: string;
  readonly until: string;
  /** Monotonic milliseconds. */
  readonly endsAt: number;
}

/** What was ordered, by its prefix: one order a prefix. */
export type Intents = ReadonlyMap<string, Intent>;

/** The same moment on both clocks: monotonic, and Unix time, in milliseconds. */
export interface Moment {
  readonly now: number;
  readonly time: number;
}

export function intentOf(
  order: Pick<Intent, 'prefix' | 'verb' | 'reason' | 'who'> & { readonly seconds: number },
  { now, time }: Moment,
): Intent {
  const { prefix, verb, reason, who, seconds } = order;
  const ms = seconds * 1000;
  return { prefix, verb, reason, who, since: iso(time), until: iso(time + ms), endsAt: now + ms };
}

/** "192.0.2.1/32 withdraw by alice until 2026-…: reboot of the router" */
export const intentSentence = ({
  prefix,
  verb,
  who,
  until,
  reason,
}: Pick<Intent, 'prefix' | 'verb' | 'who' | 'until' | 'reason'>): string =>
  `${prefix} ${verb} by ${who} until ${until}: ${reason}`;

export interface Ended {
  readonly intent: Intent;
  readonly why: 'expired' | 'not-configured';
}

/** Those that hold no longer: their time is over, or their prefix has left the configuration. */
export const ended = (
  intents: Intents,
  prefixes: readonly { readonly prefix: string }[],
  now: number,
): Ended[] =>
  [...intents.values()].flatMap((intent): Ended[] => {
    if (now >= intent.endsAt) return [{ intent, why: 'expired' }];
    return prefixes.some(({ prefix }) => prefix === intent.prefix) ? [] : [{ intent, why: 'not-configured' }];
  });

export const byPrefix = (intents: Iterable<Intent>): Intents =>
  new Map([...intents].map((intent) => [intent.prefix, intent]));

/** "90s", "10m", "2h", "1h30m" → seconds; undefined when it is something else. */
export function parseDuration(text: string): number | undefined {
  const groups = /^(?:(?<h>\d{1,6})h)?(?:(?<m>\d{1,6})m)?(?:(?<s>\d{1,6})s)?$/u.exec(text)?.groups;
  if (groups === undefined || text === '') return undefined;
  const { h = '0', m = '0', s = '0' } = groups;
  return Number(h) * 3600 + Number(m) * 60 + Number(s);
}

const VERSION = 1;

type Kept = Omit<Intent, 'endsAt'>;

/** The file, for people too. `drain`: see sessions/drain-intent.ts. */
export function intentsText(intents: Iterable<Intent>, drain?: object): string {
  const forced = [...intents].map(({ prefix, verb, reason, who, since, until }): Kept => ({
    prefix,
    verb,
    reason,
    who,
    since,
    until,
  }));
  return `${JSON.stringify({ version: VERSION, forced, drain }, null, 2)}\n`;
}

/** What the file says, as far as it can be taken. */
export interface KeptOrders {
  readonly intents: readonly Intent[];
  /** What stands there is not what holds (any more), so it should be written anew. */
  readonly corrected: boolean;
  /** What stands under `drain`, anything; undefined: nothing. */
  readonly drain: unknown;
  readonly problems: readonly IntentProblem[];
}

/** The file read again, each part by itself: what is broken is named, the rest holds. A text: nothing can be read. */
export function parseIntents(text: string, moment: Moment): KeptOrders | string {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (!isObject(raw)) return 'it is not a JSON object';
  const { version, forced, drain, ...strangers } = raw;
  const problems = Object.entries(strangers).map(([key, value]) =>
    intentProblem(key, value, 'version, forced and drain alone', 'it is left out'),
  );
  if (version !== VERSION) {
    const instead = `it is read as version ${VERSION}: see with \`swancast status\` that all is as it was ordered`;
    problems.push(intentProblem('version', version, String(VERSION), instead));
  }
  if (!Array.isArray(forced)) problems.push(intentProblem('forced', forced, 'a list', NOT_FORCED));
  const list: readonly unknown[] = Array.isArray(forced) ? forced : [];
  const kept = list.flatMap((each, index) => {
    const wrong = wrongIn(each, `forced[${index}]`);
    if (wrong !== undefined) problems.push(wrong);
    return wrong === undefined ? [each as Kept] : [];
  });
  const intents = kept.map((each) => resumed(each, moment)).filter(({ endsAt }) => endsAt > moment.now);
  const corrected =
    intents.length !== kept.length || intents.some(({ until }, index) => until !== kept[index]?.until);
  return { intents, corrected, drain, problems };
}

const NOT_FORCED = 'what is ordered there is not in effect: order it again with `swancast force`';

/** With a clock that was set back, `until` would come later than was ordered: the order begins again at most. */
function resumed({ prefix, verb, reason, who, since, until }: Kept, moment: Moment): Intent {
  const order = { prefix, verb, reason, who };
  const [from, to] = [unix(since), unix(until)];
  const ordered = Math.min(to - from, FORCE_SECONDS_MAXIMUM * 1000);
  if (to - moment.time > ordered) return intentOf({ ...order, seconds: ordered / 1000 }, moment);
  return { ...order, since, until, endsAt: moment.now + (to - moment.time) };
}

/** The first thing that keeps it from being an order. */
function wrongIn(raw: unknown, key: string): IntentProblem | undefined {
  if (!isObject(raw)) return intentProblem(key, raw, 'an object', NOT_FORCED);
  const wrong = (field: keyof Kept, expected: string): IntentProblem =>
    intentProblem(`${key}.${field}`, raw[field], expected, NOT_FORCED);
  for (const field of ['prefix', 'reason', 'who'] as const) {
    const text = raw[field];
    if (typeof text !== 'string' || !isPrintable(text)) return wrong(field, 'one printable line');
  }
  if (!FORCE_VERBS.some((each) => each === raw['verb'])) return wrong('verb', FORCE_VERBS.join(' or '));
  const { since, until } = raw;
  if (typeof since !== 'string' || Number.isNaN(unix(since))) return wrong('since', TIME);
  if (typeof until !== 'string' || Number.isNaN(unix(until))) return wrong('until', TIME);
  return unix(until) < unix(since) ? wrong('until', `not before since, ${since}`) : undefined;
}

/** What a broken time should have been. */
export const TIME = 'a time such as 2026-01-01T12:00:00.000Z';

const isObject = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw);

/** Unix milliseconds ↔ ISO 8601. */
// oxlint-disable-next-line no-restricted-globals -- writes a given time, and reads no clock
const iso = (time: number): string => new Date(time).toISOString();
// oxlint-disable-next-line no-restricted-globals -- reads a given text, and no clock
const unix = (text: string): number => Date.parse(text);
