/**
 * One probe of one UDP port: sends, waits, sends again, and in the end asks the receiver thread too.
 *
 *   0          worker probe ──► answer: `worker`     COOKIE: again with the cookie (RFC 7296 section 2.6)
 *   tryMs      the same bytes again (a full socket buffer may have dropped the first)
 *   2 · tryMs  receiver probe ──► answer: `receiver`, the workers are stuck
 *   3 · tryMs  `silent`
 *
 * COOKIE comes from the receiver thread, as a defence against floods. A client that answers it is served by a
 * worker, so a probe that answers it tells a busy gateway from a stuck one: after COOKIE only a worker's answer is
 * worth `worker`, and without one it is `overloaded`.
 *
 * A connected socket: the kernel drops what others send and hands us the ICMP "port unreachable".
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { isIPv6 } from 'node:net';
import { OUR_LACKS } from '../down.ts';
import { setTimer as systemTimer, type SetTimer } from '../seams.ts';
import {
  encodeReceiverProbe,
  encodeWorkerProbe,
  KEY_BYTES,
  NON_ESP_MARKER,
  NONCE_BYTES,
  notifyName,
  readAnswer,
  SPI_BYTES,
} from './sa-init.ts';

export type ProbeOutcome =
  /** A worker has looked at it. */
  | { readonly kind: 'worker'; readonly answer: string; readonly ms: number }
  /** The receiver thread asked for a cookie, got it, and no worker answered. */
  | { readonly kind: 'overloaded' }
  /** Only the receiver thread answers. */
  | { readonly kind: 'receiver' }
  | { readonly kind: 'silent' }
  /** ICMP port unreachable. */
  | { readonly kind: 'refused' }
  /** This host cannot send from or to that address. */
  | { readonly kind: 'no-address'; readonly detail: string }
  /** This host has no descriptor or memory left to ask with: nothing is known. */
  | { readonly kind: 'exhausted'; readonly detail: string }
  /** This host does not let the packet out (EPERM: a packet filter). */
  | { readonly kind: 'blocked'; readonly detail: string };

export interface ProbeTarget {
  readonly address: string;
  readonly port: number;
  /** With the four zero bytes in front, as on port 4500. */
  readonly marker: boolean;
  /** Sends from this address; undefined: the kernel chooses, for a local address that one itself. */
  readonly source?: string | undefined;
}

export interface ProbeTimes {
  readonly tryMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly setTimer?: SetTimer;
}

/** How often a cookie is demanded and sent back: the second time in case charon's secret changed in between. */
const COOKIE_ROUNDS = 2;

/** Probes once. Expected failures are outcomes; rejects only when the signal ends it, with its reason. */
export async function probePort(
  target: ProbeTarget,
  times: ProbeTimes,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<ProbeOutcome>();
  const socket = createSocket({ type: isIPv6(target.address) ? 'udp6' : 'udp4' });
  const exchange = new Exchange(socket, target, times, resolve);
  const onAbort = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    exchange.begin();
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    exchange.end();
  }
}

