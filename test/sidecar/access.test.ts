/** Who may read on the TCP listener, over real connections. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Access } from '../../sidecar/access.ts';
import type { HttpConfig } from '../../sidecar/config/config.ts';
import { HttpError, serve, type Listener } from '../../sidecar/http.ts';
import { Metrics } from '../../sidecar/metrics.ts';
import { deskFor } from './check-desk.fixture.ts';
import { Authority, type Issued } from './fleet/authority.ts';
import { fleetViewsFor } from './fleet-views.fixture.ts';
import { Scenario } from './scenario.ts';
import { statusFor } from './status.fixture.ts';

let directory: string;
let servers: Listener[];
let log: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swancast-access-'));
  servers = [];
  log = [];
});
afterEach(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(directory, { recursive: true });
});

const at = (name: string): string => join(directory, name);
function write(name: string, text: string): void {
  writeFileSync(at(`${name}.new`), text, { mode: 0o600 });
  renameSync(at(`${name}.new`), at(name));
}

const status = (): ReturnType<typeof statusFor> => statusFor(new Scenario().guard({}).healthy(1000));

async function start(config: Omit<HttpConfig, 'listen'>): Promise<{ port: number; access: Access }> {
  const access = new Access(
    { listen: undefined, ...config },
    {
      info: (text) => log.push(`info ${text}`),
      warn: (text) => log.push(`warn ${text}`),
    },
  );
  const { registry } = new Metrics({ status, lagMs: () => 0, sas: () => undefined });
  const views = { status, registry, checks: deskFor(status), fleet: fleetViewsFor(status) };
  const server = await serve({ host: '127.0.0.1', port: 0 }, views, access);
  servers.push(server);
  return { port: (server.address() as AddressInfo).port, access };
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly challenge: string | undefined;
  /** Of the certificate that was shown. */
  readonly shown: string;
}

function ask(port: number, path: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = options.ca === undefined ? httpRequest : httpsRequest;
    const call = send({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      let body = '';
      const { subject } = (response.socket as TLSSocket).getPeerCertificate?.() ?? {};
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          body,
          challenge: response.headers['www-authenticate'],
          shown: String(subject?.CN),
        }),
      );
    });
    call.on('error', reject).end();
  });
}

const bearer = (token: string): RequestOptions => ({ headers: { authorization: `Bearer ${token}` } });

describe('a token', () => {
  const PATHS = [
    '/status',
    '/status?view=fleet',
    '/status?view=drift',
    '/fleet',
    '/metrics',
    '/checks',
    '/nothing',
  ];

  it.each(PATHS)('is wanted for %s', async (path) => {
    write('token', 's3cret\n');
    const { port } = await start({ tokenFile: at('token') });
    expect(await ask(port, path)).toMatchObject({ status: 401, challenge: 'Bearer realm="swancast"' });
    expect((await ask(port, path, bearer('s3cret'))).status).not.toBe(401);
  });

  it.each(['/healthz', '/readyz'])('is not wanted for %s', async (path) => {
    write('token', 's3cret');
    const { port } = await start({ tokenFile: at('token') });
    expect((await ask(port, path)).status).toBe(200);
  });

  it.each([
    'Bearer wrong',
    'Bearer s3cre',
    'Bearer s3crett',
    'Bearer',
    'Basic s3cret',
    's3cret',
    'Bearer s3cret s3cret',
    `Bearer ${'x'.repeat(5000)}`,
  ])('is not %s', async (authorization) => {
    write('token', 's3cret');
    const { port } = await start({ tokenFile: at('token') });
    expect((await ask(port, '/status', { headers: { authorization } })).status).toBe(401);
  });

  it('that is replaced counts from the next look on, and the one before it no more', async () => {
    write('token', 'one');
    const { port, access } = await start({ tokenFile: at('token') });
    write('token', 'two');
    await access.look();
    expect((await ask(port, '/status', bearer('one'))).status).toBe(401);
    expect((await ask(port, '/status', bearer('two'))).status).toBe(200);
    rmSync(at('token'));
    await access.look();
    expect((await ask(port, '/status', bearer('two'))).status).toBe(200);
    expect(log).toEqual([
      expect.stringMatching(/^info the token/u),
      expect.stringMatching(/^warn http\.token: .*does not exist.*going on with what was read before$/u),
    ]);
  });

  it('that cannot be read lets nobody in: there is no listener then', async () => {
    await expect(start({ tokenFile: at('token') })).rejects.toThrow(HttpError);
    await expect(start({ tokenFile: at('token') })).rejects.toThrow(/http\.token: .*does not exist/u);
  });
});

