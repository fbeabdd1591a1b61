/**
 * A BGP neighbor that only listens: answers OPEN and KEEPALIVE, keeps what it is told, with the time of every
 * UPDATE. RFC 4271 for the messages, 4760 for IPv6, 6793 for four-byte AS numbers, 1997, 8092, 4360 and 5668 for
 * communities, 7911 for path identifiers.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { monotonic } from './lease-holder.ts';

export interface HeardRoute {
  readonly prefix: string;
  readonly nextHop: string;
  readonly asPath: readonly number[];
  readonly med?: number;
  readonly localPreference?: number;
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
  /** "target:65000:100"; absent without any. */
  readonly extendedCommunities?: readonly string[];
  /** Absent on a session without path identifiers. */
  readonly pathId?: number;
}

export interface HeardUpdate {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly announced: readonly HeardRoute[];
  readonly withdrawn: readonly string[];
}

export interface BgpListenerOptions {
  /** Without it the kernel gives one. */
  readonly port?: number;
  readonly routeRefresh?: boolean;
  readonly gracefulRestart?: boolean;
  /** Takes several paths of a prefix. */
  readonly addPath?: boolean;
}

export class BgpListener {
  /** What stands now; empty when no session is up. */
  readonly routes = new Map<string, HeardRoute>();
  readonly updates: HeardUpdate[] = [];
  /** Monotonic times at which a session ended. */
  readonly closes: number[] = [];
  /** How many sessions came up. */
  sessions = 0;
  /** Accept connections and say nothing. */
  mute = false;
  readonly #as: number;
  readonly #options: BgpListenerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #established = new WeakSet<Socket>();
  readonly #heard = new Set<() => void>();

  private constructor(as: number, options: BgpListenerOptions) {
    this.#as = as;
    this.#options = options;
    this.#server = createServer((socket) => this.#onSession(socket));
  }

