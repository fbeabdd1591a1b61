/**
 * What one gateway tells the others: `GET /status?view=fleet`. Pure.
 *
 * Gateways are upgraded one by one, so a word may come from another version. Keys that are not known are left
 * alone; what is used must be there and be right. A prefix in a state or with a class that this version has no
 * name for is left out: it counts as not there, as everything does that nobody can judge.
 */
import { CLASSES, type Class } from '../../health/reason.ts';
import type { Phase } from '../prefix.ts';
import { excerpt, isPrintable } from '../printable.ts';
import type { GatewayState } from '../gateway-state.ts';

export interface FleetWord {
  readonly gateway: string;
  readonly version: string;
  /** For people. 'unknown': a state that this version has no name for. */
  readonly state: GatewayState | 'unknown';
  readonly prefixes: readonly FleetPrefix[];
  readonly drain: FleetDrain | null;
  readonly load: FleetLoad;
  /** What should be the same on all gateways: topic → digest. */
  readonly set_up: Readonly<Record<string, string>>;
}

export interface FleetPrefix {
  readonly prefix: string;
  /** Absent: outside. */
  readonly side?: 'inside';
  readonly state: Phase;
  /** The worst class that fails now, whatever is announced; null = none. */
  readonly class: Class | null;
  readonly preference: number | null;
  readonly yielding: boolean;
  /** ExaBGP took the route, and has a session on which a router hears of it. */
  readonly acknowledged: boolean;
}

export interface FleetDrain {
  readonly who: string;
  readonly reason: string;
  /** Wall clock, ISO 8601. */
  readonly since: string;
  /** null: until it is taken back. */
  readonly until: string | null;
}

/** IKE_SAs that charon counts; null = not known. */
export interface FleetLoad {
  readonly ike_sas: number | null;
  readonly half_open: number | null;
}

export const NO_LOAD: FleetLoad = { ike_sas: null, half_open: null };

/** The part of the status that the others are told. */
export interface WordSource extends Pick<FleetWord, 'gateway' | 'version'> {
  readonly state: GatewayState;
  readonly prefixes: readonly {
    readonly prefix: string;
    readonly side: 'outside' | 'inside';
    readonly state: Phase;
    readonly verdict: Class | null;
    readonly preference: number | null;
    readonly yielding: boolean;
    readonly acknowledged: boolean;
    readonly has_session: boolean;
  }[];
  readonly drain?: FleetDrain | null;
  readonly load: FleetLoad;
  readonly set_up: Readonly<Record<string, string>>;
}

export const wordOf = ({
  gateway,
  version,
  state,
  prefixes,
  drain,
  load,
  set_up: setUp,
}: WordSource): FleetWord => ({
  gateway,
  version,
  state,
  prefixes: prefixes.map((each) => ({
    prefix: each.prefix,
    ...(each.side === 'inside' ? { side: each.side } : {}),
    state: each.state,
    class: each.verdict,
    preference: each.preference,
    yielding: each.yielding,
    acknowledged: each.acknowledged && each.has_session,
  })),
  drain: drain === undefined || drain === null ? null : drainWord(drain),
  load,
  set_up: setUp,
});

/** `from` may say more. */
const drainWord = ({ who, reason, since, until }: FleetDrain): FleetDrain => ({ who, reason, since, until });

/** Far beyond what any gateway has; what is larger was not sent by one. */
const PREFIXES_MAXIMUM = 2048;
const TOPICS_MAXIMUM = 32;
const NAME_MAXIMUM = 128;
const TEXT_MAXIMUM = 200;

/** An unknown JSON value as a word, or what is wrong with it: "prefixes[3].acknowledged: true or false expected". */
export function parseWord(raw: unknown): FleetWord | string {
  try {
    return readWord(objectAt(raw, ''));
  } catch (error) {
    if (error instanceof Wrong) return error.message;
    throw error;
  }
}

function readWord(raw: Fields): FleetWord {
  const prefixes = listAt(raw['prefixes'], 'prefixes', PREFIXES_MAXIMUM);
  return {
    gateway: nameAt(raw['gateway'], 'gateway'),
    version: nameAt(raw['version'], 'version'),
    state: isStateOf(GATEWAY_STATES, nameAt(raw['state'], 'state')) ?? 'unknown',
    prefixes: prefixes.flatMap((each, index) => readPrefix(each, `prefixes[${index}]`)),
    drain: raw['drain'] === null ? null : readDrain(objectAt(raw['drain'], 'drain')),
    load: readLoad(objectAt(raw['load'], 'load')),
    set_up: readSetUp(objectAt(raw['set_up'], 'set_up')),
  };
}

