import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CanaryReport, TunnelReport } from '../../../health/canary/report.ts';
import { create, judge, type CanaryLimits } from '../../../health/checks/canary.ts';
import type { World } from '../../../health/world.ts';

const LIMITS: CanaryLimits = {
  report: '/run/report.sock',
  tunnel: '',
  address: '',
  failures: 3,
  reportAgeMs: 90_000,
};

const common = { name: 'home', rounds: 9, failures: 0, age_seconds: 12, duration_ms: 85, detail: 'said so' };
const PASSED: TunnelReport = { ...common, state: 'pass', address: '10.3.1.1' };
const failed = (failures: number, failing: 'no-auth' | 'no-traffic' = 'no-auth'): TunnelReport => ({
  ...common,
  failures,
  state: 'fail',
  failed: failing,
});
const report = (...tunnels: readonly TunnelReport[]): CanaryReport => ({ canary: 'yellow', tunnels });
const judged = (fetched: CanaryReport | { absent: string }, silentMs = 0, limits = LIMITS) =>
  judge({ fetched, silentMs }, limits);

describe('judging what a canary tells', () => {
  it('a round that passed, with its age', () => {
    expect(judged(report(PASSED))).toEqual({ verdict: 'pass', value: '12 s ago: said so, in 85 ms' });
  });

  it.each([
    ['no-answer', 'canary-no-answer'],
    ['no-auth', 'canary-no-auth'],
    ['no-address', 'canary-no-address'],
    ['no-traffic', 'canary-no-traffic'],
  ] as const)('%s three times in a row fails', (stage, reason) => {
    const tunnel: TunnelReport = { ...common, failures: 3, state: 'fail', failed: stage };
    expect(judged(report(tunnel))).toMatchObject({ verdict: 'fail', reason });
  });

  it('before the third failure in a row it only does not know', () => {
    expect([1, 2, 3, 4].map((failures) => judged(report(failed(failures))).verdict)).toEqual([
      'unknown',
      'unknown',
      'fail',
      'fail',
    ]);
    expect(judged(report(failed(1)), 0, { ...LIMITS, failures: 0 }).verdict).toBe('fail');
  });

  it.each<[string, Parameters<typeof judged>]>([
    ['an old round', [report({ ...PASSED, age_seconds: 91 })]],
    ['an old failure', [report({ ...failed(7), age_seconds: 91 })]],
    ['a canary that cannot try', [report({ ...common, state: 'broken' })]],
    ['a canary not heard for long', [{ absent: 'ECONNREFUSED' }, 90_001]],
    ['a tunnel that it has not', [report(PASSED), 90_001, { ...LIMITS, tunnel: 'other' }]],
    ['one tunnel of several, not named', [report(PASSED, { ...PASSED, name: 'other' })]],
  ])('%s is told, and not held against the gateway', (_, [fetched, silentMs, limits]) => {
    expect(judged(fetched, silentMs, limits)).toMatchObject({ verdict: 'fail', reason: 'canary-silent' });
  });

  it('a canary not heard of for a moment changes nothing', () => {
    expect(judged({ absent: 'ECONNREFUSED' }, 90_000)).toEqual({
      verdict: 'unknown',
      reason: 'canary-silent',
      value: 'ECONNREFUSED',
    });
    expect(judged(report(), 0).verdict).toBe('unknown');
  });

  it('by name, the tunnel that is meant', () => {
    const both = report({ ...failed(3), name: 'other' }, PASSED);
    expect(judged(both, 0, { ...LIMITS, tunnel: 'home' }).verdict).toBe('pass');
    expect(judged(both, 0, { ...LIMITS, tunnel: 'other' }).verdict).toBe('fail');
  });
});

describe('reading it', () => {
  let directory: string;
  let socket: string;
  let server: Server;
  let body: string;
  let status: number;
  let asked: string[];
  let now: number;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'swancast-canary-'));
    socket = join(directory, 'report.sock');
    [body, status, asked, now] = [JSON.stringify(report(PASSED)), 200, [], 1000];
    server = createServer((request, response) => {
      asked.push(`${request.method ?? '?'} ${request.url ?? '?'}`);
      response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });

  const check = (source = socket) =>
    create(
      {
        name: 'canary',
        dependsOn: [],
        triggeredBy: [],
        pace: { intervalMs: 5000, fastMs: 5000, timeoutMs: 2000 },
        limits: { ...LIMITS, report: source },
      },
      { now: () => now } as World,
    );
  const look = async (which = check()) => which.observe(new AbortController().signal);

  it('from its socket', async () => {
    expect(await look()).toMatchObject({ verdict: 'pass' });
    expect(asked).toEqual(['GET /']);
  });

  it('by HTTP', async () => {
    const tcp = createServer((_, response) => response.end(body));
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const address = tcp.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    expect(await look(check(`http://127.0.0.1:${String(address.port)}`))).toMatchObject({ verdict: 'pass' });
    tcp.close();
  });

  it.each([
    ['something else', '{"state":"announced"}', 200, 'is no canary of swancast'],
    ['no JSON', 'hello', 200, 'is no canary of swancast'],
    ['a tunnel without a state', JSON.stringify({ canary: 'x', tunnels: [common] }), 200, 'is no canary'],
    [
      'an unknown stage',
      JSON.stringify({ canary: 'x', tunnels: [{ ...common, state: 'fail', failed: 'x' }] }),
      200,
      'is no canary',
    ],
    ['an error', 'no', 500, 'answered with HTTP status 500'],
  ])('%s is silence', async (_, answer, code, said) => {
    [body, status] = [answer, code];
    const judgement = await look();
    expect(judgement).toMatchObject({ verdict: 'unknown', reason: 'canary-silent' });
    expect(judgement.value).toContain(said);
  });

  it('silence fails once it has lasted, and is over with the next word', async () => {
    const canary = check();
    expect(await look(canary)).toMatchObject({ verdict: 'pass' });
    status = 500;
    now += 90_000;
    expect(await look(canary)).toMatchObject({ verdict: 'unknown' });
    now += 1;
    expect(await look(canary)).toMatchObject({ verdict: 'fail', reason: 'canary-silent' });
    status = 200;
    expect(await look(canary)).toMatchObject({ verdict: 'pass' });
    status = 500;
    expect(await look(canary)).toMatchObject({ verdict: 'unknown' });
  });

  it('nobody there', async () => {
    expect(await look(check(join(directory, 'nobody.sock')))).toMatchObject({
      verdict: 'unknown',
      value: expect.stringContaining('ENOENT') as string,
    });
  });

  it('urged, it asks for a round', async () => {
    const heard = new Promise<void>((resolve) => server.once('request', () => resolve()));
    check().urge?.();
    await heard;
    expect(asked).toEqual(['POST /round']);
  });
});
