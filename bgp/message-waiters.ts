/** Waits for a word of the guard, each for its own while. */
import type { GuardMessage } from './lease.ts';

export class MessageWaiters {
  readonly #waiters = new Set<(message: GuardMessage | undefined) => void>();

  /** Every message; undefined: there will be none, as the connection is gone. */
  tell(message: GuardMessage | undefined): void {
    for (const waiter of this.#waiters) waiter(message);
  }

  /** The first message that is `wanted`; undefined after `deadlineMs`, or without a connection. */
  until(wanted: (message: GuardMessage) => boolean, deadlineMs: number): Promise<GuardMessage | undefined> {
    return new Promise((resolve) => {
      const settle = (message: GuardMessage | undefined): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(message);
      };
      const waiter = (message: GuardMessage | undefined): void => {
        if (message === undefined || wanted(message)) settle(message);
      };
      const timer = setTimeout(() => settle(undefined), deadlineMs);
      this.#waiters.add(waiter);
    });
  }
}
