/**
 * DOC: a scripted IKE responder on loopback: answers IKE_SA_INIT requests as charon does, or as badly as a
 * test needs. Builds its answers byte by byte on its own, so that it does not share the mistakes of the
 * codec under test.
 *
 *   const ike = await IkeResponder.listen('127.0.0.1');        // any free UDP port
 *   ike.answer = (request) => ike.notify(request, 14);         // NO_PROPOSAL_CHOSEN
 *   ike.answer = () => undefined;                              // silence
 *
 * `requests` keeps what came, each with the non-ESP marker cut off when `marker` is set.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface IkeRequest {
  readonly bytes: Buffer;
  readonly spi: Buffer;
  /** 2 for IKEv2. */
  readonly majorVersion: number;
  /** The cookie that was sent back, if the first payload is N(COOKIE). */
  readonly cookie: Buffer | undefined;
}

/** Bytes to send back, several datagrams, or nothing. */
export type IkeAnswer = Buffer | readonly Buffer[] | undefined;

const NOTIFY = 41;
const COOKIE = 16390;
const INVALID_MAJOR_VERSION = 5;
const NO_PROPOSAL_CHOSEN = 14;

export class IkeResponder {
  readonly requests: IkeRequest[] = [];
  /** How it answers; at first as a healthy charon does. */
  answer: (request: IkeRequest) => IkeAnswer = (request) => this.healthy(request);
  /** Whether the four zero bytes are expected and sent, as on port 4500. */
  marker = false;
  readonly #socket: Socket;
  #waiting: (() => void)[] = [];

  static async listen(address: string): Promise<IkeResponder> {
    const responder = new IkeResponder(address.includes(':') ? 'udp6' : 'udp4');
    responder.#socket.bind(0, address);
    await once(responder.#socket, 'listening');
    return responder;
  }

  private constructor(type: 'udp4' | 'udp6') {
    this.#socket = createSocket(type);
    this.#socket.on('message', (datagram, from) => {
      this.#receive(datagram, from);
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }

  /** Resolves when that many requests have come. */
  async until(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise<void>((wake) => this.#waiting.push(wake));
  }

  /** The receiver thread refuses version 3, a worker refuses the proposal. */
  healthy(request: IkeRequest): Buffer {
    return this.notify(request, request.majorVersion > 2 ? INVALID_MAJOR_VERSION : NO_PROPOSAL_CHOSEN);
  }

  /** All workers are stuck: only the receiver thread answers. */
  stuck(request: IkeRequest): Buffer | undefined {
    return request.majorVersion > 2 ? this.notify(request, INVALID_MAJOR_VERSION) : undefined;
  }

  /** An answer with one notify payload. */
  notify({ spi }: IkeRequest, type: number, data: Buffer = Buffer.alloc(0)): Buffer {
    const payload = Buffer.alloc(8 + data.length); // next payload, critical, length, protocol, SPI size, type
    payload.writeUInt16BE(payload.length, 2);
    payload.writeUInt16BE(type, 6);
    data.copy(payload, 8);
    return answerTo(spi, NOTIFY, payload);
  }

  cookie(request: IkeRequest, cookie: Buffer): Buffer {
    return this.notify(request, COOKIE, cookie);
  }

  #receive(datagram: Buffer, from: RemoteInfo): void {
    const bytes = this.marker ? datagram.subarray(4) : datagram;
    const request = {
      bytes,
      spi: Buffer.from(bytes.subarray(0, 8)),
      majorVersion: (bytes[17] ?? 0) >> 4,
      cookie: cookieOf(bytes),
    };
    this.requests.push(request);
    const answer = this.answer(request);
    const answers = answer === undefined ? [] : Buffer.isBuffer(answer) ? [answer] : answer;
    for (const each of answers) {
      this.#socket.send(this.marker ? Buffer.concat([Buffer.alloc(4), each]) : each, from.port, from.address);
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

function answerTo(spi: Buffer, firstPayload: number, payloads: Buffer): Buffer {
  const header = Buffer.alloc(28);
  spi.copy(header);
  header[16] = firstPayload;
  header[17] = 0x20; // version 2.0
  header[18] = 34; // IKE_SA_INIT
  header[19] = 0x20; // response, from the responder
  header.writeUInt32BE(28 + payloads.length, 24);
  return Buffer.concat([header, payloads]);
}

function cookieOf(bytes: Buffer): Buffer | undefined {
  if (bytes[16] !== NOTIFY || bytes.length < 36 || bytes.readUInt16BE(34) !== COOKIE) return undefined;
  return Buffer.from(bytes.subarray(36, 28 + bytes.readUInt16BE(30)));
}
