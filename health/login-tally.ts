/** Counts logins by charon's events: who got in, and who was turned away. No I/O and no clock. */
import type { SaEvent } from './sa-event.ts';
import { UNNAMED } from './strongswan.ts';

export interface FailedLogin {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** The client's address. */
  readonly from: string;
}

/** More failed logins than this say nothing new; the oldest are forgotten. */
const FAILED_KEPT = 1000;

export class LoginTally {
  #established = 0;
  #failed: FailedLogin[] = [];

  /** IKE_SAs that were established, since the beginning. */
  get established(): number {
    return this.#established;
  }

  /** The newest logins that failed, oldest first. */
  get failed(): readonly FailedLogin[] {
    return this.#failed;
  }

  apply(event: SaEvent, at: number): void {
    if (event.kind === 'ike-up') this.#established += 1;
    if (event.kind !== 'ike-down') return;
    // Without a name nobody had begun to log in: a refused IKE_SA_INIT, our own probe, or no such connection.
    const { state, connection, remote } = event.ikeSa;
    if (state !== 'CONNECTING' || connection === UNNAMED) return;
    this.#failed.push({ at, from: remote.host });
    if (this.#failed.length > FAILED_KEPT) this.#failed = this.#failed.slice(-FAILED_KEPT / 2);
  }
}
