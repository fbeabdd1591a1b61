import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serve, type Listen, type Listener, type Views } from '../../sidecar/http.ts';
import { Metrics } from '../../sidecar/metrics.ts';
import { deskFor } from './check-desk.fixture.ts';
import { fleetViewsFor } from './fleet-views.fixture.ts';
import type { Status } from '../../sidecar/status.ts';
import { statusFor } from './status.fixture.ts';
import { ORDER, OrderDesk } from './order-desk.ts';
import { Scenario, V4 } from './scenario.ts';

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
  const { registry } = new Metrics({ status, lagMs: () => 0, sas: () => undefined });
  return { status, registry, checks: deskFor(status), fleet: fleetViewsFor(status) };
}

async function start(listen: Listen, of = views()): Promise<Listener> {
  const server = await serve(listen, of);
  servers.push(server);
  return server;
}

const ask = (
  path: string,
  method = 'GET',
  sent?: string,
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
    call.end(sent);
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

  it('/checks is read anywhere; /checks/run looks now, on the control socket alone', async () => {
    const desk = new OrderDesk(directory);
    await start({ path: join(directory, 'control.sock') }, desk.views);
    expect(JSON.parse((await ask('/checks')).body)).toMatchObject({ gateway: 'gw1' });
    const ran = await ask('/checks/run', 'POST', '{"name":"charon"}');
    expect(ran.status).toBe(200);
    expect(JSON.parse(ran.body)).toMatchObject({ checks: [{ name: 'charon', type: 'charon' }] });
    expect(await ask('/checks/run', 'POST', '{"name":"nobody"}')).toMatchObject({
      status: 400,
      body: expect.stringContaining('no check is called "nobody"') as string,
    });
    expect(await ask('/checks/run')).toMatchObject({ status: 405 });
  });

  it('a listener that takes no orders runs no checks', async () => {
    await start({ path: join(directory, 'control.sock') });
    expect(await ask('/checks/run', 'POST', '{}')).toMatchObject({ status: 403 });
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
    const die = "process.kill(process.pid, 'SIGKILL')";
    spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(process.argv[1], () => ${die})`,
      path,
    ]);
    expect(existsSync(path)).toBe(true);
    await start({ path });
    await expect(serve({ path }, views())).rejects.toThrow(`another swancast answers on ${path}`);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('leaves alone what is no socket', async () => {
    const path = join(directory, 'precious.yaml');
    writeFileSync(path, 'prefixes: []');
    await expect(serve({ path }, views())).rejects.toThrow(
      'is there and is no socket: correct control.socket',
    );
    expect(readFileSync(path, 'utf8')).toBe('prefixes: []');
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

describe('orders', () => {
  const desk = async (): Promise<OrderDesk> => {
    const made = new OrderDesk(directory);
    await made.breakGlass.start();
    await start({ path: join(directory, 'control.sock') }, made.views);
    return made;
  };

  it('are taken on the unix socket, and answered with the status of their prefix', async () => {
    const { run } = await desk();
    const { status, body } = await ask('/force', 'POST', JSON.stringify(ORDER));
    expect([status, JSON.parse(body)]).toMatchObject([
      200,
      { prefixes: [{ prefix: V4, forced: { verb: 'withdraw', who: 'alice', reason: 'new kernel' } }] },
    ]);
    expect((await ask('/readyz')).body).toContain(`${V4} withdrawn: forced-withdraw\n`);
    expect((await ask('/metrics')).body).toContain(
      `swancast_prefix_forced{prefix="${V4}",verb="withdraw"} 1`,
    );
    expect(await ask('/release', 'POST', '{"who": "bob"}')).toMatchObject({ status: 200 });
    expect(run.routes).toContain(`${V4} 100`);
  });

  it('are not taken on TCP, however they come', async () => {
    const { run, views: given } = await desk();
    const { orders, ...readOnly } = given;
    expect(orders).toBeDefined();
    const tcp = await start({ host: '127.0.0.1', port: 0 }, readOnly);
    const address = tcp.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    for (const path of ['/force', '/release', '/force?x']) {
      const url = `http://127.0.0.1:${address.port}${path}`;
      const reply = await fetch(url, { method: 'POST', body: JSON.stringify(ORDER) });
      expect([reply.status, await reply.text()]).toEqual([
        403,
        'this listener is read-only: orders are taken on the control socket (control.socket)\n',
      ]);
    }
    expect(run.state.intents.size).toBe(0);
  });

  it.each([
    ['GET', undefined, 405, 'GET is not allowed here: use POST\n'],
    ['PUT', '{}', 405, 'PUT is not allowed here: use POST\n'],
    ['POST', undefined, 400, 'a JSON object expected\n'],
    ['POST', '{"prefix":', 400, 'a JSON object expected\n'],
    ['POST', '[]', 400, 'a JSON object expected\n'],
    ['POST', '{}', 400, 'prefix: address and length expected, such as "192.0.2.1/32"\n'],
    [
      'POST',
      JSON.stringify({ ...ORDER, seconds: 1e9 }),
      400,
      'seconds: a whole number from 1 to 86400 (24 hours) expected\n',
    ],
    ['POST', JSON.stringify({ ...ORDER, reason: 'x'.repeat(5000) }), 413, 'at most 4096 bytes expected\n'],
  ])('%s /force %s is answered with %i', async (method, sent, status, body) => {
    const { run } = await desk();
    expect(await ask('/force', method, sent)).toMatchObject({ status, body });
    expect(run.state.intents.size).toBe(0);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('survive a body without end, and a client that leaves in the middle of it', async () => {
    const { run } = await desk();
    const path = join(directory, 'control.sock');
    const endless = connect(path);
    endless.write('POST /force HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const answered = new Promise<string>((resolve) => {
      let text = '';
      endless.on('error', () => undefined);
      endless.on('data', (chunk) => (text += chunk.toString())).on('close', () => resolve(text));
    });
    const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`;
    endless.write(chunk + chunk + chunk);
    expect(await answered).toMatch(/^HTTP\/1\.1 413 /);
    await new Promise<void>((resolve) => {
      const leaver = connect(path, () => {
        leaver.write('POST /force HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"prefix"', () =>
          leaver.destroy(),
        );
      });
      leaver.on('close', () => resolve());
    });
    expect((await ask('/healthz')).status).toBe(200);
    expect(run.state.intents.size).toBe(0);
  });
});
