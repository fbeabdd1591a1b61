/**
 * The SaBook with charon behind it: fed by events, reconciled by listings. A listing holds up IKE itself on
 * a gateway with many clients (with charon's default hash table nothing else gets at the IKE_SAs meanwhile),
 * so it comes rarely, and the rarer the longer it takes: never more than a hundredth of the time.
 */
import type { CharonLink } from './charon-link.ts';
import type { Snapshot } from './charon.ts';
import type { Down } from './down.ts';
import { SaBook, type SaCount } from './sa-book.ts';
import { StrongswanError } from './strongswan.ts';
import { ViciError } from './vici/index.ts';
import type { HealthLog } from './seams.ts';

export interface SaCensusOptions {
  readonly link: CharonLink;
  readonly now: () => number;
  readonly log: HealthLog;
  /** How often to list at most, while nothing looks wrong. */
  readonly listIntervalMs: number;
  /** See SaBook. */
  readonly ignoredIdentities?: readonly string[];
}

/** What is known: the count with charon's own numbers of the same moment, or why nothing is. */
export type Census =
  | { readonly kind: 'counted'; readonly count: SaCount; readonly snapshot: Snapshot }
  /** The first listing is not done yet. */
  | { readonly kind: 'listing' }
  | { readonly kind: 'down'; readonly down: Down };

/** An answer this young need not be asked for again. */
const FRESH_MS = 100;
/** A listing that takes longer is given up. */
const LIST_DEADLINE_MS = 30_000;
/** The pause after a listing, as a multiple of how long it took. */
const PACE = 100;
/** The shortest pause between listings, when the book and charon disagree. */
const EARLY_MS = 5000;

export class SaCensus {
  readonly #options: SaCensusOptions;
  readonly #book: SaBook;
  #listing: Promise<void> | undefined;
  #abort = new AbortController();
  /** The book has been compared with a listing since the link came up. */
  #complete = false;
  #lastListing = -Infinity;
  #lastCostMs = 0;

  constructor(options: SaCensusOptions) {
    this.#options = options;
    this.#book = new SaBook(options.ignoredIdentities);
  }

  /** How long the last listing took, milliseconds. */
  get listingCostMs(): number {
    return this.#lastCostMs;
  }

  /** Follows the events; returns how to stop. */
  watch(): () => void {
    const { link } = this.#options;
    const stops = [
      link.onEvent((event) => {
        this.#book.apply(event);
      }),
      link.onUp(() => {
        // Events were lost meanwhile, or it is another charon.
        this.#restart();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      this.#abort.abort(new Error('the count of IKE_SAs stops'));
    };
  }

  /** Counts now. Waits for the first listing, for later ones never. */
  async take(deadlineMs: number, signal: AbortSignal): Promise<Census> {
    const { link, now } = this.#options;
    const until = now() + deadlineMs;
    const look = await link.recent(FRESH_MS, deadlineMs, signal);
    if (look.kind !== 'answered') return { kind: 'down', down: look };
    if (this.#due()) this.#list();
    if (!this.#complete) await this.#firstListing(until - now(), signal);
    if (!this.#complete) return { kind: 'listing' };
    return { kind: 'counted', count: this.#book.count(look.snapshot.stats.ikeSas), snapshot: look.snapshot };
  }

  #due(): boolean {
    if (this.#listing !== undefined) return false;
    const { listIntervalMs, now } = this.#options;
    const wanted = this.#complete && !this.#book.doubtful ? listIntervalMs : EARLY_MS;
    const pause = Math.max(Math.min(wanted, listIntervalMs), PACE * this.#lastCostMs);
    return now() - this.#lastListing >= pause;
  }

  #restart(): void {
    this.#abort.abort(new Error('the link to charon was renewed'));
    this.#abort = new AbortController();
    this.#listing = undefined;
    this.#book.clear();
    this.#complete = false;
    this.#lastListing = -Infinity;
    this.#lastCostMs = 0;
  }

  #list(): void {
    const { signal } = this.#abort;
    const begun = this.#options.now();
    this.#lastListing = begun;
    this.#book.beginListing();
    this.#listing = this.#read(signal).then((done) => {
      // After a restart the book belongs to another listing.
      if (signal.aborted) return;
      this.#listing = undefined;
      this.#lastListing = this.#options.now();
      this.#lastCostMs = this.#lastListing - begun;
      if (done) {
        this.#book.endListing();
        this.#complete = true;
      } else {
        this.#book.dropListing();
      }
    });
  }

  async #read(signal: AbortSignal): Promise<boolean> {
    const { link, log } = this.#options;
    try {
      for await (const ikeSa of link.listIkeSas(LIST_DEADLINE_MS, signal)) {
        if (signal.aborted) return false;
        this.#book.listed(ikeSa);
      }
      return true;
    } catch (error) {
      if (!(error instanceof ViciError) && !(error instanceof StrongswanError)) throw error;
      if (!signal.aborted)
        log.warn({ err: error }, 'list-sas failed; IKE_SAs are counted by events meanwhile');
      return false;
    }
  }

  async #firstListing(ms: number, signal: AbortSignal): Promise<void> {
    const listing = this.#listing;
    if (listing === undefined || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, ms));
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      // The listing itself never rejects.
      void listing.finally(done);
    });
  }
}
