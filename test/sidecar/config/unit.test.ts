import { describe, expect, it } from 'vitest';
import { numberHint } from '../../../sidecar/config/unit.ts';
import { MINIMAL, problemsOf } from './fixture.ts';

const hint = (value: string, key: string, maximum = Infinity): string =>
  numberHint(value, key, (number) => number <= maximum).text;
const ALONE = 'write it without quotes or unit';

describe('a number with a unit', () => {
  it.each([
    ['2s', 'restart_grace_ms', '2s is 2000 here: write 2000'],
    ['10m', 'quiet_seconds', '10m is 600 here: write 600'],
    ['500ms', 'interval_seconds', '500ms is 0.5 here: write 0.5'],
    ['2m', 'interval_seconds', '2m is 120 here: write 120'],
    ['1h', 'quiet_seconds', '1h is 3600 here: write 3600'],
    ['10000ms', 'quiet_seconds', '10000ms is 10 here: write 10'],
    ['1h30m', 'quiet_seconds', '1h30m is 5400 here: write 5400'],
    ['1m1s', 'quiet_seconds', '1m1s is 61 here: write 61'],
    ['60m1s', 'settle_ms', '60m1s is 3601000 here: write 3601000'],
    [' 1.5 seconds ', 'settle_ms', '1.5 seconds is 1500 here: write 1500'],
    ['48h', 'expiring_days', '48h is 2 here: write 2'],
    ['0.1ms', 'interval_seconds', '0.1ms is 0.0001 here: write 0.0001'],
  ])('%j of %s', (value, key, expected) => {
    expect(hint(value, key)).toBe(expected);
  });

  it.each([
    ['9s', 'hold_time_seconds', 9],
    ['300 ms', 'quiet_ms', 300],
    ['14d', 'expiring_days', 14],
    ['600', 'quiet_seconds', 600],
    ['4500', 'ports', 4500],
    ['80%', 'collapse_percent', 80],
    ['179x', 'port', 179],
  ])('%j of %s is what it says', (value, key, meant) => {
    expect(hint(value, key)).toBe(`${ALONE}, e.g. ${meant}`);
  });

  it.each([
    ['soon', 'quiet_seconds', ', in seconds'],
    ['2 fortnights', 'restart_grace_ms', ', in milliseconds'],
    ['2 constructor', 'restart_grace_ms', ', in milliseconds'],
    ['10M', 'restart_grace_ms', ', in milliseconds'],
    ['1-2s', 'expiring_days', ', in days'],
    ['1,5s', 'interval_seconds', ', in seconds'],
    ['10k', 'ike_sas_maximum', ''],
    ['10 000', 'ike_sas_maximum', ''],
    ['1,000', 'ike_sas_maximum', ''],
    ['65001:100', 'peer_as', ''],
    ['first', 'preference', ''],
    ['', 'preference', ''],
    ['9'.repeat(100_000), 'preference', ''],
    [`${'1s'.repeat(50_000)}!`, 'quiet_seconds', ', in seconds'],
  ])('%.20j of %s gets no number', (value, key, unit) => {
    expect(hint(value, key)).toBe(`${ALONE}${unit}`);
  });

  it('gets no number that the key does not take', () => {
    expect(hint('2m', 'settle_ms', 60_000)).toBe(`${ALONE}, in milliseconds`);
    expect(hint('1m', 'settle_ms', 60_000)).toBe('1m is 60000 here: write 60000');
  });
});

describe('config check', () => {
  const of = (text: string): string[] => problemsOf(`${MINIMAL}${text}\n`);

  it('converts into the unit of the key', () => {
    expect(of('strongswan: { restart_grace_ms: 2s }')).toEqual([
      'file:9: strongswan.restart_grace_ms: "2s" is not a whole number from 0 to 30000; 2s is 2000 here: write 2000',
    ]);
    expect(of('decision: { quiet_seconds: 10m }').join()).toMatch(/; 10m is 600 here: write 600$/u);
    expect(of('checks: [{ name: charon, type: charon, interval_seconds: 500ms }]').join()).toMatch(
      /; 500ms is 0\.5 here: write 0\.5$/u,
    );
  });

  it('gives no number outside of what the key takes', () => {
    expect(of('strongswan: { restart_grace_ms: 31s }').join()).toMatch(/or unit, in milliseconds$/u);
    expect(of('sessions: { pin: { delay_ms: 1.5ms } }').join()).toMatch(/or unit, in milliseconds$/u);
  });

  it('does the same for variables', () => {
    expect(problemsOf(MINIMAL, { SWANCAST_DECISION_QUIET_SECONDS: '10m' })).toEqual([
      expect.stringMatching(
        /^environment: SWANCAST_DECISION_QUIET_SECONDS: "10m" is not a number of seconds .*; write 600$/u,
      ),
    ]);
  });
});
