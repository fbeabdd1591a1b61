import { describe, expect, it } from 'vitest';
import { formatTable, formatTimeline, spreadOf, summarize, type Report, type Row } from './lab/report.ts';
import { outageOf, type Packet } from './lab/traffic/gaps.ts';

/** One packet every 10 ms, answered 1 ms later; "x" is a lost one. */
function packets(pattern: string): Packet[] {
  return [...pattern].map((each, index) => ({
    sequence: index,
    sentAt: 10 * index,
    answeredAt: each === 'x' ? undefined : 10 * index + 1,
  }));
}

describe('outageOf', () => {
  it.each([
    ['....', { lost: 0, gapMs: 0, firstLostAt: undefined, answeredAgainAt: undefined }],
    ['..xxx..', { lost: 3, gapMs: 31, firstLostAt: 20, answeredAgainAt: 51 }],
    ['xx.', { lost: 2, gapMs: 21, firstLostAt: 0, answeredAgainAt: 21 }],
    // One packet that slipped through does not end an outage that goes on.
    ['.x.xxxx.x.', { lost: 6, gapMs: 41, firstLostAt: 30, answeredAgainAt: 71 }],
    ['..xx', { lost: 2, gapMs: Infinity, firstLostAt: 20, answeredAgainAt: undefined }],
    ['', { lost: 0, gapMs: 0, firstLostAt: undefined, answeredAgainAt: undefined }],
  ])('%s', (pattern, outage) => {
    expect(outageOf(packets(pattern))).toEqual(outage);
  });
});

describe('spreadOf', () => {
  it.each([
    [[7], { min: 7, median: 7, p95: 7, max: 7 }],
    [[4, 1], { min: 1, median: 2.5, p95: 4, max: 4 }],
    [[3, 1, 2], { min: 1, median: 2, p95: 3, max: 3 }],
    [Array.from({ length: 20 }, (_, index) => 20 - index), { min: 1, median: 10.5, p95: 19, max: 20 }],
    // As numbers, not as text.
    [[9, 10, 100], { min: 9, median: 10, p95: 100, max: 100 }],
  ])('of %j', (values, spread) => {
    expect(spreadOf(values)).toEqual(spread);
  });

  it('of nothing is nothing', () => {
    expect(spreadOf([])).toBeUndefined();
  });
});

describe('report', () => {
  const good: Row = {
    ok: true,
    gateway: 'gw1',
    withdraw_ms: 1.5,
    withdraw6_ms: 1.6,
    fib_ms: 2,
    client_gap_ms: 6500.25,
    lost: 650,
    recover_ms: 900,
  };
  const failed: Row = { ok: false, error: 'expected within 5000 ms: …' };
  const report: Report = {
    exercise: 'crash',
    router: 'bird',
    clients: 1,
    versions: {},
    runs: [good, failed],
    summary: summarize([good, failed, { ...good, ok: false, withdraw_ms: 9000 }]),
  };

  it('summarizes the runs that were ok, and nothing else', () => {
    expect(report.summary.withdraw_ms).toEqual({ min: 1.5, median: 1.5, p95: 1.5, max: 1.5 });
    expect(summarize([failed])).toEqual({});
  });

  it('shows a failed run in the table', () => {
    expect(formatTable(report).split('\n')).toEqual([
      '   run  gateway  withdraw_ms  withdraw6_ms  fib_ms  client_gap_ms  lost  recover_ms      ok',
      '     1      gw1         1.50          1.60    2.00        6500.25   650      900.00      ok',
      '     2        -            -             -       -              -     -           -  FAILED',
      '   min                  1.50          1.60    2.00        6500.25   650      900.00',
      'median                  1.50          1.60    2.00        6500.25   650      900.00',
      '   p95                  1.50          1.60    2.00        6500.25   650      900.00',
      '   max                  1.50          1.60    2.00        6500.25   650      900.00',
    ]);
  });

  it('tells what happened in the order of the clock, not of arrival', () => {
    const timeline = formatTimeline(
      [
        { kind: 'route', at: 107.49, prefix: '192.0.2.1/32', gateway: 'gw2' },
        { kind: 'withdraw', at: 104, gateway: 'gw1', prefix: '192.0.2.1/32' },
        { kind: 'traffic', at: 99.5, client: 0, state: 'silent', sequence: 64 },
        { kind: 'action', at: 100, text: "SIGKILL of gw1's charon (pid 7)" },
        { kind: 'route', at: 108, prefix: '192.0.2.1/32', gateway: undefined },
        { kind: 'announce', at: 1100, gateway: 'gw1', prefix: '192.0.2.1/32', detail: '' },
        {
          kind: 'session',
          at: 1200,
          gateway: 'gw1',
          family: 6,
          state: 'closed',
          how: 'FIN from the gateway',
        },
        { kind: 'traffic', at: 6100, client: 0, state: 'answered', sequence: 664 },
      ],
      100,
    );
    expect(timeline.split('\n')).toEqual([
      '      -0.50 ms  client 1  first lost packet 64',
      "      +0.00 ms  lab       SIGKILL of gw1's charon (pid 7)",
      '      +4.00 ms  gw1       withdraws 192.0.2.1/32',
      '      +7.49 ms  router    kernel route 192.0.2.1/32 via gw2',
      '      +8.00 ms  router    kernel route 192.0.2.1/32 gone',
      '   +1000.00 ms  gw1       announces 192.0.2.1/32',
      '   +1100.00 ms  gw1       BGP session IPv6 closed (FIN from the gateway)',
      '   +6000.00 ms  client 1  packet 664 answered',
    ]);
  });
});
