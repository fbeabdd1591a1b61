/**
 * Carries out what the machine of sessions decided: redirect and terminate by the IKE_SA's id, and listings, each on
 * a connection of its own, so that no command waits behind thousands of list-sa events.
 *
 * "success: yes" of charon means that a job was queued, no more: what became of it the next listing shows. What was
 * never sent is said, so that it can be sent later; what got no answer may have been carried out, and counts as sent.
 */
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
import type { SessionsEvent } from './machine.ts';
import type { MoveEffect } from './moves.ts';
import type { Connection } from './scene.ts';

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
}

const DEADLINE_MS = 2000;
/** 10,000 IKE_SAs take 0.2 s. */
const LIST_DEADLINE_MS = 10_000;

export class Mover {
  readonly #options: MoverOptions;
  readonly #deadlineMs: number;
  readonly #stop = new AbortController();
  readonly #moving: Door<MoverClient>;
  readonly #listing: Door<ReadClient>;
  /** The moves that were ordered last; the next wait for them. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: MoverOptions) {
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    const call = { ...this.#call(this.#deadlineMs), onlyCommands: true };
    this.#moving = new Door(() => openMover(options.path, call));
    this.#listing = new Door(() => openReader(options.path, call));
  }

  run(effect: MoveEffect | { readonly type: 'list' }): void {
    if (this.#stop.signal.aborted) return;
    if (effect.type === 'list') void this.#list();
    else this.#last = this.#last.then(() => this.#move(effect));
  }

  /** Asks what connections there are; for local_addrs, which pinning depends on. */
  async connections(): Promise<void> {
    try {
      const client = await this.#listing.open();
      const found = new Map<string, Connection>();
      for await (const message of client.stream(
        'list-conns',
        'list-conn',
        undefined,
        this.#call(LIST_DEADLINE_MS),
      )) {
        for (const [name, from] of sections(message)) {
          found.set(name, { localAddrs: list(from, 'local_addrs'), remoteAddrs: list(from, 'remote_addrs') });
        }
      }
      this.#dispatch({ type: 'connections', connections: found });
    } catch (error) {
      this.#failed(error, 'connections could not be listed');
    }
  }

  close(): void {
    this.#stop.abort(new Error('the mover was closed'));
    this.#moving.close();
    this.#listing.close();
  }

  async #move({ type, ids, ...effect }: MoveEffect): Promise<void> {
    const gone: number[] = [];
    let sent = 0;
    try {
      const client = await this.#moving.open();
      for (const id of ids) {
        sent += 1;
        const args = message({ 'ike-id': String(id), ...('gateway' in effect ? effect : ASYNCHRONOUS) });
        if (!(await this.#isKnown(client, type, args))) gone.push(id);
      }
    } catch (error) {
      if (isUnsent(error)) sent -= 1;
      this.#failed(error, `${type}: ${ids.length - sent} of ${ids.length} IKE_SAs could not be told`);
    }
    if (gone.length > 0 || sent < ids.length) {
      this.#dispatch({ type: 'moved', kind: type, gone, unsent: ids.slice(Math.max(0, sent)) });
    }
  }

  /** False: charon has no such IKE_SA any more. */
  async #isKnown(client: MoverClient, command: MoveEffect['type'], args: Message): Promise<boolean> {
    try {
      await client.request(command, args, this.#call(this.#deadlineMs));
      return true;
    } catch (error) {
      if (!(error instanceof ViciError) || error.code !== 'VICI_FAILED') throw error;
      if (error.response?.['matches'] === '0') return false;
      this.#options.log.warn({ command, err: error }, 'charon refused to move an IKE_SA');
      return true;
    }
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
      const stats = readStats(await client.request('stats', undefined, this.#call(this.#deadlineMs)));
      this.#options.flush();
      this.#dispatch({ type: 'listing', startedAt, ikeSas, total: stats.ikeSas.total });
    } catch (error) {
      this.#failed(error, 'IKE_SAs could not be listed');
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
  #failed(error: unknown, text: string): void {
    if (!(error instanceof ViciError) && !(error instanceof StrongswanError)) throw error;
    if (!this.#stop.signal.aborted) this.#options.log.warn({ code: error.code, err: error }, text);
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

/** The one under way did not get out either. */
const isUnsent = (error: unknown): boolean =>
  error instanceof ViciError && (error.code === 'VICI_NOT_ALLOWED' || error.code === 'VICI_TOO_LARGE');

const message = (from: Readonly<Record<string, string>>): Message =>
  Object.assign(Object.create(null) as Message, from);
