import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, familyOf, judge, type HttpLimits } from '../../../health/checks/http.ts';
import type { GetOutcome } from '../../../health/reach/http-get.ts';
import { none, Servers } from '../reach/fixture.ts';

const answered = (status: number, body = ''): GetOutcome => ({ kind: 'answered', status, body });

describe('what a page is worth', () => {
  it.each([
    [answered(200), { status: 200, body: '' }, 'pass', 'status 200'],
    [answered(200, '{"ok":true}'), { status: 200, body: '"ok":true' }, 'pass', 'status 200'],
    [answered(503, 'ok'), { status: 200, body: 'ok' }, 'http-unexpected', 'status 503, expected 200'],
    [answered(200), { status: 404, body: '' }, 'http-unexpected', 'status 200, expected 404'],
    [answered(200, 'nok'), { status: 200, body: 'fine' }, 'http-unexpected', 'status 200, without "fine"'],
    [{ kind: 'failed', detail: 'refused' }, { status: 200, body: '' }, 'http-no-answer', 'refused'],
  ] satisfies [GetOutcome, Pick<HttpLimits, 'status' | 'body'>, string, string][])(
    '%j for %j: %s',
    (outcome, wanted, expected, value) => {
      const judgement = judge(outcome, wanted);
      expect(judgement.verdict === 'pass' ? 'pass' : judgement.reason).toBe(expected);
      expect(judgement.value).toBe(value);
    },
  );
});

describe('the family that a page speaks for', () => {
  it.each([
    ['http://127.0.0.1:8080/', '', undefined],
    ['http://[::1]/', '', undefined],
    ['http://inside.example/', '', undefined],
    ['http://192.0.2.7/', '', 4],
    ['http://[2001:db8::7]/', '', 6],
    ['http://inside.example/', '2001:db8::1', 6],
  ])('%s from "%s": %s', (url, source, family) => {
    expect(familyOf({ url, source, status: 200, body: '', verify: true })).toBe(family);
  });
});

describe('a real page', () => {
  const servers = new Servers();
  let [port, nobody] = [0, 0];
  let healthy = true;
  beforeAll(async () => {
    port = await servers.http((_, response) => {
      response.writeHead(healthy ? 200 : 500).end('state: fine');
    });
    nobody = await servers.nobody();
  });
  afterAll(() => {
    servers.close();
  });

  const look = async (url: string, more: Partial<HttpLimits> = {}): Promise<unknown> =>
    create({
      name: 'page',
      dependsOn: [],
      triggeredBy: [],
      pace: { intervalMs: 5000, fastMs: 1000, timeoutMs: 5000 },
      limits: { url, status: 200, body: '', source: '', verify: true, ...more },
    }).observe(none);

  it('fails when its server is unwell, and recovers', async () => {
    const url = `http://127.0.0.1:${String(port)}/health`;
    healthy = false;
    expect(await look(url)).toEqual({
      verdict: 'fail',
      reason: 'http-unexpected',
      value: 'status 500, expected 200',
    });
    healthy = true;
    expect(await look(url, { body: 'fine' })).toEqual({ verdict: 'pass', value: 'status 200' });
    expect(await look(url, { body: 'bad' })).toMatchObject({ reason: 'http-unexpected' });
  });

  it('is found by the name localhost', async () => {
    expect(await look(`http://localhost:${String(port)}/`)).toMatchObject({ verdict: 'pass' });
  });

  it('fails where nobody listens, and from a source of another family', async () => {
    expect(await look(`http://127.0.0.1:${String(nobody)}/`)).toMatchObject({ reason: 'http-no-answer' });
    expect(await look(`http://127.0.0.1:${String(port)}/`, { source: '2001:db8::1' })).toEqual({
      verdict: 'fail',
      reason: 'http-no-answer',
      value: 'no address of the family of the source',
    });
  });
});
