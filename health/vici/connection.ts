/**
 * One VICI socket. Its packets have no sequence numbers, so one exchange is in flight at a time; callers
 * take a turn for it. For the same reason a call that is given up in flight ends the connection: the late
 * answer would be taken for the next one. Events may come at any time, each goes to the sink of its name.
 */
import { type Socket } from 'node:net';
import { type CallOptions, type Connector, connectSocket } from './connect.ts';
import { ViciError } from './errors.ts';
import { Deframer, frame } from './framing.ts';
import type { Message } from './message.ts';
import { decodePacket, encodePacket, type Packet } from './packet.ts';
import { type Turn, Turns } from './turns.ts';

/** Takes the messages of one event, in order, while they are read. */
export type EventSink = (message: Message) => void;

type Request = Extract<Packet, { type: 'command-request' | 'event-register' | 'event-unregister' }>;
type Answer = Extract<
  Packet,
  { type: 'command-response' | 'command-unknown' | 'event-confirm' | 'event-unknown' }
>;

interface Exchange {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: ViciError) => void;
}

export class Connection {
  readonly #path: string;
  readonly #socket: Socket;
  readonly #onEnd: (error: ViciError) => void;
  readonly #deframer = new Deframer();
  readonly #sinks = new Map<string, EventSink>();
  readonly #turns = new Turns((error) => {
    this.end(error);
  });
  #exchange: Exchange | undefined;
  #ended: ViciError | undefined;

  /** `onEnd` is called once, synchronously, with what ended the connection. Rejects with ViciError. */
  static async open(
    path: string,
    onEnd: (error: ViciError) => void,
    options: CallOptions = {},
    connector?: Connector,
  ): Promise<Connection> {
    return new Connection(path, await connectSocket(path, options, connector), onEnd);
  }

  private constructor(path: string, socket: Socket, onEnd: (error: ViciError) => void) {
    this.#path = path;
    this.#socket = socket;
    this.#onEnd = onEnd;
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    // Whichever comes first: a crash of charon must be known without waiting for 'close'.
    socket.on('end', () => {
      this.end(this.#closed());
    });
    socket.on('error', (cause) => {
      this.end(this.#closed(cause));
    });
    socket.on('close', () => {
      this.end(this.#closed());
    });
  }

  /** Resolves when this call may use the connection. Whoever takes a turn must release it. */
  turn(what: string, options: CallOptions = {}): Promise<Turn> {
    return this.#turns.take(`VICI ${what} on ${this.#path}`, options);
  }

  /** One command, within a turn. undefined: charon does not know it. */
  async command(name: string, message: Message): Promise<Message | undefined> {
    const answer = await this.#ask({ type: 'command-request', name, message });
    return answer.type === 'command-response' ? answer.message : undefined;
  }

  /**
   * Registers for an event, within a turn. False: charon does not know it. The sink may get messages
   * before this resolves.
   */
  async register(event: string, sink: EventSink): Promise<boolean> {
    this.#sinks.set(event, sink);
    const answer = await this.#ask({ type: 'event-register', name: event });
    if (answer.type === 'event-confirm') return true;
    this.#sinks.delete(event);
    return false;
  }

  /** Ends a registration, within a turn. The sink may get messages until this resolves. */
  async unregister(event: string): Promise<void> {
    await this.#ask({ type: 'event-unregister', name: event });
    this.#sinks.delete(event);
  }

  /** Ends the connection with this error; only the first call counts. */
  end(error: ViciError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#onEnd(error);
    this.#socket.destroy();
    this.#exchange?.reject(error);
    this.#exchange = undefined;
    this.#turns.end(error);
  }

  #ask(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended;
      if (this.#exchange !== undefined) throw new Error('a VICI exchange was begun without a turn');
      const bytes = frame(encodePacket(request));
      this.#exchange = { request, resolve, reject };
      this.#socket.write(bytes);
    });
  }

  #read(chunk: Buffer): void {
    for (const body of this.#deframer.push(chunk)) {
      if (this.#ended !== undefined) return;
      this.#receive(body);
    }
    if (this.#deframer.failure !== undefined) this.end(this.#garbage(this.#deframer.failure));
  }

  #receive(body: Buffer): void {
    let packet: Packet;
    try {
      packet = decodePacket(body);
    } catch (cause) {
      this.end(this.#garbage(cause));
      return;
    }
    switch (packet.type) {
      case 'event': {
        const sink = this.#sinks.get(packet.name);
        if (sink === undefined) this.end(this.#unexpected(`event "${packet.name}", which is not registered`));
        else sink(packet.message);
        return;
      }
      case 'command-response':
      case 'command-unknown':
      case 'event-confirm':
      case 'event-unknown':
        this.#answer(packet);
        return;
      case 'command-request':
      case 'event-register':
      case 'event-unregister':
        this.end(this.#unexpected(`${packet.type}, which only a client sends`));
        return;
      default:
        packet satisfies never;
    }
  }

  #answer(packet: Answer): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.end(this.#unexpected(`${packet.type}, but nothing was asked`));
      return;
    }
    const { type, name } = exchange.request;
    const answersCommand = packet.type === 'command-response' || packet.type === 'command-unknown';
    if (answersCommand !== (type === 'command-request')) {
      this.end(this.#unexpected(`${packet.type} as the answer to ${type} "${name}"`));
      return;
    }
    this.#exchange = undefined;
    exchange.resolve(packet);
  }

  #closed(cause?: Error): ViciError {
    const where = this.#deframer.held > 0 ? `${this.#path} in the middle of a frame` : this.#path;
    const options = cause === undefined ? {} : { cause };
    return new ViciError('VICI_CLOSED', `charon closed the VICI connection ${where}`, options);
  }

  #garbage(cause: unknown): ViciError {
    const text = cause instanceof Error ? cause.message : String(cause);
    const way = 'the connection was closed; is this the VICI socket of charon?';
    return new ViciError('VICI_PROTOCOL', `${this.#path} sent garbage: ${text}; ${way}`, { cause });
  }

  #unexpected(what: string): ViciError {
    const why = 'the connection was closed, because answers can no longer be told apart';
    return new ViciError('VICI_PROTOCOL', `${this.#path} sent ${what}; ${why}`);
  }
}
