/** Servers on loopback and a certificate for them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const none = new AbortController().signal;

/** A key and a self-signed certificate, made by openssl, for this name and for 127.0.0.1. */
export function selfSigned(name: string): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'swancast-cert-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    words.push('-days', '30', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`);
    execFileSync('openssl', [...words, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Servers that a test started; close() ends them and every connection. */
export class Servers {
  readonly #servers: (Server | HttpServer)[] = [];

  async http(listener: RequestListener, host = '127.0.0.1'): Promise<number> {
    return this.#listen(createHttp(listener), host);
  }

  async https(listener: RequestListener, tls: { key: string; cert: string }): Promise<number> {
    return this.#listen(createHttps(tls, listener), '127.0.0.1');
  }

  /** Accepts and says nothing. */
  async mute(): Promise<number> {
    const server = createTcp((socket) => {
      socket.on('error', () => undefined);
      this.#ends.push(() => socket.destroy());
    });
    return this.#listen(server, '127.0.0.1');
  }

  /** A port on which nobody listens. */
  async nobody(): Promise<number> {
    const server = createTcp();
    const port = await this.#listen(server, '127.0.0.1');
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  readonly #ends: (() => void)[] = [];

  close(): void {
    for (const end of this.#ends) end();
    for (const server of this.#servers) {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
    }
  }

  async #listen(server: Server | HttpServer, host: string): Promise<number> {
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, host, resolve);
    });
    return (server.address() as AddressInfo).port;
  }
}
