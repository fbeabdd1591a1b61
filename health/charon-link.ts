/**
 * The one link to charon that all checks share: a read-only VICI client that is opened again for ever, a
 * look on demand (version, stats, connections), the events about IKE_SAs, and, at once and
 * without a timer in between, the news that charon's socket closed.
 *
 *     connecting ──answered version, subscribed──► up ──closed──► connecting   (the first try at once,
 *         ▲                                                                     then after 20 ms … 1 s)
 *         └──────────── failed: tell, wait ◄────────────────────────────────┘
 */
import { askCharon, listIkeSas, openCharon, type Charon, type Snapshot } from './charon.ts';
import { downBy, isClosed, STOPPED, type Down } from './down.ts';
import { askApart, type Answer, type Question } from './question.ts';
import type { SaEvent } from './sa-event.ts';
import type { IkeSa } from './strongswan.ts';
import { setTimer as systemTimer, type HealthLog, type SetTimer } from './seams.ts';

export type Look = { readonly kind: 'answered'; readonly snapshot: Snapshot } | Down;

export interface CharonLinkOptions {
  /** Path of the VICI socket. */
  readonly path: string;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: () => number;
  readonly log: HealthLog;
  /** How long charon may take to answer while a connection is being set up. */
  readonly deadlineMs?: number;
  readonly setTimer?: SetTimer;
}

const DEADLINE_MS = 450;
const BACKOFF_FIRST_MS = 20;
const BACKOFF_MAX_MS = 1000;
/** A link that held this long starts its backoff anew; one that breaks sooner does not. */
const STABLE_MS = 1000;

export class CharonLink {
  readonly #options: CharonLinkOptions;
  readonly #deadlineMs: number;
  readonly #setTimer: SetTimer;
  readonly #onUp = new Set<() => void>();
  readonly #onDown = new Set<(down: Down) => void>();
  readonly #onEvent = new Set<(event: SaEvent) => void>();
  readonly #stop = new AbortController();
  #charon: Charon | undefined;
  #snapshot: Snapshot | undefined;
  #attempt: Promise<Down | undefined> | undefined;
  #cancelBackoff: (() => void) | undefined;
  #failures = 0;
  /** charon itself closed the connection that was up last. */
  #hungUp = false;
  #upSince: number | undefined;
  #reconnects = 0;

  constructor(options: CharonLinkOptions) {
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.#setTimer = options.setTimer ?? systemTimer;
  }

  /** Begins to connect; looks do so by themselves, but events come only after this. */
  start(): void {
    void this.#connect();
  }

  /** Closes the link for good. */
  close(): void {
    this.#stop.abort(new Error('the link to charon was closed'));
    this.#cancelBackoff?.();
    this.#cancelBackoff = undefined;
    this.#charon?.client.close();
    this.#charon = undefined;
    this.#snapshot = undefined;
  }

  get up(): boolean {
    return this.#charon !== undefined;
  }

