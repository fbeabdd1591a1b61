import { setTimeout as delay } from 'node:timers/promises';
import { openReader, type ReadClient } from '../../health/vici/index.ts';
import { monotonic } from './clock.ts';

const INTERVAL_MS = 100;
/** Longer than any stop of charon that chaos makes: an answer that comes late is an answer. */
const DEADLINE_MS = 15_000;

/** Asks one charon for its connections again and again, over a connection of its own. */
export class CharonProbe {
  readonly #path: string;
  readonly #onProof: (askedAt: number) => void;
  #paused = false;
  #client: ReadClient | undefined;

  /** @param onProof charon answered what was asked then, and has connections */
  constructor(path: string, onProof: (askedAt: number) => void) {
    this.#path = path;
    this.#onProof = onProof;
  }

  /** Asks nothing new. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.#paused) await this.#ask(signal);
      await delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
    this.#client?.close();
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const call = { deadlineMs: DEADLINE_MS, signal };
    try {
      this.#client ??= await openReader(this.#path, { ...call, onlyCommands: true });
      const askedAt = monotonic();
      const { conns } = await this.#client.request('get-conns', undefined, call);
      if (Array.isArray(conns) && conns.length > 0) this.#onProof(askedAt);
    } catch {
      // Not there, closed, or we were told to stop: no proof is all that follows from it.
      this.#client?.close();
      this.#client = undefined;
    }
  }
}
