import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpGet, type GetTarget } from '../../../health/reach/http-get.ts';
import { none, selfSigned, Servers } from './fixture.ts';

const servers = new Servers();
const certificate = selfSigned('inside.example');
let [plain, secure, mute, nobody] = [0, 0, 0, 0];
const seen: { host: string | undefined; url: string | undefined; from: string | undefined }[] = [];

beforeAll(async () => {
  const listener: Parameters<Servers['http']>[0] = (request, response) => {
    seen.push({ host: request.headers.host, url: request.url, from: request.socket.remoteAddress });
    if (request.url === '/stuck') return;
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 100 }).write('begin');
      setImmediate(() => request.socket.destroy());
      return;
    }
    if (request.url === '/endless') {
      response.writeHead(200);
      const more = (): void => {
        if (!response.destroyed) response.write('x'.repeat(65_536), () => setImmediate(more));
      };
      more();
      return;
    }
    if (request.url === '/moved') response.writeHead(302, { location: '/' }).end();
    else response.writeHead(request.url === '/broken' ? 503 : 200).end('all is well');
  };
  plain = await servers.http(listener);
  secure = await servers.https(listener, certificate);
  mute = await servers.mute();
  nobody = await servers.nobody();
});

afterAll(() => {
  servers.close();
});

const target = (port: number, more: Partial<GetTarget> = {}): GetTarget => ({
  tls: false,
  address: '127.0.0.1',
  port,
  host: 'inside.example',
  path: '/',
  source: undefined,
  verify: true,
  ca: [certificate.cert],
  bodyBytes: 0,
  ...more,
});
const get = async (port: number, more: Partial<GetTarget> = {}, ms = 5000): Promise<unknown> =>
  httpGet(target(port, more), ms, none);

describe('a page over HTTP', () => {
  it('is asked for by name, from the source', async () => {
    seen.length = 0;
    expect(await get(plain, { path: '/x?y=1', source: '127.0.0.9' })).toEqual({
      kind: 'answered',
      status: 200,
      body: '',
    });
    expect(seen).toEqual([{ host: `inside.example:${String(plain)}`, url: '/x?y=1', from: '127.0.0.9' }]);
  });

  it('comes with its body where that is wanted', async () => {
    expect(await get(plain, { bodyBytes: 100 })).toMatchObject({ body: 'all is well' });
    expect(await get(plain, { bodyBytes: 3 })).toMatchObject({ body: 'all' });
  });

  it.each([
    ['/broken', 503],
    ['/moved', 302],
  ])('%s has status %d, and no redirect is followed', async (path, status) => {
    expect(await get(plain, { path })).toEqual({ kind: 'answered', status, body: '' });
  });

  it('without end is cut', async () => {
    const outcome = await get(plain, { path: '/endless', bodyBytes: 1000 });
    expect(outcome).toEqual({ kind: 'answered', status: 200, body: 'x'.repeat(1000) });
  });

  it.each([
    ['nobody listens', (): number => nobody, {}, 'refused, nobody listens (ECONNREFUSED)'],
    ['it accepts and is silent', (): number => mute, {}, 'no answer within 80 ms'],
    ['the page is stuck', (): number => plain, { path: '/stuck' }, 'no answer within 80 ms'],
    [
      'the body breaks off',
      (): number => plain,
      { path: '/cut', bodyBytes: 100 },
      'closed by the other side (ECONNRESET)',
    ],
    [
      'the source is elsewhere',
      (): number => plain,
      { source: '203.0.113.5' },
      'the source address is not on this host (EADDRNOTAVAIL)',
    ],
    ['it is no HTTP', (): number => secure, {}, expect.stringMatching(/HPE_INVALID|ECONNRESET/)],
  ])('fails when %s', async (_, port, more, detail) => {
    const ms = typeof detail === 'string' && detail.includes('80 ms') ? 80 : 5000;
    expect(await get(port(), more, ms)).toEqual({ kind: 'failed', detail });
  });

  it('rejects with the reason of whoever ended it', async () => {
    const abort = new AbortController();
    const look = httpGet(target(plain, { path: '/stuck' }), 60_000, abort.signal);
    abort.abort(new Error('stop'));
    await expect(look).rejects.toThrow('stop');
  });
});

describe('a page over TLS', () => {
  it('holds by name and by address', async () => {
    expect(await get(secure, { tls: true })).toMatchObject({ status: 200 });
    expect(await get(secure, { tls: true, host: '127.0.0.1' })).toMatchObject({ status: 200 });
  });

  it.each([
    [{ host: 'other.example' }, /ERR_TLS_CERT_ALTNAME_INVALID/],
    [{ ca: [] }, /DEPTH_ZERO_SELF_SIGNED_CERT/],
  ])('fails with %j', async (more, detail) => {
    expect(await get(secure, { tls: true, ...more })).toEqual({
      kind: 'failed',
      detail: expect.stringMatching(detail) as string,
    });
  });

  it('need not hold where the operator says so', async () => {
    const more = { tls: true, ca: [], host: 'other.example', verify: false };
    expect(await get(secure, more)).toMatchObject({ status: 200 });
  });

  it('fails where nobody speaks TLS', async () => {
    expect(await get(plain, { tls: true })).toMatchObject({ kind: 'failed' });
  });

  it('is held against the authorities of this system by default', async () => {
    const { ca: _, ...rest } = target(secure, { tls: true });
    expect(await httpGet(rest, 10_000, none)).toEqual({
      kind: 'failed',
      detail: expect.stringContaining('SELF_SIGNED') as string,
    });
  });
});