class Exchange {
  readonly #socket: Socket;
  readonly #target: ProbeTarget;
  readonly #times: ProbeTimes;
  readonly #resolve: (outcome: ProbeOutcome) => void;
  readonly #setTimer: SetTimer;
  readonly #material = {
    spi: freshSpi(),
    nonce: randomBytes(NONCE_BYTES),
    key: randomBytes(KEY_BYTES),
  };
  readonly #receiverSpi = freshSpi();
  readonly #begun: number;
  #cookie: Buffer | undefined;
  #cookies = 0;
  #cancel: (() => void) | undefined;
  #ended = false;

  constructor(
    socket: Socket,
    target: ProbeTarget,
    times: ProbeTimes,
    resolve: (outcome: ProbeOutcome) => void,
  ) {
    this.#socket = socket;
    this.#target = target;
    this.#times = times;
    this.#resolve = resolve;
    this.#setTimer = times.setTimer ?? systemTimer;
    this.#begun = times.now();
  }

  begin(): void {
    const { address, port, source } = this.#target;
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#resolve(outcomeOf(error));
    });
    this.#socket.on('message', (bytes) => {
      this.#receive(bytes);
    });
    this.#socket.on('connect', () => {
      this.#send(1);
    });
    const connect = (): void => {
      if (!this.#ended) this.#socket.connect(port, address);
    };
    if (source === undefined) connect();
    else this.#socket.bind({ address: source, port: 0, exclusive: true }, connect);
  }

  end(): void {
    this.#ended = true;
    this.#cancel?.();
    this.#cancel = undefined;
    // An error may still be on its way; after the outcome nobody wants it.
    this.#socket.removeAllListeners('error').on('error', () => undefined);
    this.#socket.close();
  }

  /** Send number 1, 2: the worker probe. 3: the receiver probe. 4: nothing came. */
  #send(attempt: number): void {
    if (this.#ended) return;
    if (attempt > 3) {
      // When this process was late itself, the answer may lie in the socket: it is read before this runs.
      setImmediate(() => {
        this.#resolve({ kind: this.#cookies > 0 ? 'overloaded' : 'silent' });
      });
      return;
    }
    this.#transmit(
      attempt < 3 ? encodeWorkerProbe(this.#material, this.#cookie) : encodeReceiverProbe(this.#receiverSpi),
    );
    this.#cancel?.();
    this.#cancel = this.#setTimer(this.#times.tryMs, () => {
      this.#send(attempt + 1);
    });
  }

  #transmit(bytes: Buffer): void {
    const packet = this.#target.marker ? Buffer.concat([NON_ESP_MARKER, bytes]) : bytes;
    this.#socket.send(packet, (error) => {
      if (error !== null && !this.#ended) this.#resolve(outcomeOf(error));
    });
  }

  #receive(datagram: Buffer): void {
    const bytes = this.#withoutMarker(datagram);
    if (bytes === undefined || this.#ended) return;
    const ms = this.#times.now() - this.#begun;
    const answer = readAnswer(bytes, this.#material.spi);
    switch (answer.kind) {
      case 'answered':
        this.#resolve({ kind: 'worker', answer: notifyName(answer.notify), ms });
        return;
      case 'cookie':
        this.#cookies += 1;
        if (this.#cookies > COOKIE_ROUNDS) {
          this.#resolve({ kind: 'overloaded' });
          return;
        }
        this.#cookie = answer.cookie;
        this.#transmit(encodeWorkerProbe(this.#material, answer.cookie));
        return;
      case 'foreign':
        if (readAnswer(bytes, this.#receiverSpi).kind === 'answered') {
          this.#resolve({ kind: this.#cookies > 0 ? 'overloaded' : 'receiver' });
        }
        return;
      default:
        answer satisfies never;
    }
  }

  #withoutMarker(datagram: Buffer): Buffer | undefined {
    if (!this.#target.marker) return datagram;
    const length = NON_ESP_MARKER.length;
    return datagram.subarray(0, length).equals(NON_ESP_MARKER) ? datagram.subarray(length) : undefined;
  }
}

/** 0 would mean "no SPI" (RFC 7296 section 3.1). */
function freshSpi(): Buffer {
  const spi = randomBytes(SPI_BYTES);
  if (spi[0] === 0) spi[0] = 1;
  return spi;
}

function outcomeOf(error: NodeJS.ErrnoException): ProbeOutcome {
  const detail = error.code ?? error.message;
  if (OUR_LACKS.has(error.code)) return { kind: 'exhausted', detail };
  switch (error.code) {
    case 'ECONNREFUSED':
      return { kind: 'refused' };
    case 'EADDRNOTAVAIL':
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ENETDOWN':
    case 'EAFNOSUPPORT':
      return { kind: 'no-address', detail };
    default:
      return { kind: 'blocked', detail };
  }
}

/**
 * Whether packets to this address stay on this host. If not, a probe could be answered by another gateway
 * that announces the same prefix, and would prove nothing about this one. Undefined: nothing left to find out with.
 */
export async function isLocal(address: string, signal: AbortSignal): Promise<boolean | undefined> {
  signal.throwIfAborted();
  const wanted = canonical(address);
  const own = interfaceAddresses();
  if (own === undefined) return undefined;
  if (own.some((each) => canonical(each.address) === wanted)) return true;
  // A whole prefix may be routed to this host (`ip route add local`); then the kernel would send from it.
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' });
  const { promise, resolve, reject } = Promise.withResolvers<boolean | undefined>();
  const onAbort = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      resolve(OUR_LACKS.has(error.code) ? undefined : false);
    });
    socket.on('connect', () => {
      resolve(canonical(socket.address().address) === wanted);
    });
    socket.connect(9, address);
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.close();
  }
}

/** getifaddrs(3) needs a descriptor, and throws without one. */
function interfaceAddresses(): NetworkInterfaceInfo[] | undefined {
  try {
    return Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  } catch {
    return undefined;
  }
}

/** One spelling for one address. */
const canonical = (address: string): string =>
  isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
