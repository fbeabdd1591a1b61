/**
 * Carries out what the machine of sessions decided: redirect and terminate by the IKE_SA's id, and listings, each on
 * a connection of its own, so that no command waits behind thousands of list-sa events.
 *
 * "success: yes" of charon means that a job was queued, no more: what became of it the next listing shows. What was
 * never sent is said, so that it can be sent later; what got no answer may have been carried out, and counts as sent.
 * After a failure that is said half a second later, and nothing is tried meanwhile: whoever hears of it tries again.
 * And what has waited too long behind others is not sent: when charon wakes up, all of it would go at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { HealthLog } from '../../health/seams.ts';
import {
  list,
  readIkeSas,
  readStats,
  sections,
  StrongswanError,
  type IkeSa,
} from '../../health/strongswan.ts';
import {
  openMover,
  openReader,
  ViciError,
  type Message,
  type MoverClient,
  type ReadClient,
} from '../../health/vici/index.ts';
import { FailureStreak } from './failure-streak.ts';
import type { ListEffect, SessionsEvent } from './state.ts';
import type { MoveEffect } from './moves.ts';
import type { Connection } from './scene.ts';
import type { Seen } from './traffic.ts';

export interface MoverOptions {
  /** Path of the VICI socket. */
  readonly path: string;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: () => number;
  readonly log: HealthLog;
  /** Never called before `run` has returned. */
  readonly dispatch: (event: SessionsEvent) => void;
  /** Brings up what the feed still holds, before a listing is dispatched. */
  readonly flush: () => void;
  /** For one command, and for opening the socket. */
  readonly deadlineMs?: number;
  /** Seam for tests: the pause after a move that failed. Rejects when the signal ends it. */
  readonly pause?: (signal: AbortSignal) => Promise<void>;
}

const DEADLINE_MS = 2000;
/** No later than this after its order: what pace.ts has over for it. */
const LATE_MS = 250;
const PAUSE_MS = 500;
/** 10,000 IKE_SAs take 0.2 s. */
const LIST_DEADLINE_MS = 10_000;
/** charon tells nobody when connections are loaded, which after its start is later than its socket is there. */
const CONNECTIONS_AGE_MS = 1000;

export class Mover {
  readonly #options: MoverOptions;
  readonly #deadlineMs: number;
  readonly #stop = new AbortController();
  readonly #moving: Door<MoverClient>;
  readonly #listing: Door<ReadClient>;
  /** The moves that were ordered last; the next wait for them. */
  #last: Promise<void> = Promise.resolve();
  /** A move has failed just now. */
  #pause: Promise<void> | undefined;
  /** When connections were asked for, and whom the answer was about: those there are, and those listed without one. */
  #connectionsAt = -Infinity;
  #asked: ReadonlySet<string> = new Set();
  readonly #moves: FailureStreak;
  readonly #refusals: FailureStreak;
  readonly #listings: FailureStreak;

