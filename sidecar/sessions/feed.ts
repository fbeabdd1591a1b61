/**
 * Events of charon about IKE_SAs, gathered for a moment: in a storm of logins the state is copied fifty times a
 * second and not a thousand times.
 */
import { setTimer as systemTimer, type SetTimer } from '../../health/seams.ts';
import type { SaEvent } from '../../health/sa-event.ts';

const GATHER_MS = 20;

export class SaFeed {
  readonly #deliver: (events: readonly SaEvent[]) => void;
  readonly #setTimer: SetTimer;
  #events: SaEvent[] = [];
  #cancel: (() => void) | undefined;

  constructor(deliver: (events: readonly SaEvent[]) => void, setTimer: SetTimer = systemTimer) {
    this.#deliver = deliver;
    this.#setTimer = setTimer;
  }

  hear(event: SaEvent): void {
    this.#events.push(event);
    this.#cancel ??= this.#setTimer(GATHER_MS, () => {
      this.#cancel = undefined;
      this.flush();
    });
  }

  /** Delivers now, so that what comes next comes after it. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    this.#deliver(events);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#events = [];
  }
}
