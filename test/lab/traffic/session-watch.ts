import { openReader, section, ViciError, type ReadClient } from '../../../health/vici/index.ts';
import { monotonic } from '../clock.ts';
import { LabError } from '../lab-error.ts';
import { readListed, readSessionEvent, SESSION_EVENTS } from './session-events.ts';
import { fateOf, type SessionEvent, type SessionFate } from './session-story.ts';

/** Follows the sessions of all clients by the events of their charon; ends with it. */
export class SessionWatch {
  readonly #vici: ReadClient;
  #before = new Map<string, string[]>();
  #events: { readonly name: string; readonly event: SessionEvent }[] = [];

  private constructor(vici: ReadClient) {
    this.#vici = vici;
  }

  /** @param viciSocket of the clients' charon @throws LabError LAB_COMMAND */
  static async start(viciSocket: string, signal: AbortSignal): Promise<SessionWatch> {
    return translated(async () => {
      const vici = await openReader(viciSocket, { signal });
      const watch = new SessionWatch(vici);
      for (const name of SESSION_EVENTS)
        await vici.subscribe(
          [name],
          (_, message) => watch.#events.push(...readSessionEvent(name, message, monotonic())),
          { signal },
        );
      return watch;
    });
  }

  /** From here on. @returns once the sessions that there are now are known */
  async begin(signal: AbortSignal): Promise<void> {
    await translated(async () => {
      this.#events = [];
      const before = new Map<string, string[]>();
      for await (const message of this.#vici.stream('list-sas', 'list-sa', section(), { signal }))
        for (const [name, id] of readListed(message)) before.set(name, [...(before.get(name) ?? []), id]);
      this.#before = before;
    });
  }

  /** @param name of the client's connection */
  fateOf(name: string): SessionFate {
    const events = this.#events.filter((each) => each.name === name).map(({ event }) => event);
    return fateOf(this.#before.get(name) ?? [], events);
  }

  close(): void {
    this.#vici.close();
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof ViciError)) throw cause;
    throw new LabError('LAB_COMMAND', `the clients' charon: ${cause.message}`, { cause });
  }
}
