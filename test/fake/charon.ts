/**
 * DOC: a scripted charon on our own codec: a VICI socket that answers what it was told to, like charon
 * (5.9.8) or as badly as a test needs.
 *
 *   const charon = await FakeCharon.listen(join(directory, 'vici.sock'));
 *   charon.on('version', () => ({ daemon: 'charon' }));
 *   charon.on('list-sas', () => [first, second]);          // streamed: one list-sa event each
 *   charon.emit('ike-updown', { up: 'yes', ra: {} });      // to every connection that registered it
 *   charon.hang(); charon.resume();                        // workers stuck: accepts, answers late
 *   charon.closeAll();                                     // EOF on every connection
 *   await charon.crash();                                  // SIGKILL: EOF, then connection refused
 *   await charon.stop();                                   // EOF, and the socket file is gone
 *
 * Names nobody set with `on` are unknown commands; events not in `events` are unknown events.
 */
import { renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { streamEvent, VICI_EVENTS, STREAM_EVENTS } from '../../health/vici/commands.ts';
import {
  decodePacket,
  Deframer,
  encodePacket,
  frame,
  type Message,
  type Packet,
} from '../../health/vici/index.ts';

/** One answer as bytes that are sent as they are: the frames of a whole stream, or garbage. */
export interface Raw {
  readonly raw: Buffer;
}
/** A list is streamed by the command's event; undefined: no answer at all, this time. */
export type Reply = Message | readonly Message[] | Raw | undefined;
export type Handler = (args: Message, client: FakeClient) => Reply | Promise<Reply>;

/** One connection, as charon sees it. */
export class FakeClient {
  readonly registered = new Set<string>();
  readonly socket: Socket;
  readonly #charon: FakeCharon;

  constructor(charon: FakeCharon, socket: Socket) {
    this.#charon = charon;
    this.socket = socket;
  }

  send(packet: Packet): void {
    this.write(frame(encodePacket(packet)));
  }

  /** Bytes as they are: garbage, a part of a frame. */
  write(bytes: Buffer): void {
    this.#charon.deliver(this.socket, bytes);
  }
}

export class FakeCharon {
  readonly path: string;
  /** Commands and registrations as they came: `version`, `+ike-updown`, `-list-sa`. */
  readonly requests: string[] = [];
  /** The events it knows; 5.9.8 has no `alert`. */
  readonly events = new Set<string>([
    ...VICI_EVENTS.filter((event) => event !== 'alert'),
    ...Object.values(STREAM_EVENTS),
    'log',
    'control-log',
  ]);
  readonly clients = new Set<FakeClient>();
  /** Sizes that what it writes is cut into, in turn and over again; empty: written as it is. */
  split: readonly number[] = [];
  readonly #server: Server;
  readonly #handlers = new Map<string, Handler>();
  #held: (() => void)[] | undefined;
  #waiting: { readonly done: () => boolean; readonly wake: () => void }[] = [];

  /** Listens on a unix socket at `path`, over a file that another one left there, as charon does. */
  static async listen(path: string): Promise<FakeCharon> {
    const charon = new FakeCharon(path);
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      charon.#server.once('error', reject);
      charon.#server.listen(path, resolve);
    });
    return charon;
  }

  private constructor(path: string) {
    this.path = path;
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
  }

  /** How many connections are open. */
  get connections(): number {
    return this.clients.size;
  }

  /** What to answer to a command. */
  on(command: string, handler: Handler): this {
    this.#handlers.set(command, handler);
    return this;
  }

  /** Sends an event to every connection that registered it; gives their number. */
  emit(event: string, message: Message): number {
    let reached = 0;
    for (const client of this.clients) {
      if (!client.registered.has(event)) continue;
      client.send({ type: 'event', name: event, message });
      reached += 1;
    }
    return reached;
  }

  /** From now on nothing is sent: all of it waits for `resume`. New connections are still accepted. */
  hang(): void {
    this.#held ??= [];
  }

  /** Sends what waited, in order, and answers again. */
  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const send of held) send();
  }

  /** EOF on every connection; it goes on listening. */
  closeAll(): void {
    for (const client of this.clients) client.socket.destroy();
  }

  /** Half a frame on every connection, then EOF. */
  drop(): void {
    const whole = frame(encodePacket({ type: 'command-response', message: { daemon: 'charon' } }));
    for (const { socket } of this.clients) {
      socket.end(whole.subarray(0, whole.length / 2));
    }
  }

  /** Closes every connection and stops listening: a connect now finds no socket. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.closeAll();
    await closed;
  }

  /** As SIGKILL does: EOF on every connection, and the file stays, so that a connect is refused. */
  async crash(): Promise<void> {
    const aside = `${this.path}.aside`;
    renameSync(this.path, aside); // or else Node removes the file when it stops listening
    await this.stop();
    renameSync(aside, this.path);
  }

  /** Resolves once `done` holds; looked at after each packet, connect and close. */
  until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((wake) => this.#waiting.push({ done, wake }));
  }

  /** Writes now, in pieces, or after `resume`. */
  deliver(socket: Socket, bytes: Buffer): void {
    if (this.#held !== undefined) {
      this.#held.push(() => {
        this.deliver(socket, bytes);
      });
      return;
    }
    for (let at = 0, n = 0; at < bytes.length && !socket.destroyed; n += 1) {
      const size = this.split[n % this.split.length] ?? bytes.length;
      socket.write(bytes.subarray(at, at + size));
      at += size;
    }
  }

  #accept(socket: Socket): void {
    const client = new FakeClient(this, socket);
    const deframer = new Deframer();
    let turn = Promise.resolve();
    this.clients.add(client);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      // charon answers the packets of one connection one after the other.
      for (const body of deframer.push(chunk)) {
        turn = turn.then(() => this.#answer(client, decodePacket(body)));
      }
      if (deframer.failure !== undefined) socket.destroy(); // as charon does with a frame too large
    });
    socket.on('error', () => undefined); // a client that went away is no error of a test
    socket.on('close', () => {
      this.clients.delete(client);
      this.#look();
    });
    this.#look();
  }

  async #answer(client: FakeClient, packet: Packet): Promise<void> {
    switch (packet.type) {
      case 'command-request':
        this.requests.push(packet.name);
        await this.#command(client, packet.name, packet.message);
        break;
      case 'event-register':
      case 'event-unregister': {
        const known = this.events.has(packet.name);
        const on = packet.type === 'event-register';
        this.requests.push(`${on ? '+' : '-'}${packet.name}`);
        if (known && on) client.registered.add(packet.name);
        if (!on) client.registered.delete(packet.name);
        client.send({ type: known ? 'event-confirm' : 'event-unknown' });
        this.#look();
        break;
      }
      default:
        client.socket.destroy(); // charon hangs up on a packet that only it may send
    }
  }

  async #command(client: FakeClient, name: string, args: Message): Promise<void> {
    const handler = this.#handlers.get(name);
    if (handler === undefined) {
      client.send({ type: 'command-unknown' });
      this.#look();
      return;
    }
    const replying = handler(args, client);
    this.#look();
    const reply = await replying;
    if (reply === undefined) return;
    if (isRaw(reply)) {
      client.write(reply.raw);
    } else if (isList(reply)) {
      const event = streamEvent(name);
      if (event === undefined) throw new Error(`fake charon: ${name} does not stream`);
      if (client.registered.has(event)) {
        for (const message of reply) client.send({ type: 'event', name: event, message });
      }
      client.send({ type: 'command-response', message: {} });
    } else {
      client.send({ type: 'command-response', message: reply });
    }
  }

  #look(): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ done }) => !done());
    for (const each of waiting) if (!this.#waiting.includes(each)) each.wake();
  }
}

function isRaw(reply: Message | readonly Message[] | Raw): reply is Raw {
  return 'raw' in reply && Buffer.isBuffer(reply.raw);
}

function isList(reply: Message | readonly Message[] | Raw): reply is readonly Message[] {
  return Array.isArray(reply);
}
