import { describe, expect, it } from 'vitest';
import { AT_ONCE, create, judge, type Tried } from '../../../health/checks/tunnel-path.ts';
import type { Reached } from '../../../health/reach/outcome.ts';
import { endpoint } from '../reach/endpoint.fixture.ts';

const tried = (...kinds: Reached['kind'][]): Tried[] =>
  kinds.map((kind, index) => ({
    endpoint: endpoint({ target: `10.0.0.${String(index + 1)}`, port: 443 }),
    reached: { kind, detail: 'because' },
  }));
const [up, down, odd] = ['reached', 'failed', 'untried'] as const;

describe('at least N of M', () => {
  it.each([
    [tried(up, up), 0, 'pass', '2 of 2 reached, 2 needed'],
    [tried(up, down), 1, 'pass', '1 of 2 reached, 1 needed; tcp 10.0.0.2:443: because'],
    [tried(up, down), 0, 'inside-below-minimum', '1 of 2 reached, 2 needed; tcp 10.0.0.2:443: because'],
    [
      tried(down, down),
      1,
      'inside-unreachable',
      '0 of 2 reached, 1 needed; tcp 10.0.0.1:443: because; tcp 10.0.0.2:443: because',
    ],
    [tried(down), 0, 'inside-unreachable', '0 of 1 reached, 1 needed; tcp 10.0.0.1:443: because'],
    [tried(odd), 0, 'program-unusable', '0 of 1 reached, 1 needed; tcp 10.0.0.1:443: because'],
    [
      tried(up, odd, down),
      2,
      'program-unusable',
      '1 of 3 reached, 2 needed; tcp 10.0.0.2:443: because; tcp 10.0.0.3:443: because',
    ],
    [
      tried(odd, down, down),
      2,
      'inside-below-minimum',
      '0 of 3 reached, 2 needed; tcp 10.0.0.1:443: because; tcp 10.0.0.2:443: because; tcp 10.0.0.3:443: because',
    ],
  ] as const)('%#: %s', (list, minimum, expected, value) => {
    const judgement = judge(list, minimum);
    expect(judgement.verdict === 'pass' ? 'pass' : judgement.reason).toBe(expected);
    expect(judgement.verdict).toBe(
      expected === 'pass' ? 'pass' : expected === 'program-unusable' ? 'unknown' : 'fail',
    );
    expect(judgement.value).toBe(value);
  });

  it('reads out four and counts the rest', () => {
    const { value = '' } = judge(tried(...Array.from({ length: 30 }, () => down)), 0);
    expect(value).toMatch(/^0 of 30 reached, 30 needed; (tcp [^;]*; ){4}and 26 more$/);
  });
});

describe('a long list', () => {
  const check = (count: number, reach: Parameters<typeof create>[2]) =>
    create(
      {
        name: 'inside',
        dependsOn: [],
        triggeredBy: [],
        pace: { intervalMs: 5000, fastMs: 1000, timeoutMs: 1000 },
        limits: {
          endpoints: Array.from({ length: count }, (_, index) =>
            endpoint({ target: `10.0.0.${String(index)}`, port: 443 }),
          ),
          minimum: 1,
          source: '10.1.1.2',
        },
      },
      undefined,
      reach,
    );

  it('is tried a few at a time, each with its share of the timeout', async () => {
    let [now, most] = [0, 0];
    const asked: unknown[] = [];
    const judgement = await check(20, async ({ target }, source, deadlineMs) => {
      now += 1;
      most = Math.max(most, now);
      asked.push([target, source, deadlineMs]);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return target === '10.0.0.7'
        ? { kind: 'failed', detail: 'no answer' }
        : { kind: 'reached', detail: '' };
    }).observe(new AbortController().signal);
    expect(most).toBe(AT_ONCE);
    expect(asked).toHaveLength(20);
    expect(asked[0]).toEqual(['10.0.0.0', '10.1.1.2', 300]);
    expect(judgement).toEqual({
      verdict: 'pass',
      value: '19 of 20 reached, 1 needed; tcp 10.0.0.7:443: no answer',
    });
  });

  it('is given up as a whole when the look is ended', async () => {
    const abort = new AbortController();
    const look = check(3, async (_endpoint, _source, _ms, signal) => {
      signal.throwIfAborted();
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
      return { kind: 'reached', detail: '' };
    }).observe(abort.signal);
    abort.abort(new Error('stop'));
    await expect(look).rejects.toThrow('stop');
  });
});
