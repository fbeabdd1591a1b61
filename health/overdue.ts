/**
 * CHILD_SAs that charon should have rekeyed by now, by listing. A listing holds up IKE on a gateway with many
 * clients, so its cost sets its pace: never more than a hundredth of the time.
 */
import type { CharonLink } from './charon-link.ts';
import { downBy, type Down } from './down.ts';
import type { IkeSa } from './strongswan.ts';

/** What one listing found. */
export interface Overdue {
  /** CHILD_SAs that carry traffic and have a time to be rekeyed at. */
  readonly installed: number;
  /** Of these, the ones that are overdue by more than was allowed. */
  readonly overdue: number;
  /** Some of their connections, for people. */
  readonly connections: readonly string[];
}

const CARRIED: ReadonlySet<string> = new Set(['INSTALLED', 'UPDATING', 'REKEYING']);

/** A few names are enough to begin looking. */
const NAMES_KEPT = 3;

export const NONE: Overdue = { installed: 0, overdue: 0, connections: [] };

/** With one IKE_SA more. */
export function tally(before: Overdue, { connection, childSas }: IkeSa, allowedSeconds: number): Overdue {
  const timed = childSas.filter(
    ({ state, rekeyInSeconds }) => CARRIED.has(state) && rekeyInSeconds !== undefined,
  );
  const late = timed.filter(({ rekeyInSeconds = 0 }) => rekeyInSeconds < -allowedSeconds);
  const named =
    late.length === 0 || before.connections.length >= NAMES_KEPT || before.connections.includes(connection);
  return {
    installed: before.installed + timed.length,
    overdue: before.overdue + late.length,
    connections: named ? before.connections : [...before.connections, connection],
  };
}

export interface OverdueOptions {
  readonly link: Pick<CharonLink, 'listIkeSas'>;
  readonly now: () => number;
  readonly allowedSeconds: number;
  /** How often to list while nothing looks wrong. */
  readonly listIntervalMs: number;
}

/** A listing that takes longer is given up. */
const LIST_DEADLINE_MS = 30_000;
/** The pause after a listing, as a multiple of how long it took. */
const PACE = 100;
/** The same after one that failed. */
const FAILED_PACE = 5;
/** The shortest pause between listings, when rekeys seem to fail. */
const EARLY_MS = 5000;

export class OverdueWatch {
  readonly #options: OverdueOptions;
  #found: Overdue | Down | undefined;
  #listing: Promise<void> | undefined;
  #begun = -Infinity;
  #costMs = 0;

  constructor(options: OverdueOptions) {
    this.#options = options;
  }

  /** What the newest listing found, or why it failed; undefined before the first. */
  get found(): Overdue | Down | undefined {
    return this.#found;
  }

  /**
   * Lists if it is time to; resolves when a listing that is under way is done, or when the signal says so, without
   * a rejection. The look that began it may end before it: on a large gateway it takes longer than a look may.
   */
  async list(suspicious: boolean, signal: AbortSignal): Promise<void> {
    const { now, listIntervalMs } = this.#options;
    const late = this.#found !== undefined && 'overdue' in this.#found && this.#found.overdue > 0;
    // Nothing is known meanwhile, which must not last until the check has gone stale.
    const failed = this.#found !== undefined && 'kind' in this.#found;
    const wanted = suspicious || late || failed ? Math.min(EARLY_MS, listIntervalMs) : listIntervalMs;
    const pause = (failed ? FAILED_PACE : PACE) * this.#costMs;
    if (this.#listing === undefined && now() - this.#begun >= Math.max(wanted, pause)) {
      this.#listing = this.#read(new AbortController().signal).finally(() => {
        this.#listing = undefined;
      });
    }
    if (this.#listing === undefined || signal.aborted) return;
    const cut = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => cut.resolve(), { once: true });
    await Promise.race([this.#listing, cut.promise]);
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { link, now, allowedSeconds } = this.#options;
    this.#begun = now();
    try {
      let found = NONE;
      for await (const ikeSa of link.listIkeSas(LIST_DEADLINE_MS, signal)) {
        found = tally(found, ikeSa, allowedSeconds);
      }
      this.#found = found;
    } catch (error) {
      this.#found = downBy(error);
    }
    this.#costMs = now() - this.#begun;
  }
}
