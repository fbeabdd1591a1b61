import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DaemonError } from '../../../sidecar/cli/exchange.ts';
import { askStatus, fetchStatus } from '../../../sidecar/cli/fetch-status.ts';
import { EXIT } from '../../../sidecar/cli/outcome.ts';
import { MINIMAL } from '../config/fixture.ts';
import { swancast, swancastWith } from './command.ts';
import { WITHDRAWN } from './status.fixture.ts';

let folder: string;
let socket: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-cli-'));
  socket = join(folder, 'control.sock');
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

const listen = (listener: RequestListener): Promise<void> =>
  new Promise((resolve) => {
    server = createServer(listener).listen(socket, resolve);
  });

const answering = (body: string, status = 200): Promise<void> =>
  listen((request, response) => {
    response.writeHead(request.url === '/status' ? status : 404).end(body);
  });

describe('asking the daemon', () => {
  it.each(['status', 'explain'])('%s prints what it says', async (command) => {
    await answering(JSON.stringify(WITHDRAWN));
    const { code, out, err } = await swancast(command, '--socket', socket);
    expect([code, err]).toEqual([EXIT.ok, '']);
    expect(out).toContain('charon-gone');
  });

  it('hands the JSON through', async () => {
    await answering(JSON.stringify(WITHDRAWN));
    expect(JSON.parse((await swancast('status', '--json', '-s', socket)).out)).toEqual(WITHDRAWN);
    expect(JSON.parse((await swancast('explain', '--json', '-s', socket)).out)).toMatchObject({
      gateway: 'gw1',
      prefixes: [{ prefix: '192.0.2.1/32', reason: 'charon-gone', history: [{ to: 'withdrawn' }] }, {}],
    });
  });

  it('finds the socket by the configuration', async () => {
    await answering(JSON.stringify(WITHDRAWN));
    const file = join(folder, 'config.yaml');
    writeFileSync(file, `${MINIMAL}control: { socket: ${socket} }\n`);
    expect((await swancast('status', '-c', file)).code).toBe(EXIT.ok);
    const other = join(folder, 'other.sock');
    expect(await swancastWith({ SWANCAST_CONTROL_SOCKET: other }, 'status', '-c', file)).toMatchObject({
      code: EXIT.noDaemon,
      err: expect.stringContaining(other) as string,
    });
    writeFileSync(file, 'bgp: 1\n');
    expect((await swancast('status', '-c', file)).code).toBe(EXIT.problem);
  });

  it('lets no control character through to the terminal', async () => {
    const [first] = WITHDRAWN.prefixes;
    await answering(JSON.stringify({ ...WITHDRAWN, gateway: 'gw\u001b[2J\u202e', prefixes: [first] }));
    const { out } = await swancast('status', '-s', socket);
    expect(out.split(':')[0]).toBe('gw?[2J?');
  });
});

describe('when there is no answer', () => {
  it('says that no daemon runs: no socket', async () => {
    expect(await swancast('status', '-s', socket)).toEqual({
      code: EXIT.noDaemon,
      out: '',
      err: `${socket}: swancast does not run here; start it (its unit, or \`swancast run\`), or name its socket with --socket\n`,
    });
  });

  it('says that no daemon runs: nobody listens', async () => {
    writeFileSync(socket, '');
    const { code, err } = await swancast('explain', '-s', socket);
    expect([code, err.split(';')[0]]).toEqual([EXIT.noDaemon, `${socket}: swancast does not run here`]);
  });

  it('says that the daemon hangs', async () => {
    await listen(() => undefined);
    const lines: string[] = [];
    const output = { out: (): void => undefined, err: (text: string): void => void lines.push(text) };
    expect(await askStatus({ socket }, { output, env: {} }, 50)).toBe(EXIT.problem);
    expect(lines).toEqual([
      `${socket}: no answer in time; the daemon hangs or is stopped: see \`systemctl status swancast\`\n`,
    ]);
  });

  it('says that the daemon hangs in the middle of its answer', async () => {
    await listen((_, response) => {
      response.write('{');
    });
    await expect(fetchStatus(socket, AbortSignal.timeout(50))).rejects.toMatchObject({
      code: 'DAEMON_SILENT',
    });
  });

  it.each([
    ['another page', 'nothing here', 404, 'answered with HTTP status 404'],
    ['no JSON', 'hello', 200, 'did not answer with JSON'],
    ['other JSON', '[]', 200, 'answered with something else than a status'],
    ['a status without its lists', '{"prefixes": {}, "checks": []}', 200, 'answered with something else'],
    ['null', 'null', 200, 'answered with something else than a status'],
  ])('says that somebody else is behind the socket: %s', async (_, body, status, message) => {
    await answering(body, status);
    const { code, err } = await swancast('status', '-s', socket);
    expect([code, err]).toEqual([EXIT.problem, expect.stringContaining(message)]);
    expect(err).toContain('is this the control socket of swancast?');
  });

  it('says that somebody else is behind the socket: no HTTP, or an early end', async () => {
    const raw = createSocket((connection) => connection.end('\0\0\0\x0c garbage'));
    await new Promise<void>((resolve) => void raw.listen(socket, resolve));
    try {
      await expect(fetchStatus(socket, AbortSignal.timeout(5000))).rejects.toBeInstanceOf(DaemonError);
    } finally {
      raw.close();
    }
  });

  it('does not read without end', async () => {
    await listen((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1024 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    await expect(fetchStatus(socket, AbortSignal.timeout(30_000))).rejects.toMatchObject({
      code: 'DAEMON_STRANGE',
    });
  });
});