  static async listen(host: string, as: number, options: BgpListenerOptions = {}): Promise<BgpListener> {
    const listener = new BgpListener(as, options);
    listener.#server.listen(options.port ?? 0, host);
    await once(listener.#server, 'listening');
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#heard.add(resolve));
  }

  /** Ends all sessions; the listener stays. */
  reset(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #onSession(socket: Socket): void {
    let buffer = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.routes.clear();
      this.closes.push(monotonic());
      this.#wake();
    });
    socket.on('data', (chunk: Buffer) => {
      const at = monotonic();
      buffer = Buffer.concat([buffer, chunk]);
      while (buffer.length >= 19 && buffer.length >= buffer.readUInt16BE(16)) {
        const length = buffer.readUInt16BE(16);
        this.#onMessage(socket, buffer.readUInt8(18), buffer.subarray(19, length), at);
        buffer = buffer.subarray(length);
      }
      this.#wake();
    });
  }

  #onMessage(socket: Socket, type: number, body: Buffer, at: number): void {
    if (type === 1 && !this.mute) {
      socket.write(Buffer.concat([message(1, openBody(this.#as, this.#options)), message(4)]));
    } else if (type === 4) {
      if (!this.#established.has(socket)) {
        this.#established.add(socket);
        this.sessions += 1;
      }
      socket.write(message(4));
    } else if (type === 2) {
      const update = parseUpdate(body, at, this.#options.addPath === true);
      // An empty one is End-of-RIB (RFC 4724).
      if (update.announced.length + update.withdrawn.length === 0) return;
      this.updates.push(update);
      for (const prefix of update.withdrawn) this.routes.delete(prefix);
      for (const route of update.announced) this.routes.set(route.prefix, route);
    }
  }

  #wake(): void {
    for (const wake of this.#heard) wake();
    this.#heard.clear();
  }
}

function message(type: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(19, 0xff);
  header.writeUInt16BE(19 + body.length, 16);
  header.writeUInt8(type, 18);
  return Buffer.concat([header, body]);
}

function openBody(as: number, { routeRefresh, gracefulRestart, addPath }: BgpListenerOptions): Buffer {
  const as4 = Buffer.alloc(4);
  as4.writeUInt32BE(as);
  const capabilities = Buffer.concat([
    Buffer.from([1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1]),
    ...(routeRefresh === true ? [Buffer.from([2, 0, 70, 0])] : []),
    // Restart time 120 s; IPv4 unicast with its forwarding state kept (RFC 4724 section 3).
    ...(gracefulRestart === true ? [Buffer.from([64, 6, 0, 120, 0, 1, 1, 0x80])] : []),
    // "Receive" for both families (RFC 7911 section 4).
    ...(addPath === true ? [Buffer.from([69, 8, 0, 1, 1, 1, 0, 2, 1, 1])] : []),
    Buffer.from([65, 4]),
    as4,
  ]);
  const fixed = Buffer.from([
    4,
    0,
    0,
    0,
    90,
    10,
    99,
    99,
    99,
    capabilities.length + 2,
    2,
    capabilities.length,
  ]);
  fixed.writeUInt16BE(as > 0xffff ? 23456 : as, 1);
  return Buffer.concat([fixed, capabilities]);
}

function parseUpdate(body: Buffer, at: number, addPath: boolean): HeardUpdate {
  const withdrawnLength = body.readUInt16BE(0);
  const withdrawn = prefixes(body.subarray(2, 2 + withdrawnLength), 4, addPath).map(({ prefix }) => prefix);
  const attributesLength = body.readUInt16BE(2 + withdrawnLength);
  const start = 4 + withdrawnLength;
  const nlri = prefixes(body.subarray(start + attributesLength), 4, addPath);
  const route = {
    nextHop: '',
    asPath: [] as number[],
    communities: [] as string[],
    largeCommunities: [] as string[],
  };
  const optional: { med?: number; localPreference?: number; extendedCommunities?: string[] } = {};
  const announced: HeardRoute[] = [];
  const reach: (Nlri & { readonly nextHop: string })[] = [];
  let rest = body.subarray(start, start + attributesLength);
  while (rest.length > 0) {
    const extended = (rest.readUInt8(0) & 0x10) !== 0;
    const type = rest.readUInt8(1);
    const length = extended ? rest.readUInt16BE(2) : rest.readUInt8(2);
    const from = extended ? 4 : 3;
    const value = rest.subarray(from, from + length);
    rest = rest.subarray(from + length);
    if (type === 2) {
      for (let at = 2; at + 4 <= value.length; at += 4) route.asPath.push(value.readUInt32BE(at));
    } else if (type === 3) route.nextHop = [...value].join('.');
    else if (type === 4) optional.med = value.readUInt32BE(0);
    else if (type === 5) optional.localPreference = value.readUInt32BE(0);
    else if (type === 8) {
      for (let at = 0; at < value.length; at += 4) {
        route.communities.push(`${value.readUInt16BE(at)}:${value.readUInt16BE(at + 2)}`);
      }
    } else if (type === 32) {
      for (let at = 0; at < value.length; at += 12) {
        route.largeCommunities.push([0, 4, 8].map((part) => value.readUInt32BE(at + part)).join(':'));
      }
    } else if (type === 16) {
      optional.extendedCommunities = Array.from({ length: value.length / 8 }, (_, n) =>
        extendedCommunity(value.subarray(n * 8, n * 8 + 8)),
      );
    } else if (type === 14) {
      const hopLength = value.readUInt8(3);
      const nextHop = ipv6(value.subarray(4, 20));
      const named = prefixes(value.subarray(4 + hopLength + 1), 16, addPath);
      reach.push(...named.map((each) => ({ ...each, nextHop })));
    } else if (type === 15) {
      withdrawn.push(...prefixes(value.subarray(3), 16, addPath).map(({ prefix }) => prefix));
    }
  }
  for (const named of nlri) announced.push({ ...named, ...route, ...optional });
  for (const named of reach) announced.push({ ...route, ...optional, ...named });
  return { at, announced, withdrawn };
}

interface Nlri {
  readonly prefix: string;
  readonly pathId?: number;
}

function prefixes(buffer: Buffer, size: 4 | 16, addPath: boolean): Nlri[] {
  const found: Nlri[] = [];
  for (let at = 0; at < buffer.length;) {
    const path = addPath ? { pathId: buffer.readUInt32BE(at) } : {};
    if (addPath) at += 4;
    const bits = buffer.readUInt8(at);
    const bytes = Math.ceil(bits / 8);
    const address = Buffer.alloc(size);
    buffer.copy(address, 0, at + 1, at + 1 + bytes);
    found.push({ prefix: `${size === 4 ? [...address].join('.') : ipv6(address)}/${bits}`, ...path });
    at += 1 + bytes;
  }
  return found;
}

/** AS of two bytes (RFC 4360) or of four (RFC 5668). */
function extendedCommunity(bytes: Buffer): string {
  const kind = { 2: 'target', 3: 'origin' }[bytes.readUInt8(1)] ?? 'other';
  return bytes.readUInt8(0) === 2
    ? `${kind}:${bytes.readUInt32BE(2)}:${bytes.readUInt16BE(6)}`
    : `${kind}:${bytes.readUInt16BE(2)}:${bytes.readUInt32BE(4)}`;
}

/** The eight groups, with the longest run of zeros as "::" (RFC 5952). */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(
    ':',
  );
  const longest = (groups.match(/(^|:)0(:0)+(:|$)/g) ?? []).sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? groups : groups.replace(longest, '::');
}
