/** A command that answers by events: register, command, its messages, response, unregister. */
import type { CallOptions } from './connect.ts';
import type { Connection } from './connection.ts';
import type { Message } from './message.ts';
import { successful, unknownToCharon } from './response.ts';
import type { Turn } from './turns.ts';

export interface StreamCall {
  readonly command: string;
  readonly event: string;
  readonly args: Message;
}

/**
 * Yields each message, ends at the response. A consumer that leaves early (`break`) waits for nothing:
 * the rest of the answer is read and thrown away in the background, within the deadline of this call,
 * and the next call waits for that.
 */
export async function* stream(
  connection: Connection,
  call: StreamCall,
  options: CallOptions = {},
): AsyncGenerator<Message, void, undefined> {
  const turn = await connection.turn(`command ${call.command}`, options);
  const inbox = new Inbox();
  void converse(connection, call, turn, inbox);
  try {
    for (let batch = await inbox.take(); batch !== undefined; batch = await inbox.take()) yield* batch;
  } finally {
    inbox.abandon();
    turn.detach();
  }
}

/** The whole exchange, whether or not anybody still listens. Never rejects: all goes to the inbox. */
async function converse(connection: Connection, call: StreamCall, turn: Turn, inbox: Inbox): Promise<void> {
  try {
    const known = await connection.register(call.event, inbox.put);
    if (!known) throw unknownToCharon('event', call.event);
    try {
      successful(call.command, await connection.command(call.command, call.args));
      inbox.end();
    } catch (error) {
      inbox.end({ error });
    }
    await connection.unregister(call.event);
  } catch (error) {
    inbox.end({ error });
  } finally {
    turn.release();
  }
}

/** What was read and not yet taken. The socket is never paused: charon would have to keep it instead. */
class Inbox {
  #messages: Message[] = [];
  #outcome: { readonly error?: unknown } | undefined;
  #abandoned = false;
  #wake: () => void = () => undefined;

  readonly put = (message: Message): void => {
    // After the response an event belongs to no command of ours; after a `break` nobody wants it.
    if (this.#abandoned || this.#outcome !== undefined) return;
    this.#messages.push(message);
    this.#wake();
  };

  /** No more messages; only the first call counts. */
  end(outcome: { readonly error?: unknown } = {}): void {
    this.#outcome ??= outcome;
    this.#wake();
  }

  abandon(): void {
    this.#abandoned = true;
    this.#messages = [];
  }

  /** All that is there, waiting for something. undefined after the last; throws what ended it. */
  async take(): Promise<Message[] | undefined> {
    while (this.#messages.length === 0) {
      if (this.#outcome !== undefined) {
        if ('error' in this.#outcome) throw this.#outcome.error;
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }
}
