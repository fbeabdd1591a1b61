/** What differs between two gateways that should be set up alike, in words. Pure. */
import { excerpt, isPrintable } from '../printable.ts';

/** `GET /status?view=drift`: topic → item → setting. */
export interface SetUpDetails {
  readonly gateway: string;
  readonly set_up: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

type Items = ReadonlyMap<string, string>;

/** The topics that both know and that are not the same; `ours` and `theirs` as digests. */
export const differingTopics = (
  ours: Readonly<Record<string, string>>,
  theirs: Readonly<Record<string, string>>,
): string[] =>
  Object.keys(ours).filter((topic) => Object.hasOwn(theirs, topic) && theirs[topic] !== ours[topic]);

/** Lines are for people: a few say it, and the first ones as well as any. */
const LINES_MAXIMUM = 20;
const SETTING_MAXIMUM = 120;

/** One line for each item that is missing on a side, or set up otherwise. */
export function driftLines(topic: string, ours: Items, theirs: Items, who: string): string[] {
  const items = [...new Set([...ours.keys(), ...theirs.keys()])].toSorted();
  const lines = items.flatMap((item) => {
    const [here, there] = [ours.get(item), theirs.get(item)];
    if (here === there) return [];
    const name = `${topic}: ${excerpt(item, SETTING_MAXIMUM)}`;
    if (there === undefined) return [`${name} is here and not on ${who}`];
    if (here === undefined) return [`${name} is on ${who} and not here`];
    const [shownHere, shownThere] = differingWords(here, there);
    return [`${name} is ${shown(shownHere)} here and ${shown(shownThere)} on ${who}`];
  });
  if (lines.length <= LINES_MAXIMUM) return lines;
  return [...lines.slice(0, LINES_MAXIMUM), `${topic}: and ${lines.length - LINES_MAXIMUM} more`];
}

const shown = (setting: string): string => (setting === '' ? 'unset' : excerpt(setting, SETTING_MAXIMUM));

/** "a=1 b=2" and "a=1 b=3" → "b=2" and "b=3". */
function differingWords(a: string, b: string): [string, string] {
  const [inA, inB] = [a.split(' '), b.split(' ')];
  const without = (words: readonly string[], others: readonly string[]): string =>
    words.filter((word) => !others.includes(word)).join(' ');
  return [without(inA, inB), without(inB, inA)];
}

/** The details of another gateway; a text says what is wrong with them. */
export function parseDetails(raw: unknown): ReadonlyMap<string, Items> | string {
  const setUp = isObject(raw) ? raw['set_up'] : undefined;
  if (!isObject(setUp)) return 'set_up: a JSON object expected';
  const topics = new Map<string, Items>();
  for (const [topic, items] of Object.entries(setUp)) {
    if (!isObject(items)) return 'set_up: JSON objects expected';
    const entries = Object.entries(items);
    if (!entries.every(isSetting)) return 'set_up: printable texts expected';
    topics.set(topic, new Map(entries));
  }
  return topics;
}

const isSetting = (entry: [string, unknown]): entry is [string, string] =>
  isPrintable(entry[0]) && typeof entry[1] === 'string' && isPrintable(entry[1]);

const isObject = (raw: unknown): raw is Readonly<Record<string, unknown>> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw);
