/**
 * A VICI client: commands on one connection, events on another that is always read, so that neither
 * waits for the other. It does not reconnect: events in between would be lost unnoticed. Once `closed`
 * resolved, open a new one and list again.
 */
import {
  allowCommand,
  allowEvent,
  allowRequest,
  allowStream,
  INITIATE_COMMANDS,
  type InitiateCommand,
  MOVE_COMMANDS,
  type MoveCommand,
  READ_COMMANDS,
  type ReadCommand,
  type StreamEvent,
  type ViciEvent,
} from './commands.ts';
import type { CallOptions, Connector } from './connect.ts';
import { Connection } from './connection.ts';
import { ViciError } from './errors.ts';
import { type Message, section } from './message.ts';
import { successful } from './response.ts';
import { stream } from './stream.ts';

export type EventListener = (event: ViciEvent, message: Message) => void;

export interface ViciClient<C extends string> {
  /** The response. Rejects with ViciError: VICI_FAILED when charon says `success=no`. */
  request(command: C, args?: Message, options?: CallOptions): Promise<Message>;
  /**
   * Runs a command that answers by events, each time it is iterated: yields each message, ends at the
   * response, throws ViciError. Leaving the loop early is fine; later calls wait until charon is done.
   */
  stream(command: C, event: StreamEvent, args?: Message, options?: CallOptions): AsyncIterable<Message>;
  /**
   * Registers on the event connection; resolves with the names that charon does not know (an answer, not
   * an error). Messages come to the listener in order, the first maybe before this resolves. What the
   * listener throws is a defect and is not caught.
   */
  subscribe(
    events: readonly ViciEvent[],
    listener: EventListener,
    options?: CallOptions,
  ): Promise<{ readonly unknown: readonly ViciEvent[] }>;
  /**
   * Resolves, never rejects, with what ended either connection: VICI_CLOSED is charon's doing,
   * VICI_TIMEOUT and VICI_ABORTED a call given up in flight or `close()`, VICI_PROTOCOL garbage.
   */
  readonly closed: Promise<ViciError>;
  /** Ends both connections; calls under way reject with VICI_ABORTED. */
  close(): void;
}

export type ReadClient = ViciClient<ReadCommand>;
export type MoverClient = ViciClient<MoveCommand>;
export type InitiatorClient = ViciClient<InitiateCommand>;

export interface OpenOptions extends CallOptions {
  /** Leave out the event connection (charon's backlog takes 3); `subscribe` is then not allowed. */
  readonly onlyCommands?: boolean;
  /** Makes the sockets. Default: node:net. */
  readonly connector?: Connector;
}

/** A client that can only look. Rejects with ViciError; `path` is a file path, not a URI. */
export function openReader(path: string, options: OpenOptions = {}): Promise<ReadClient> {
  return open<ReadCommand>(path, new Set(READ_COMMANDS), options);
}

/** A client that can also move clients away: redirect, terminate, rekey. Rejects with ViciError. */
export function openMover(path: string, options: OpenOptions = {}): Promise<MoverClient> {
  return open<MoveCommand>(path, new Set(MOVE_COMMANDS), options);
}

/** A client that brings up and ends tunnels, on a charon that is nobody's gateway. Rejects with ViciError. */
export function openInitiator(path: string, options: OpenOptions = {}): Promise<InitiatorClient> {
  return open<InitiateCommand>(path, new Set(INITIATE_COMMANDS), options);
}

async function open<C extends string>(
  path: string,
  allowed: ReadonlySet<string>,
  options: OpenOptions,
): Promise<ViciClient<C>> {
  const { promise: closed, resolve } = Promise.withResolvers<ViciError>();
  const connections: Connection[] = [];
  const endAll = (error: ViciError): void => {
    resolve(error);
    for (const connection of connections) connection.end(error);
  };
  const connect = async (): Promise<Connection> => {
    const connection = await Connection.open(path, endAll, options, options.connector);
    connections.push(connection);
    return connection;
  };
  const commands = await connect();
  try {
    const events = options.onlyCommands === true ? undefined : await connect();
    return new PairClient<C>({ path, allowed, commands, events, closed, endAll });
  } catch (error) {
    if (error instanceof ViciError) commands.end(error);
    throw error;
  }
}

interface Parts {
  readonly path: string;
  readonly allowed: ReadonlySet<string>;
  readonly commands: Connection;
  readonly events: Connection | undefined;
  readonly closed: Promise<ViciError>;
  readonly endAll: (error: ViciError) => void;
}

class PairClient<C extends string> implements ViciClient<C> {
  readonly closed: Promise<ViciError>;
  readonly #parts: Parts;
  /** Who listens to what; an event is registered once, however many listen. */
  readonly #listeners = new Map<ViciEvent, EventListener[]>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.closed = parts.closed;
  }

  async request(command: C, args: Message = section(), options: CallOptions = {}): Promise<Message> {
    const { commands, allowed } = this.#parts;
    allowCommand(allowed, command);
    allowRequest(command);
    const turn = await commands.turn(`command ${command}`, options);
    try {
      return successful(command, await commands.command(command, args));
    } finally {
      turn.release();
    }
  }

  stream(
    command: C,
    event: StreamEvent,
    args: Message = section(),
    options: CallOptions = {},
  ): AsyncIterable<Message> {
    const { commands, allowed } = this.#parts;
    allowCommand(allowed, command);
    allowStream(command, event);
    return { [Symbol.asyncIterator]: () => stream(commands, { command, event, args }, options) };
  }

  async subscribe(
    wanted: readonly ViciEvent[],
    listener: EventListener,
    options: CallOptions = {},
  ): Promise<{ readonly unknown: readonly ViciEvent[] }> {
    const { events, path } = this.#parts;
    for (const event of wanted) allowEvent(event);
    if (events === undefined) {
      const text = `VICI client of ${path} was opened with onlyCommands, it cannot subscribe`;
      throw new ViciError('VICI_NOT_ALLOWED', text);
    }
    const turn = await events.turn(`registration of ${wanted.join(', ')}`, options);
    try {
      const unknown: ViciEvent[] = [];
      for (const event of wanted) {
        if (!(await this.#listen(events, event, listener))) unknown.push(event);
      }
      return { unknown };
    } finally {
      turn.release();
    }
  }

  close(): void {
    this.#parts.endAll(
      new ViciError('VICI_ABORTED', `VICI client of ${this.#parts.path} was closed on this side`),
    );
  }

  async #listen(events: Connection, event: ViciEvent, listener: EventListener): Promise<boolean> {
    const listeners = this.#listeners.get(event);
    if (listeners !== undefined) {
      listeners.push(listener);
      return true;
    }
    const own = [listener];
    this.#listeners.set(event, own);
    const known = await events.register(event, (message) => {
      for (const each of own) each(event, message);
    });
    if (!known) this.#listeners.delete(event);
    return known;
  }
}
