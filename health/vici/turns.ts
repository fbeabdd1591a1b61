/**
 * Who may use a connection now: one call at a time, first come first served, each with its deadline and
 * AbortSignal from the moment it asks.
 *
 *   queued ──► active ──► released
 *     │          │  deadline or abort
 *     ▼          ▼
 *  rejected   `onGiveUp`: the answer may still come, so the connection must end
 */
import { abortedError, type CallOptions, deadlineOf } from './connect.ts';
import { ViciError } from './errors.ts';

interface Waiting {
  readonly turn: Turn;
  readonly start: () => void;
  readonly reject: (error: ViciError) => void;
}

export class Turns {
  readonly #onGiveUp: (error: ViciError) => void;
  readonly #queue: Waiting[] = [];
  #active: Turn | undefined;
  #ended: ViciError | undefined;

  constructor(onGiveUp: (error: ViciError) => void) {
    this.#onGiveUp = onGiveUp;
  }

  /** Resolves when it is this call's turn, which must be released. `label` names the call in errors. */
  take(label: string, options: CallOptions = {}): Promise<Turn> {
    const { signal } = options;
    if (this.#ended !== undefined) return Promise.reject(notSent(label, this.#ended));
    if (signal?.aborted === true) return Promise.reject(abortedError(label, signal));
    return new Promise((resolve, reject) => {
      const turn: Turn = new Turn(label, options, {
        onGiveUp: (error) => {
          this.#giveUp(turn, error);
        },
        onRelease: () => {
          if (this.#active !== turn) return;
          this.#active = undefined;
          this.#next();
        },
      });
      const start = (): void => {
        resolve(turn);
      };
      this.#queue.push({ turn, start, reject });
      this.#next();
    });
  }

  /** The connection ended: nobody gets a turn any more. */
  end(error: ViciError): void {
    this.#ended = error;
    this.#active?.release();
    for (const { turn, reject } of this.#queue.splice(0)) {
      turn.release();
      reject(notSent(turn.label, error));
    }
  }

  #next(): void {
    if (this.#active !== undefined || this.#ended !== undefined) return;
    const first = this.#queue.shift();
    this.#active = first?.turn;
    first?.start();
  }

  #giveUp(turn: Turn, error: ViciError): void {
    const place = this.#queue.findIndex((waiting) => waiting.turn === turn);
    if (place === -1) {
      this.#onGiveUp(error);
    } else {
      const [waiting] = this.#queue.splice(place, 1);
      waiting?.turn.release();
      waiting?.reject(error);
    }
  }
}

interface TurnEvents {
  readonly onGiveUp: (error: ViciError) => void;
  readonly onRelease: () => void;
}

export class Turn {
  readonly label: string;
  readonly #events: TurnEvents;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  readonly #timer: NodeJS.Timeout;
  #lastLook: NodeJS.Immediate | undefined;

  constructor(label: string, options: CallOptions, events: TurnEvents) {
    const { signal } = options;
    const deadlineMs = deadlineOf(options);
    this.label = label;
    this.#events = events;
    this.#signal = signal;
    this.#timer = setTimeout(() => {
      // When this process was late itself, the answer may lie in the socket: it is read before this runs.
      this.#lastLook = setImmediate(() => {
        events.onGiveUp(new ViciError('VICI_TIMEOUT', `${label}: no answer within ${deadlineMs} ms`));
      });
    }, deadlineMs);
    this.#onAbort = () => {
      if (signal !== undefined) events.onGiveUp(abortedError(label, signal));
    };
    signal?.addEventListener('abort', this.#onAbort);
  }

  /** The caller is gone, but the exchange must be finished: only the deadline counts from now on. */
  detach(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  /** Gives the connection to the next one. May be called again. */
  release(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#lastLook);
    this.detach();
    this.#events.onRelease();
  }
}

/** For those who had not sent anything: the code of what ended the connection, and that it was not them. */
function notSent(label: string, ended: ViciError): ViciError {
  const text = `${label}: not sent, the connection had ended: ${ended.message}`;
  return new ViciError(ended.code, text, { cause: ended });
}
