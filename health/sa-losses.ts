/**
 * Which IKE_SAs ended without a DELETE, by charon's events. An orderly end is told as `ike-updown` in state
 * DELETING, whoever asked for it; one whose client no longer answers (dead peer detection, a rekey or any
 * other exchange that was given up) in the state it had: ESTABLISHED or REKEYING. So it is in 5.9 and in 6.0.
 * A client that comes back under the same identity is not lost, only a little late. One that was here before this
 * gateway was withdrawn may have moved to another one, which cannot say so: its IKE_SA ends like a lost one.
 *
 * Without dpd_delay charon never asks, and so never notices that a client is gone: then there is nothing to see.
 */
import type { SaEvent } from './sa-event.ts';
import type { IkeSa } from './strongswan.ts';

const CARRIED: ReadonlySet<string> = new Set(['ESTABLISHED', 'REKEYING']);

/** More losses than this need not be told apart; the oldest are forgotten. */
const LOSSES_KEPT = 20_000;

export class SaLosses {
  /** Who is lost → when each of its IKE_SAs was, monotonic milliseconds, oldest first. */
  readonly #lost = new Map<string, number[]>();
  readonly #awayMs: number;
  #count = 0;
  #withdrawnAt = -Infinity;
  /** The uniqueids of IKE_SAs whose clients were heard here since then; empty once that is long ago. */
  readonly #heard = new Set<number>();

  /** `awayMs`: how long after a withdrawal IKE_SAs from before it may end so; by then all have been found out. */
  constructor(awayMs: number) {
    this.#awayMs = awayMs;
  }

  /** Nothing is announced at `at`: what is lost, and what is there, is nothing to miss. */
  withdrawn(at: number): void {
    this.#withdrawnAt = at;
    this.#heard.clear();
    this.forget(at);
  }

  apply(event: SaEvent, at: number): void {
    switch (event.kind) {
      case 'ike-up':
        this.#hear(event.ikeSa, at);
        this.#back(keyOf(event.ikeSa));
        return;
      case 'ike-rekeyed':
        this.#heard.delete(event.old.uniqueId);
        this.#hear(event.new, at);
        return;
      case 'ike-down': {
        const known = this.#heard.delete(event.ikeSa.uniqueId) || !this.#isRecent(at);
        if (known && CARRIED.has(event.ikeSa.state)) this.#add(keyOf(event.ikeSa), at);
        return;
      }
      default:
    }
  }

  /** Whether IKE_SAs from before the withdrawal may still be there. */
  #isRecent(at: number): boolean {
    return at - this.#withdrawnAt <= this.#awayMs;
  }

  #hear({ uniqueId }: IkeSa, at: number): void {
    if (this.#isRecent(at)) this.#heard.add(uniqueId);
    else this.#heard.clear();
  }

  /** Forgets what was lost at `at` or before. */
  forget(at: number): void {
    for (const [key, times] of this.#lost) {
      const kept = times.filter((then) => then > at);
      this.#count -= times.length - kept.length;
      if (kept.length > 0) this.#lost.set(key, kept);
      else this.#lost.delete(key);
    }
  }

  /** How many are lost and have not come back. */
  get count(): number {
    return this.#count;
  }

  #add(key: string, at: number): void {
    const times = this.#lost.get(key);
    if (times === undefined) this.#lost.set(key, [at]);
    else times.push(at);
    this.#count += 1;
    const [oldest] = this.#lost.keys();
    if (this.#count > LOSSES_KEPT && oldest !== undefined) this.#drop(oldest);
  }

  #back(key: string): void {
    if (this.#lost.has(key)) this.#drop(key);
  }

  /** One IKE_SA of this client less. */
  #drop(key: string): void {
    const times = this.#lost.get(key) ?? [];
    times.shift();
    this.#count -= 1;
    if (times.length === 0) this.#lost.delete(key);
  }
}

const keyOf = ({ connection, remote, remoteEapId }: IkeSa): string =>
  JSON.stringify([connection, remote.id, remoteEapId ?? '']);
