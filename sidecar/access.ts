/**
 * Who may read on the TCP listener: whoever shows the token, or a certificate of the configured authority, or
 * everybody when neither is configured. /healthz and /readyz stay open: load balancers ask them, and they say
 * nothing that a routing table does not say.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { Server as TlsServer, TLSSocket } from 'node:tls';
import type { HttpConfig } from './config/config.ts';
import { readKey, readPem, tokenFiles, tokenOf, tryTls } from './credentials.ts';
import { Reread } from './reread.ts';
import type { Reply } from './routes.ts';

/** What the listener shows, and whose certificates it takes; PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

const OPEN_PATHS: readonly string[] = ['/healthz', '/readyz'];

export interface AccessLog {
  info(text: string): void;
  warn(text: string): void;
}

export class Access {
  readonly #tls: Reread<ServerTls> | undefined;
  /** Hashed, so that all tokens are of one length to compare. */
  readonly #token: Reread<Buffer> | undefined;
  readonly #wantsCertificate: boolean;
  #listener: TlsServer | undefined;

  /** Reads the files; start() sees to it that they are read again. */
  constructor(config: HttpConfig, log: AccessLog) {
    const { tls } = config;
    const onProblem = (text: string): void => log.warn(`${text}; going on with what was read before`);
    this.#wantsCertificate = tls?.clientCaFile !== undefined;
    const hasToken = config.tokenFile !== undefined || config.tokenCredential !== undefined;
    this.#token = hasToken
      ? new Reread({
          files: tokenFiles(config),
          make: () => hashed(tokenOf(config, 'http') ?? ''),
          onChange: () => log.info('the token of the section http is another one from now on'),
          onProblem,
        })
      : undefined;
    this.#tls =
      tls &&
      new Reread({
        files: Object.values(tls),
        make: () => readServerTls(tls),
        onChange: (renewed) => {
          this.#listener?.setSecureContext(renewed);
          log.info('the certificate files of http.tls were read again');
        },
        onProblem,
      });
  }

  /** Undefined: plain HTTP. */
  get tls(): ServerTls | undefined {
    return this.#tls?.value;
  }

  /** Why nobody can be let in. */
  get problem(): string | undefined {
    return [this.#token, this.#tls].find((each) => each !== undefined && each.value === undefined)?.problem;
  }

  /** Connections from now on are shown what the files hold then; those that are open stay. */
  start(listener: NetServer): void {
    if (listener instanceof TlsServer) this.#listener = listener;
    this.#token?.start();
    this.#tls?.start();
    listener.once('close', () => {
      this.#token?.close();
      this.#tls?.close();
    });
  }

  /** Reads the files again if they changed. */
  async look(): Promise<void> {
    await this.#token?.look();
    await this.#tls?.look();
  }

  /** Undefined: let in. */
  refusal(request: IncomingMessage): Reply | undefined {
    if (OPEN_PATHS.includes(request.url?.split('?')[0] ?? '')) return undefined;
    if (this.#wantsCertificate && !(request.socket instanceof TLSSocket && request.socket.authorized)) {
      return refused(403, 'a client certificate of http.tls.client_ca_file is expected\n');
    }
    if (this.#token === undefined || isBearer(request.headers.authorization, this.#token.value)) {
      return undefined;
    }
    return {
      ...refused(401, 'the token of http.token_file is expected: Authorization: Bearer TOKEN\n'),
      challenge: 'Bearer realm="swancast"',
    };
  }
}

const refused = (status: number, body: string): Reply => ({
  status,
  type: 'text/plain; charset=utf-8',
  body,
});

function isBearer(header: string | undefined, expected: Buffer | undefined): boolean {
  const shown = /^bearer +(?<token>\S+) *$/iu.exec(header ?? '')?.groups?.['token'];
  return shown !== undefined && expected !== undefined && timingSafeEqual(hashed(shown), expected);
}

const hashed = (token: string): Buffer => createHash('sha256').update(token).digest();

function readServerTls({
  certificateFile,
  keyFile,
  clientCaFile,
}: NonNullable<HttpConfig['tls']>): ServerTls {
  const certificate = readPem(certificateFile, 'http.tls.certificate_file');
  const key = readKey(keyFile, 'http.tls.key_file');
  const ca = clientCaFile === undefined ? undefined : readPem(clientCaFile, 'http.tls.client_ca_file');
  tryTls({ certificate, key, ...(ca === undefined ? {} : { ca }) }, 'http.tls');
  return { cert: certificate, key, ...(ca === undefined ? {} : { ca }) };
}