describe('TLS', () => {
  const authority = new Authority();
  const other = new Authority();
  const [own, renewed] = [authority.issue('gw1', 'IP:127.0.0.1'), authority.issue('gw1-new', 'IP:127.0.0.1')];
  const client = authority.issue('client', 'DNS:client');
  const stranger = other.issue('stranger', 'DNS:stranger');
  afterAll(() => {
    authority.remove();
    other.remove();
  });
  const ca = authority.certificate;
  const tls = (): { certificateFile: string; keyFile: string } => ({
    certificateFile: at('cert.pem'),
    keyFile: at('key.pem'),
  });
  const install = ({ certificate, key }: Issued): void => {
    write('cert.pem', certificate);
    write('key.pem', key);
  };
  const shows = ({ certificate, key }: Issued): RequestOptions => ({ ca, cert: certificate, key });

  it('shows the certificate, and no plain HTTP is answered', async () => {
    install(own);
    const { port } = await start({ tls: tls() });
    expect(await ask(port, '/status', { ca })).toMatchObject({ status: 200, shown: 'gw1' });
    await expect(ask(port, '/status')).rejects.toThrow(/hang up|ECONNRESET|HPE_/u);
  });

  it('takes over a renewed certificate, and keeps the connections that are open', async () => {
    install(own);
    const { port, access } = await start({ tls: tls() });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await ask(port, '/status', { ca, agent })).toMatchObject({ shown: 'gw1' });
    install(renewed);
    await access.look();
    expect(await ask(port, '/status', { ca })).toMatchObject({ status: 200, shown: 'gw1-new' });
    expect(await ask(port, '/status', { ca, agent })).toMatchObject({ status: 200, shown: 'gw1' });
    agent.destroy();
  });

  it.each([
    ['a broken file', (): void => write('cert.pem', 'garbage')],
    ['half a renewal', (): void => write('cert.pem', renewed.certificate)],
    ['a file that is gone', (): void => rmSync(at('cert.pem'))],
    ['a key that others may read', (): void => writeFileSync(at('key.pem'), own.key, { mode: 0o644 })],
  ])('goes on with the old certificate with %s, and says so', async (name, change) => {
    install(own);
    const { port, access } = await start({ tls: tls() });
    if (name.startsWith('a key')) rmSync(at('key.pem'));
    change();
    await access.look();
    expect(await ask(port, '/status', { ca })).toMatchObject({ status: 200, shown: 'gw1' });
    expect(log).toEqual([expect.stringMatching(/^warn http\.tls.*going on with what was read before$/u)]);
    install(renewed);
    await access.look();
    expect(await ask(port, '/status', { ca })).toMatchObject({ shown: 'gw1-new' });
  });

  it('wants a certificate of the authority that is configured, but for /healthz and /readyz', async () => {
    install(own);
    write('ca.pem', authority.certificate);
    const { port } = await start({ tls: { ...tls(), clientCaFile: at('ca.pem') } });
    expect((await ask(port, '/status', shows(client))).status).toBe(200);
    expect(await ask(port, '/status', { ca })).toMatchObject({
      status: 403,
      body: expect.stringContaining('http.tls.client_ca_file') as string,
    });
    expect((await ask(port, '/status', shows(stranger))).status).toBe(403);
    expect((await ask(port, '/healthz', { ca })).status).toBe(200);
    expect((await ask(port, '/readyz', shows(stranger))).status).toBe(200);
  });

  it('and a token are both wanted when both are configured', async () => {
    install(own);
    write('ca.pem', authority.certificate);
    write('token', 's3cret');
    const { port } = await start({ tokenFile: at('token'), tls: { ...tls(), clientCaFile: at('ca.pem') } });
    expect((await ask(port, '/status', shows(client))).status).toBe(401);
    expect((await ask(port, '/status', { ca, ...bearer('s3cret') })).status).toBe(403);
    expect((await ask(port, '/status', { ...shows(client), ...bearer('s3cret') })).status).toBe(200);
  });
});
