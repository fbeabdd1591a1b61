import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../health/limits.ts';
import { reachDns, type DnsTarget } from '../../../health/reach/dns.ts';
import { PING, readPing, reachIcmp } from '../../../health/reach/icmp.ts';
import { addressesOf } from '../../../health/reach/lookup.ts';
import { reach } from '../../../health/reach/reach.ts';
import { reachTcp, reachTls } from '../../../health/reach/tcp.ts';
import type { RunOutcome } from '../../../health/run-program.ts';
import { FakeDnsServer } from '../../fake/dns-server.ts';
import { endpoint } from './endpoint.fixture.ts';
import { none, selfSigned, Servers } from './fixture.ts';

const servers = new Servers();
const certificate = selfSigned('inside.example');
let [plain, secure, mute, nobody] = [0, 0, 0, 0];
let dns: FakeDnsServer;
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-reach-'));
  plain = await servers.http((_, response) => response.writeHead(204).end());
  secure = await servers.https((_, response) => response.end(), certificate);
  mute = await servers.mute();
  nobody = await servers.nobody();
  dns = await FakeDnsServer.listen('127.0.0.1');
  dns.records.set('intranet.example A', ['10.10.0.10', '10.10.0.11']);
  dns.records.set('intranet.example AAAA', ['2001:db8::10']);
  dns.records.set('intranet.example TXT', ['v=1']);
});

afterAll(async () => {
  servers.close();
  await dns.close();
  rmSync(folder, { recursive: true });
});

const at = (port: number) => ({ address: '127.0.0.1', port, source: undefined });

describe('TCP', () => {
  it.each([
    ['somebody listens', (): number => plain, undefined, 'reached', 'connected'],
    ['from a source', (): number => plain, '127.0.0.7', 'reached', 'connected'],
    ['nobody listens', (): number => nobody, undefined, 'failed', 'refused, nobody listens (ECONNREFUSED)'],
    [
      'the source is elsewhere',
      (): number => plain,
      '203.0.113.9',
      'failed',
      'the source address is not on this host (EADDRNOTAVAIL)',
    ],
  ])('%s', async (_, port, source, kind, detail) => {
    expect(await reachTcp({ ...at(port()), source }, 5000, none)).toEqual({ kind, detail });
  });

  it('ends when told to', async () => {
    const stopped = AbortSignal.abort(new Error('stop'));
    await expect(reachTcp(at(plain), 5000, stopped)).rejects.toThrow('stop');
  });
});

describe('TLS', () => {
  const tls = async (port: number, name: string, more = {}, ms = 5000): Promise<unknown> =>
    reachTls({ ...at(port), name, verify: true, ca: [certificate.cert], ...more }, ms, none);

  it('holds by name and by address', async () => {
    expect(await tls(secure, 'inside.example')).toEqual({ kind: 'reached', detail: 'handshake done' });
    expect(await tls(secure, '127.0.0.1')).toMatchObject({ kind: 'reached' });
  });

  it('fails for another name, an unknown authority, no TLS, and silence', async () => {
    const failed = (detail: RegExp): unknown => ({ kind: 'failed', detail: expect.stringMatching(detail) });
    expect(await tls(secure, 'other.example')).toEqual(failed(/ALTNAME/));
    expect(await tls(secure, 'inside.example', { ca: [] })).toEqual(failed(/SELF_SIGNED/));
    expect(await tls(plain, 'inside.example')).toMatchObject({ kind: 'failed' });
    expect(await tls(mute, 'inside.example', {}, 80)).toEqual(failed(/no answer within 80 ms/));
    expect(await tls(secure, 'other.example', { verify: false, ca: [] })).toMatchObject({ kind: 'reached' });
  });
});

describe('DNS', () => {
  const ask = async (more: Partial<DnsTarget> = {}, ms = 5000): Promise<unknown> => {
    const question = { name: 'intranet.example', record: 'A', expect: '' } as const;
    return reachDns({ ...at(dns.port), ...question, ...more }, ms, none);
  };

  it.each([
    [{}, '10.10.0.10'],
    [{ expect: '10.10.0.11' }, '10.10.0.10'],
    [{ record: 'AAAA', expect: '2001:DB8:0::10' }, '2001:db8::10'],
    [{ record: 'TXT', expect: 'v=1' }, 'v=1'],
  ] as const)('%j is answered', async (more, detail) => {
    expect(await ask(more)).toEqual({ kind: 'reached', detail });
  });

  it.each([
    [{ expect: '10.9.9.9' }, 'A of intranet.example is 10.10.0.10, 10.10.0.11; expected 10.9.9.9'],
    [{ name: 'nowhere.example' }, 'it answers that there is no such name'],
  ])('%j fails', async (more, detail) => {
    expect(await ask(more)).toEqual({ kind: 'failed', detail });
  });

  it('is asked from the source', async () => {
    dns.askers.length = 0;
    await ask({ source: '127.0.0.5' });
    expect(dns.askers).toEqual(['127.0.0.5']);
  });

  it('that is silent fails, and ends when told to', async () => {
    dns.silent = true;
    try {
      expect(await ask({}, 100)).toEqual({ kind: 'failed', detail: 'no answer within 100 ms' });
      const abort = new AbortController();
      const question = { name: 'intranet.example', record: 'A', expect: '' } as const;
      const look = reachDns({ ...at(dns.port), ...question }, 60_000, abort.signal);
      abort.abort(new Error('stop'));
      await expect(look).rejects.toThrow('stop');
    } finally {
      dns.silent = false;
    }
  });

  it('that is not there fails', async () => {
    expect(await reachDns({ ...at(1), name: 'a.example', record: 'A', expect: '' }, 500, none)).toMatchObject(
      {
        kind: 'failed',
      },
    );
  });
});

