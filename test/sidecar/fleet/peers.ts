/** Other gateways, well-behaved and scripted ones, on loopback. */
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { NO_LOAD, type FleetPrefix, type FleetWord } from '../../../sidecar/fleet/word.ts';

export const V4 = '192.0.2.1/32';

export const prefixWord = (more: Partial<FleetPrefix> = {}): FleetPrefix => ({
  prefix: V4,
  state: 'announced',
  class: null,
  preference: null,
  yielding: false,
  acknowledged: true,
  ...more,
});

export const wordFrom = (gateway: string, more: Partial<FleetWord> = {}): FleetWord => ({
  gateway,
  version: '0.1.0',
  state: 'announced',
  prefixes: [prefixWord()],
  drain: null,
  load: NO_LOAD,
  set_up: {},
  ...more,
});

export class Peers {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  /** Says `word()` to whoever asks. Resolves with its url. */
  async gateway(word: () => FleetWord, tls?: ServerOptions): Promise<string> {
    return await this.http((_, response) => response.end(JSON.stringify(word())), tls);
  }

  async http(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    tls?: ServerOptions,
  ): Promise<string> {
    const server = tls === undefined ? createHttp(answer) : createHttps(tls, answer);
    return `http${tls === undefined ? '' : 's'}://127.0.0.1:${await this.#listen(server)}`;
  }

  /** Raw bytes: `script` is called with each connection once its request has arrived. */
  async raw(script: (socket: Socket) => void): Promise<string> {
    const server = createTcp((socket) => void socket.on('data', () => script(socket)));
    return `http://127.0.0.1:${await this.#listen(server)}`;
  }

  /** Nobody listens there. */
  async nobody(): Promise<string> {
    const server = createTcp();
    const port = await this.#listen(server);
    await new Promise((resolve) => server.close(resolve));
    return `http://127.0.0.1:${port}`;
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen(server: Server): Promise<number> {
    this.#servers.push(server);
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      // Clients hang up on answers they do not want.
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }
}

const BODY = JSON.stringify(wordFrom('gw2'));

/** An answer as it stands on the wire. */
export const wire = (body: string = BODY, status = '200 OK', headers = ''): string =>
  `HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