  /** The newest look that was answered; undefined while the link is down. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** How often the link was opened again after it had been up. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** Calls back each time the link is up (again): events in between are lost, so list anew. */
  onUp(listener: () => void): () => void {
    return subscribe(this.#onUp, listener);
  }

  /** Calls back for each try that failed, the first one right after charon's socket closed. */
  onDown(listener: (down: Down) => void): () => void {
    return subscribe(this.#onDown, listener);
  }

  onEvent(listener: (event: SaEvent) => void): () => void {
    return subscribe(this.#onEvent, listener);
  }

  /**
   * Asks charon now; connects first if need be, without waiting for the backoff. Expected failures are
   * values. Never longer than `deadlineMs`.
   */
  async look(deadlineMs: number, signal: AbortSignal): Promise<Look> {
    const until = this.#options.now() + deadlineMs;
    const left = (): number => Math.max(1, until - this.#options.now());
    // The socket may close under the question and be open again at once (a restart): ask once more, not for ever.
    for (let closed = 0; closed < 2; closed += 1) {
      if (this.#charon === undefined) {
        const down = await this.#within(this.#connect(), left(), signal);
        if (down !== undefined) return down;
      }
      const charon = this.#charon;
      if (charon === undefined) continue;
      try {
        const call = { deadlineMs: left(), signal };
        const snapshot = await askCharon(charon, this.#options.now(), call);
        if (charon === this.#charon) this.#snapshot = snapshot;
        return { kind: 'answered', snapshot };
      } catch (error) {
        if (!isClosed(error)) return downBy(error);
        this.#lost(charon, error);
      }
    }
    return { kind: 'stranger', detail: 'it accepts connections and closes them again' };
  }

  /** The snapshot if it is young enough, else a look. */
  async recent(maxAgeMs: number, deadlineMs: number, signal: AbortSignal): Promise<Look> {
    const snapshot = this.#snapshot;
    if (snapshot !== undefined && this.#options.now() - snapshot.at <= maxAgeMs) {
      return { kind: 'answered', snapshot };
    }
    return this.look(deadlineMs, signal);
  }

  /** Any other question, on a connection of its own. Expected failures are values. */
  ask<T>(question: Question<T>, deadlineMs: number, signal: AbortSignal): Promise<Answer<T>> {
    const call = { deadlineMs, signal: AbortSignal.any([signal, this.#stop.signal]) };
    return askApart(this.#options.path, question, Math.min(deadlineMs, this.#deadlineMs), call);
  }

  /** All IKE_SAs that no worker holds just now. Rejects with ViciError or StrongswanError. */
  listIkeSas(deadlineMs: number, signal: AbortSignal): AsyncIterable<IkeSa> {
    const call = { deadlineMs, signal: AbortSignal.any([signal, this.#stop.signal]) };
    return listIkeSas(this.#options.path, Math.min(deadlineMs, this.#deadlineMs), call);
  }

  /** Joins the attempt under way or begins one. Resolves with what went wrong, undefined when up. */
  #connect(): Promise<Down | undefined> {
    if (this.#charon !== undefined) return Promise.resolve(undefined);
    if (this.#stop.signal.aborted) return Promise.resolve(STOPPED);
    this.#cancelBackoff?.();
    this.#cancelBackoff = undefined;
    this.#attempt ??= this.#open().then((opened) => {
      this.#attempt = undefined;
      if ('client' in opened) return this.#opened(opened);
      if (this.#stop.signal.aborted) return STOPPED;
      this.#failed(opened);
      return opened;
    });
    return this.#attempt;
  }

  async #open(): Promise<Charon | Down> {
    const { path, log } = this.#options;
    const call = { deadlineMs: this.#deadlineMs, signal: this.#stop.signal };
    for (let closed = false; ; closed = true) {
      try {
        // What comes before the link is up need not be heard: whoever listens lists everything then.
        return await openCharon(path, (event) => this.#heard(event), log, call);
      } catch (error) {
        // Accepted and closed: charon died between the two, so the next try is refused. If not, it is no charon.
        if (closed || !isClosed(error)) return downBy(error, this.#hungUp);
      }
    }
  }

  #opened(charon: Charon): Down | undefined {
    if (this.#stop.signal.aborted) {
      charon.client.close();
      return STOPPED;
    }
    this.#charon = charon;
    if (this.#upSince !== undefined) this.#reconnects += 1;
    this.#upSince = this.#options.now();
    void charon.client.closed.then((error) => this.#lost(charon, error));
    for (const listener of this.#onUp) listener();
    return undefined;
  }

  #heard(event: SaEvent): void {
    for (const listener of this.#onEvent) listener(event);
  }

  /** The connection is closed: try again in this very turn, what comes of it is the news. */
  #lost(charon: Charon, error: unknown): void {
    if (charon !== this.#charon) return;
    charon.client.close();
    this.#hungUp = isClosed(error);
    this.#charon = undefined;
    this.#snapshot = undefined;
    const held = this.#options.now() - (this.#upSince ?? 0);
    if (held >= STABLE_MS) this.#failures = 0;
    // What breaks as soon as it is up must not be opened thousands of times a second.
    if (held >= BACKOFF_FIRST_MS) void this.#connect();
    else this.#retryLater();
  }

  #failed(down: Down): void {
    this.#retryLater();
    this.#options.log.debug({ down: down.kind, detail: down.detail }, 'no link to charon');
    for (const listener of this.#onDown) listener(down);
  }

  #retryLater(): void {
    const ms = Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(this.#failures, 10), BACKOFF_MAX_MS);
    this.#failures += 1;
    this.#cancelBackoff?.();
    this.#cancelBackoff = this.#setTimer(ms, () => {
      this.#cancelBackoff = undefined;
      void this.#connect();
    });
  }

  async #within(
    attempt: Promise<Down | undefined>,
    ms: number,
    signal: AbortSignal,
  ): Promise<Down | undefined> {
    let giveUp: ((down: Down) => void) | undefined;
    const late = new Promise<Down>((resolve) => {
      giveUp = resolve;
    });
    const cancel = this.#setTimer(Math.max(0, ms), () =>
      giveUp?.({ kind: 'silent', detail: 'no answer yet' }),
    );
    const onAbort = (): void => giveUp?.(STOPPED);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await Promise.race([attempt, late]);
    } finally {
      cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }
}

function subscribe<Listener>(to: Set<Listener>, listener: Listener): () => void {
  to.add(listener);
  return () => {
    to.delete(listener);
  };
}