describe('ping', () => {
  const exited = (code: number, stdout: string, stderr = ''): RunOutcome => {
    return { kind: 'exited', code, stdout, stderr };
  };

  it.each([
    [exited(0, 'rtt min/avg/max/mdev = 0.045/0.045/0.045/0.000 ms\n'), 'reached', 'answered in 0.045 ms'],
    [exited(0, ''), 'reached', 'answered'],
    [exited(1, '1 packets transmitted, 0 received'), 'failed', 'no answer'],
    [exited(2, '', 'ping: connect: Network is unreachable\n'), 'failed', 'connect: Network is unreachable'],
    [
      exited(2, '', 'ping: socktype: SOCK_RAW\nping: socket: Operation not permitted\n'),
      'untried',
      'ping may not send: socktype: SOCK_RAW',
    ],
    [
      exited(2, '', 'ping: bind: Cannot assign requested address\n'),
      'failed',
      'bind: Cannot assign requested address',
    ],
    [{ kind: 'timed-out' }, 'failed', 'no answer within 100 ms'],
    [{ kind: 'unstartable', detail: 'ENOENT' }, 'untried', 'ping cannot be started: ENOENT'],
    [{ kind: 'flooded' }, 'untried', 'ping ended oddly (flooded)'],
  ] satisfies [RunOutcome, string, string][])('%j: %s', (outcome, kind, detail) => {
    expect(readPing(outcome, 100)).toEqual({ kind, detail });
  });

  it('gets address and source as words of their own', async () => {
    const file = join(folder, 'ping');
    writeFileSync(file, '#!/bin/sh\necho "ping: $*" >&2\nexit 2\n');
    chmodSync(file, 0o755);
    const target = { address: '10.10.0.10', source: '10.1.1.2' };
    expect(await reachIcmp(target, 900, none, file)).toEqual({
      kind: 'failed',
      detail: '-n -q -c 1 -W 2 -I 10.1.1.2 10.10.0.10',
    });
  });

  it.skipIf(!existsSync(PING))('of this system reaches this host', async () => {
    const reached = await reachIcmp({ address: '127.0.0.1', source: undefined }, 5000, none);
    expect(reached.kind).not.toBe('failed');
  });
});

describe('an endpoint', () => {
  it('is tried in the way of its type', async () => {
    const tried = async (more: Partial<Endpoint>, source = ''): Promise<string> => {
      const reached = await reach(endpoint(more), source, 5000, none);
      return `${reached.kind}: ${reached.detail}`;
    };
    expect(await tried({ port: plain })).toBe('reached: connected');
    expect(await tried({ type: 'http', port: plain, status: 204 })).toBe('reached: status 204');
    expect(await tried({ type: 'http', port: plain })).toBe('failed: status 204, expected 200');
    expect(await tried({ type: 'https', port: secure, verify: false })).toBe('reached: status 200');
    expect(await tried({ type: 'tls', port: secure, verify: false })).toBe('reached: handshake done');
    const { port } = dns;
    expect(await tried({ type: 'dns', port, name: 'intranet.example' })).toBe('reached: 10.10.0.10');
  });

  it('goes out from its own source, else from that of the check if the family fits', async () => {
    const { port } = dns;
    const question = endpoint({ type: 'dns', port, name: 'intranet.example' });
    dns.askers.length = 0;
    await reach(question, '127.0.0.3', 5000, none);
    await reach({ ...question, source: '127.0.0.4' }, '127.0.0.3', 5000, none);
    await reach(question, '2001:db8::1', 5000, none);
    expect(dns.askers).toEqual(['127.0.0.3', '127.0.0.4', '127.0.0.1']);
  });
});

describe('a host name', () => {
  it.each([
    ['192.0.2.1', ['192.0.2.1']],
    ['[2001:db8::1]', ['2001:db8::1']],
    ['localhost', ['127.0.0.1', '::1']],
  ])('%s needs no DNS', async (host, addresses) => {
    expect(await addressesOf(host, 1000, none)).toEqual(addresses);
  });
});