function readPrefix(raw: unknown, path: string): FleetPrefix[] {
  const from = objectAt(raw, path);
  const state = isStateOf(PHASES, nameAt(from['state'], `${path}.state`));
  const level = from['class'] === null ? null : nameAt(from['class'], `${path}.class`);
  const known = level === null ? null : CLASSES.find((each) => each === level);
  const preference = from['preference'];
  const read = {
    prefix: nameAt(from['prefix'], `${path}.prefix`),
    ...(from['side'] === 'inside' ? { side: 'inside' as const } : {}),
    preference: preference === null ? null : countAt(preference, `${path}.preference`),
    yielding: flagAt(from['yielding'], `${path}.yielding`),
    acknowledged: flagAt(from['acknowledged'], `${path}.acknowledged`),
  };
  return state === undefined || known === undefined ? [] : [{ ...read, state, class: known }];
}

function readDrain(raw: Fields): FleetDrain {
  const text = (key: string): string => excerpt(textAt(raw[key], `drain.${key}`, 4096), TEXT_MAXIMUM);
  const until = raw['until'] === null ? null : text('until');
  return { who: text('who'), reason: text('reason'), since: text('since'), until };
}

function readLoad(raw: Fields): FleetLoad {
  const count = (key: string): number | null => (raw[key] === null ? null : countAt(raw[key], `load.${key}`));
  return { ike_sas: count('ike_sas'), half_open: count('half_open') };
}

function readSetUp(raw: Fields): Readonly<Record<string, string>> {
  const topics = Object.entries(raw);
  if (topics.length > TOPICS_MAXIMUM) throw new Wrong('set_up', `at most ${TOPICS_MAXIMUM} topics`);
  // Without a prototype: the keys come from elsewhere.
  const read = Object.create(null) as Record<string, string>;
  for (const [topic, digest] of topics) read[nameAt(topic, 'set_up')] = nameAt(digest, 'set_up');
  return read;
}

const PHASES = {
  cold: 'cold',
  adopted: 'adopted',
  announced: 'announced',
  degraded: 'degraded',
  withdrawn: 'withdrawn',
  draining: 'draining',
  drained: 'drained',
} as const satisfies { [P in Phase]: P };

const GATEWAY_STATES = {
  starting: 'starting',
  announced: 'announced',
  degraded: 'degraded',
  withdrawn: 'withdrawn',
  draining: 'draining',
  drained: 'drained',
  stopping: 'stopping',
} as const satisfies { [S in GatewayState]: S };

const isStateOf = <S extends string>(
  known: { readonly [state in S]: state },
  given: string,
): S | undefined => (Object.hasOwn(known, given) ? known[given as S] : undefined);

type Fields = Readonly<Record<string, unknown>>;

/** Thrown and caught in this file alone. */
class Wrong extends Error {
  constructor(path: string, expected: string) {
    super(`${path === '' ? '' : `${path}: `}${expected} expected`);
  }
}

function objectAt(raw: unknown, path: string): Fields {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw new Wrong(path, 'a JSON object');
  return raw as Fields;
}

function listAt(raw: unknown, path: string, maximum: number): readonly unknown[] {
  if (!Array.isArray(raw) || raw.length > maximum) throw new Wrong(path, `a list of at most ${maximum}`);
  return raw;
}

function textAt(raw: unknown, path: string, maximum: number): string {
  if (typeof raw !== 'string' || raw.length > maximum)
    throw new Wrong(path, `a text of at most ${maximum} characters`);
  return raw;
}

function nameAt(raw: unknown, path: string): string {
  const text = textAt(raw, path, NAME_MAXIMUM);
  if (text === '' || !isPrintable(text)) throw new Wrong(path, 'a printable text');
  return text;
}

function countAt(raw: unknown, path: string): number {
  if (typeof raw !== 'number' || !Number.isSafeInteger(raw) || raw < 0)
    throw new Wrong(path, 'a whole number');
  return raw;
}

function flagAt(raw: unknown, path: string): boolean {
  if (typeof raw !== 'boolean') throw new Wrong(path, 'true or false');
  return raw;
}
