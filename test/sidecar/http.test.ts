import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type Server } from 'node:http';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serve, type Listen, type Views } from '../../sidecar/http.ts';
import { Metrics } from '../../sidecar/metrics.ts';
import type { Status } from '../../sidecar/status.ts';
import { statusFor } from './status.fixture.ts';
import { Scenario } from './scenario.ts';

let directory: string;
let servers: { close(): unknown }[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swancast-http-'));
  servers = [];
});
afterEach(() => {
  for (const server of servers) server.close();
  rmSync(directory, { recursive: true });
});

const healthy = new Scenario().guard({}).healthy(1000);
function views(status: () => Status = () => statusFor(healthy)): Views {
  return { status, registry: new Metrics({ status, lagMs: () => 0, sas: () => undefined }).registry };
}

async function start(listen: Listen, of = views()): Promise<Server> {
  const server = await serve(listen, of);
  servers.push(server);
  return server;
}

const ask = (
  path: string,
  method = 'GET',
): Promise<{ status: number | undefined; body: string; type: string }> =>
  new Promise((resolve, reject) => {
    const call = request({ socketPath: join(directory, 'control.sock'), path, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, body, type: response.headers['content-type'] ?? '' }),
      );
    });
    call.on('error', reject);
    call.end();
  });

describe('http', () => {
  it('answers on a unix socket what it answers on TCP', async () => {
    await start({ path: join(directory, 'control.sock') });
    const tcp = await start({ host: '127.0.0.1', port: 0 });
    const address = tcp.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    const other = await fetch(`http://127.0.0.1:${address.port}/status`);
    expect(await other.json()).toEqual(JSON.parse((await ask('/status')).body));
  });

  it('/status is the whole state, /metrics Prometheus text, /healthz and /readyz one look', async () => {
    await start({ path: join(directory, 'control.sock') });
    expect(JSON.parse((await ask('/status')).body)).toMatchObject({ state: 'announced', gateway: 'gw1' });
    expect(await ask('/metrics')).toMatchObject({
      status: 200,
      type: expect.stringContaining('text/plain') as string,
    });
    expect(await ask('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await ask('/readyz')).toMatchObject({ status: 200 });
  });

  it('/readyz is 503 with the reason for every prefix while not announced', async () => {
    const gone = new Scenario().guard({}).healthy(1000).fail('charon', 'charon-gone');
    await start(
      { path: join(directory, 'control.sock') },
      views(() => statusFor(gone)),
    );
    expect(await ask('/readyz')).toMatchObject({
      status: 503,
      body: 'withdrawn\n192.0.2.1/32 withdrawn: charon-gone\n2001:db8:53::1/128 withdrawn: charon-gone\n',
    });
  });

  it.each([
    ['POST', '/status', 405],
    ['DELETE', '/metrics', 405],
    ['GET', '/etc/passwd', 404],
    ['GET', '/status/../..', 404],
  ])('%s %s is refused with %i', async (method, path, status) => {
    await start({ path: join(directory, 'control.sock') });
    expect((await ask(path, method)).status).toBe(status);
  });

  it('survives garbage and a client that hangs up', async () => {
    await start({ path: join(directory, 'control.sock') });
    await new Promise<void>((resolve) => {
      const rude = connect(join(directory, 'control.sock'), () => rude.end('\0\xff garbage\r\n\r\n'));
      rude.resume().on('close', () => resolve());
    });
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('replaces the socket file of a dead predecessor, and never that of a living one', async () => {
    const path = join(directory, 'control.sock');
    writeFileSync(path, '');
    await start({ path });
    await expect(serve({ path }, views())).rejects.toThrow(`another swancast answers on ${path}`);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('says what to do about a taken port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    servers.push(other);
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    await expect(serve({ host: '127.0.0.1', port }, views())).rejects.toThrow(
      `cannot listen on 127.0.0.1 port ${port}: the port is taken; set http.listen to a free one, or to off`,
    );
  });
});
