/**
 * ExaBGP as the guard sees it, in the simplest way: a pipe of lines that are done one after the other, a table
 * of routes that they change, and the lines that it answers. It knows nothing of the guard.
 */
import type { Announcement } from '../../bgp/announcement.ts';

/** What an announce line says about its prefix, whatever the order of its words. */
export type Words = Readonly<Record<string, string>>;

export interface Queued {
  readonly line: string;
  readonly at: number;
}

/** When a command of an earlier guard was written: it is nobody's to wait for. */
export const BEFORE = Infinity;

export type Answer = 'done' | 'error';

interface Session {
  readonly up: boolean;
  readonly gracefulRestart: boolean;
}

export class NaiveExabgp {
  /** Written to its pipe and not done yet, oldest first. */
  readonly queue: Queued[] = [];
  /** The adj-rib-out: what the routers have. */
  readonly rib = new Map<string, Words>();
  readonly sessions = new Map<string, Session>();
  /** Sessions it has said something about. */
  readonly spokenOf = new Set<string>();
  /** When a route was last refused. */
  readonly refusedAt = new Map<string, number>();
  refusesListings = false;
  /** Off: it does what it is told and never says `done` (exabgp.api.ack=false). */
  acknowledges = true;

  hear(lines: readonly string[], now: number): void {
    for (const line of lines) this.queue.push({ line, at: now });
  }

  /** Does the oldest command, or refuses it; what it prints then. */
  work(answer: Answer, now: number): string[] {
    const done = this.queue.shift();
    if (done === undefined) return [];
    const { line } = done;
    if (line === 'version') return this.acknowledges ? ['exabgp 4.2.21', 'done'] : ['exabgp 4.2.21'];
    if (answer === 'done') apply(this.rib, line);
    else if (line.startsWith('announce')) this.refusedAt.set(prefixOf(line), now);
    if (!line.startsWith('show')) return this.acknowledges ? [answer] : [];
    if (answer === 'error') this.refusesListings = true;
    return [...(answer === 'done' ? this.#listing(line) : []), answer];
  }

  /** The table as it will be when everything in the pipe is done. */
  told(): Map<string, Words> {
    const table = new Map(this.rib);
    for (const { line } of this.queue) apply(table, line);
    return table;
  }

  /** Announcements of this guard that are not answered yet. */
  unanswered(): Queued[] {
    return this.queue.filter(({ line, at }) => line.startsWith('announce') && at !== BEFORE);
  }

  /** A BGP session comes or goes; what it prints about it. */
  session(address: string, up: boolean, gracefulRestart: boolean): string {
    this.sessions.set(address, { up, gracefulRestart });
    this.spokenOf.add(address);
    const neighbor = {
      address: { peer: address },
      state: up ? 'up' : 'down',
      reason: up ? '' : 'peer reset',
    };
    return JSON.stringify({ type: 'state', neighbor });
  }

  #listing(line: string): string[] {
    const wanted = [...this.sessions].filter(
      ([address]) => line.includes('neighbor extensive') || line.includes(` ${address} `),
    );
    for (const [address, { up }] of wanted) if (up) this.spokenOf.add(address);
    return wanted.flatMap(([address, { up, gracefulRestart }]) => [
      `Neighbor ${address}`,
      '',
      `   state                       ${up ? 'established' : 'active'}     `,
      `   graceful-restart:           enabled         ${gracefulRestart ? 'enabled' : 'n/a'}     `,
    ]);
  }
}

function apply(table: Map<string, Words>, line: string): void {
  const [verb = ''] = line.split(' ');
  if (verb === 'version' || verb === 'show') return;
  if (line === 'clear adj-rib out') table.clear();
  else if (line.startsWith('withdraw route ')) table.delete(prefixOf(line));
  else if (line.startsWith('announce route ')) table.set(prefixOf(line), wordsOf(line));
  else throw new Error(`ExaBGP has no command "${line}"`);
}

export const prefixOf = (line: string): string => line.split(' ')[2] ?? '';

/** "announce route P next-hop self med 5 community [ 1:2 3:4 ]" → { next-hop: self, med: 5, community: 1:2 3:4 } */
export function wordsOf(line: string): Words {
  const words: Record<string, string> = {};
  for (const [, key = '', list, value] of line.matchAll(/ ([a-z-]+) (?:\[ ([^\]]*) \]|(\S+))/g)) {
    if (key !== 'route') words[key] = list ?? value ?? '';
  }
  return words;
}

/** What the line of an announcement must say. */
export function expectedWords(route: Announcement, localAs: number): Words {
  const { nextHop, med, prepend = 0, communities = [] } = route;
  return {
    'next-hop': nextHop,
    ...(med === undefined ? {} : { med: String(med) }),
    ...(prepend === 0 ? {} : { 'as-path': Array.from({ length: prepend + 1 }, () => localAs).join(' ') }),
    ...(communities.length === 0 ? {} : { community: communities.join(' ') }),
  };
}

export const sameWords = (a: Words | undefined, b: Words | undefined): boolean => inOrder(a) === inOrder(b);

const inOrder = (words: Words | undefined): string =>
  JSON.stringify(Object.entries(words ?? {}).toSorted(([x], [y]) => (x < y ? -1 : 1)));
