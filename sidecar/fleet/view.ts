/** What is known of the other gateways of the fleet. Pure. */
import type { FleetWord } from './word.ts';

export interface Member {
  readonly name: string;
  /** Monotonic milliseconds of the last good answer. */
  readonly heardAt?: number;
  /** What it said then; it stays when later questions bring nothing, and is worth as much as its age. */
  readonly word?: FleetWord;
  /** Why the last question brought no answer. */
  readonly problem?: string;
}

export interface FleetView {
  readonly members: ReadonlyMap<string, Member>;
  /** Every member was asked once, whatever came of it. */
  readonly settled: boolean;
}

/** What a question brought. */
export type Heard = { readonly word: FleetWord } | { readonly problem: string };

/** Of these members, with what is known of them already. */
export function viewOf(names: Iterable<string>, before: FleetView = NOBODY): FleetView {
  const members = new Map(
    [...names].map((name): [string, Member] => [name, before.members.get(name) ?? { name }]),
  );
  return { members, settled: isSettled(members) };
}

const NOBODY: FleetView = { members: new Map(), settled: true };

/** The view after an answer. One of somebody who is no member changes nothing. */
export function absorb(view: FleetView, name: string, heard: Heard, now: number): FleetView {
  const known = view.members.get(name);
  if (known === undefined) return view;
  const { heardAt, word } = known;
  const next: Member =
    'word' in heard
      ? { name, heardAt: now, word: heard.word }
      : {
          name,
          problem: heard.problem,
          ...(heardAt === undefined || word === undefined ? {} : { heardAt, word }),
        };
  const members = new Map(view.members).set(name, next);
  return { members, settled: view.settled || isSettled(members) };
}

const isSettled = (members: ReadonlyMap<string, Member>): boolean =>
  [...members.values()].every(({ heardAt, problem }) => heardAt !== undefined || problem !== undefined);

/**
 * Whether an answer of this member has to be told at once: something else is said, it begins or ceases to be heard,
 * or now everybody was asked. Load is no news.
 */
export function isNews(before: FleetView, after: FleetView, name: string): boolean {
  if (before.settled !== after.settled) return true;
  const [old, member] = [before.members.get(name), after.members.get(name)];
  if (old === member) return false;
  return (
    (old?.problem === undefined) !== (member?.problem === undefined) || !isSameWord(old?.word, member?.word)
  );
}

function isSameWord(a: FleetWord | undefined, b: FleetWord | undefined): boolean {
  // The poll hands on the very object while a member says the same, byte for byte.
  if (a === b || a === undefined || b === undefined) return a === b;
  return JSON.stringify({ ...a, load: null }) === JSON.stringify({ ...b, load: null });
}