  constructor(options: MoverOptions) {
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.#moves = new FailureStreak(options.log, 'IKE_SAs are told to move again');
    this.#refusals = new FailureStreak(options.log, 'charon moves IKE_SAs again');
    this.#listings = new FailureStreak(options.log, 'IKE_SAs are listed again');
    const call = { ...this.#call(this.#deadlineMs), onlyCommands: true };
    this.#moving = new Door(() => openMover(options.path, call));
    this.#listing = new Door(() => openReader(options.path, call));
  }

  run(effect: MoveEffect | ListEffect): void {
    if (this.#stop.signal.aborted) return;
    if (effect.type === 'list') void (effect.only === undefined ? this.#list() : this.#sample(effect.only));
    else {
      const until = this.#options.now() + LATE_MS;
      this.#last = this.#last.then(() => this.#move(effect, until));
    }
  }

  /** Asks what connections there are: whose sessions are clients, and which addresses they take. */
  async connections(): Promise<void> {
    try {
      await this.#connections(await this.#listing.open(), []);
    } catch (error) {
      this.#failed(error, 'connections could not be listed', this.#listings);
    }
  }

  close(): void {
    this.#stop.abort(new Error('the mover was closed'));
    this.#moving.close();
    this.#listing.close();
  }

  async #move({ type, ids, ...effect }: MoveEffect, until: number): Promise<void> {
    const gone: number[] = [];
    let sent = 0;
    if (this.#pause !== undefined) return this.#tellUnsent(type, gone, ids);
    try {
      const client = await this.#moving.open();
      for (const id of ids) {
        if (this.#options.now() > until) break;
        sent += 1;
        const args = message({ 'ike-id': String(id), ...('gateway' in effect ? effect : ASYNCHRONOUS) });
        if (!(await this.#isKnown(client, type, args))) gone.push(id);
      }
      this.#moves.worked();
    } catch (error) {
      const text = `${type}: ${ids.length - sent} of ${ids.length} IKE_SAs could not be told`;
      this.#failed(error, text, this.#moves);
      if (sent < ids.length) return this.#tellUnsent(type, gone, ids.slice(sent));
    }
    const unsent = ids.slice(sent);
    if (gone.length + unsent.length > 0) this.#dispatch({ type: 'moved', kind: type, gone, unsent });
  }

  /** Not waited for by the moves that are queued: they are not tried either, and told with these. */
  #tellUnsent(kind: MoveEffect['type'], gone: readonly number[], unsent: readonly number[]): void {
    const { pause = rest } = this.#options;
    this.#pause ??= pause(this.#stop.signal).finally(() => {
      this.#pause = undefined;
    });
    this.#pause.then(
      () => this.#dispatch({ type: 'moved', kind, gone, unsent }),
      () => undefined,
    );
  }

  /** False: charon has no such IKE_SA any more. */
  async #isKnown(client: MoverClient, command: MoveEffect['type'], args: Message): Promise<boolean> {
    try {
      await client.request(command, args, this.#call(this.#deadlineMs));
      this.#refusals.worked();
      return true;
    } catch (error) {
      if (!(error instanceof ViciError) || error.code !== 'VICI_FAILED') throw error;
      if (error.response?.['matches'] === '0') return false;
      this.#refusals.failed({ command, err: error }, 'charon refused to move an IKE_SA');
      return true;
    }
  }

  /** `of`: names of connections that IKE_SAs have. */
  async #connections(client: ReadClient, of: readonly string[]): Promise<void> {
    const askedAt = this.#options.now();
    const found = new Map<string, Connection>();
    const call = this.#call(LIST_DEADLINE_MS);
    for await (const each of client.stream('list-conns', 'list-conn', undefined, call)) {
      for (const [name, from] of sections(each)) {
        found.set(name, { localAddrs: list(from, 'local_addrs'), remoteAddrs: list(from, 'remote_addrs') });
      }
    }
    this.#connectionsAt = askedAt;
    this.#asked = new Set([...found.keys(), ...of]);
    this.#dispatch({ type: 'connections', connections: found });
  }

  async #list(): Promise<void> {
    const startedAt = this.#options.now();
    try {
      const client = await this.#listing.open();
      const ikeSas: IkeSa[] = [];
      const call = this.#call(LIST_DEADLINE_MS);
      for await (const each of client.stream('list-sas', 'list-sa', message({ noblock: 'yes' }), call)) {
        ikeSas.push(...readIkeSas(each));
      }
      const names = ikeSas.map(({ connection }) => connection);
      const isOld = startedAt - this.#connectionsAt > CONNECTIONS_AGE_MS;
      // Before the listing: whose connection nobody knows counts for no client.
      if (isOld || names.some((name) => !this.#asked.has(name))) await this.#connections(client, names);
      const stats = readStats(await client.request('stats', undefined, this.#call(this.#deadlineMs)));
      this.#listings.worked();
      this.#options.flush();
      this.#dispatch({ type: 'listing', startedAt, ikeSas, total: stats.ikeSas.total });
    } catch (error) {
      this.#failed(error, 'IKE_SAs could not be listed', this.#listings);
      this.#dispatch({ type: 'listing-failed' });
    }
  }

  /** By id, each by itself: charon has no filter for several. */
  async #sample(ids: readonly number[]): Promise<void> {
    const startedAt = this.#options.now();
    // Whoever is watched is to be moved as soon as may be. Why it cannot be opened, the move itself will say.
    this.#moving.open().catch(() => undefined);
    try {
      const client = await this.#listing.open();
      const seen: Seen[] = [];
      const call = this.#call(this.#deadlineMs);
      for (const id of ids) {
        const from = this.#options.now();
        const args = message({ noblock: 'yes', 'ike-id': String(id) });
        const ikeSas: IkeSa[] = [];
        for await (const each of client.stream('list-sas', 'list-sa', args, call)) {
          ikeSas.push(...readIkeSas(each));
        }
        const until = this.#options.now();
        seen.push(...ikeSas.map((ikeSa) => ({ ikeSa, from, until })));
      }
      this.#listings.worked();
      this.#dispatch({ type: 'sample', startedAt, seen });
    } catch (error) {
      this.#failed(error, 'IKE_SAs could not be looked at', this.#listings);
      this.#dispatch({ type: 'listing-failed' });
    }
  }

  #call(deadlineMs: number): { readonly deadlineMs: number; readonly signal: AbortSignal } {
    return { deadlineMs, signal: this.#stop.signal };
  }

  #dispatch(event: SessionsEvent): void {
    if (!this.#stop.signal.aborted) this.#options.dispatch(event);
  }

  /** Whoever ends the mover knows why it fails; a defect is none of its failures. */
  #failed(error: unknown, text: string, streak: FailureStreak): void {
    if (!(error instanceof ViciError) && !(error instanceof StrongswanError)) throw error;
    if (!this.#stop.signal.aborted) streak.failed({ code: error.code, err: error }, text);
  }
}

/** A client that is opened when it is needed, and again after it was closed. */
class Door<Client extends ReadClient | MoverClient> {
  readonly #make: () => Promise<Client>;
  #opening: Promise<Client> | undefined;
  #client: Client | undefined;

  constructor(make: () => Promise<Client>) {
    this.#make = make;
  }

  async open(): Promise<Client> {
    if (this.#client !== undefined) return this.#client;
    this.#opening ??= this.#make().finally(() => {
      this.#opening = undefined;
    });
    const client = await this.#opening;
    if (this.#client === undefined) {
      this.#client = client;
      void client.closed.then(() => {
        this.#client = undefined;
      });
    }
    return client;
  }

  close(): void {
    this.#client?.close();
  }
}

/** terminate would wait for the client's answer to the DELETE, which goes elsewhere by now. */
const ASYNCHRONOUS = { timeout: '-1' };

const rest = (signal: AbortSignal): Promise<void> => delay(PAUSE_MS, undefined, { signal });

const message = (from: Readonly<Record<string, string>>): Message =>
  Object.assign(Object.create(null) as Message, from);
