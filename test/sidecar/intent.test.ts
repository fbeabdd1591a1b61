import { describe, expect, it } from 'vitest';
import {
  byPrefix,
  ended,
  intentOf,
  intentsText,
  parseDuration,
  parseIntents,
  type Moment,
} from '../../sidecar/intent.ts';

const NOON = Date.parse('2026-01-01T12:00:00.000Z');
const MINUTE = 60_000;
const at = (now: number, time: number): Moment => ({ now, time });
const order = { prefix: '192.0.2.1/32', verb: 'withdraw', reason: 'new kernel', who: 'alice' } as const;
const tenMinutes = intentOf({ ...order, seconds: 600 }, at(5000, NOON));

describe('an intent', () => {
  it('ends on the monotonic clock, and says so on the wall clock', () => {
    expect(tenMinutes).toEqual({
      ...order,
      since: '2026-01-01T12:00:00.000Z',
      until: '2026-01-01T12:10:00.000Z',
      endsAt: 605_000,
    });
  });

  it('is over at its time, or when its prefix is not configured', () => {
    const prefixes = [{ prefix: order.prefix }];
    expect(ended(byPrefix([tenMinutes]), prefixes, 604_999)).toEqual([]);
    expect(ended(byPrefix([tenMinutes]), prefixes, 605_000)).toEqual([
      { intent: tenMinutes, why: 'expired' },
    ]);
    expect(ended(byPrefix([tenMinutes]), [], 6000)).toEqual([{ intent: tenMinutes, why: 'not-configured' }]);
  });
});

describe('a duration', () => {
  it.each([
    ['90s', 90],
    ['10m', 600],
    ['2h', 7200],
    ['1h30m', 5400],
    ['1h1m1s', 3661],
    ['0s', 0],
    ['24h', 86_400],
  ])('%s is %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '10', 'm', '1d', '-1s', '1.5h', '30m1h', '1h 30m', '10M', '1e3s', '9999999s', ' 10s'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe('kept over a restart', () => {
  const text = intentsText([tenMinutes]);

  it('goes on for what is left of it', () => {
    const read = parseIntents(text, at(100, NOON + 4 * MINUTE));
    expect(read).toEqual({
      intents: [{ ...tenMinutes, endsAt: 100 + 6 * MINUTE }],
      corrected: false,
      problems: [],
    });
  });

  it.each([0, 1, MINUTE])('is dropped when its time is over, %d ms ago', (late) => {
    expect(parseIntents(text, at(100, NOON + 10 * MINUTE + late))).toEqual({
      intents: [],
      corrected: true,
      problems: [],
    });
  });

  it('with a clock that was set back it never lasts longer than was ordered', () => {
    const read = parseIntents(text, at(100, NOON - 365 * 24 * 60 * MINUTE));
    expect(read).toEqual({
      intents: [
        {
          ...order,
          since: '2025-01-01T12:00:00.000Z',
          until: '2025-01-01T12:10:00.000Z',
          endsAt: 100 + 10 * MINUTE,
        },
      ],
      corrected: true,
      problems: [],
    });
    // What is written then is right for the next restart.
    const again = typeof read === 'string' ? '' : intentsText(read.intents);
    expect(parseIntents(again, at(0, Date.parse('2025-01-01T12:09:00.000Z')))).toMatchObject({
      intents: [{ endsAt: MINUTE }],
    });
  });

  it('never lasts longer than anybody may order, whatever somebody wrote into the file', () => {
    const long = text.replace('T12:10', 'T13:10').replace('2026-01-01T13', '2036-01-01T13');
    const read = parseIntents(long, at(0, NOON));
    expect(read).toMatchObject({ intents: [{ endsAt: 24 * 60 * MINUTE }], corrected: true });
  });

  it.each([
    ['', 'it is not JSON'],
    ['{"version": 1, "forced": [{"pre', 'it is not JSON'],
    ['null', 'it is not a JSON object'],
    ['[]', 'it is not a JSON object'],
  ])('is not read from something else: %j', (bad, problem) => {
    expect(parseIntents(bad, at(0, NOON))).toBe(problem);
  });

  const TIME = 'a time such as 2026-01-01T12:00:00.000Z';
  it.each([
    [text.replace('"withdraw"', '"destroy"'), 'forced[0].verb', '"destroy"', 'announce or withdraw'],
    [text.replace('2026-01-01T12:10', 'soon'), 'forced[0].until', '"soon:00.000Z"', TIME],
    [
      text.replace('2026-01-01T12:10', '2026-01-01T11:10'),
      'forced[0].until',
      '"2026-01-01T11:10:00.000Z"',
      'not before since, 2026-01-01T12:00:00.000Z',
    ],
    [text.replace('2026-01-01T12:00', 'then'), 'forced[0].since', '"then:00.000Z"', TIME],
    [text.replace('alice', '\\u009b2J'), 'forced[0].who', '"?2J"', 'one printable line'],
    [text.replace('"new kernel"', '7'), 'forced[0].reason', '7', 'one printable line'],
    ['{"version": 1, "forced": [7]}', 'forced[0]', '7', 'an object'],
    ['{"version": 1, "forced": {}}', 'forced', 'an object', 'a list'],
    ['{"version": 1, "forced": null}', 'forced', 'null', 'a list'],
    ['{"version": 1}', 'forced', 'not there', 'a list'],
    ['{"version": 1, "forced": [], "forcd": [1]}', 'forcd', 'a list of 1', 'version, forced and drain alone'],
  ])('names what is broken, and takes nothing from it: %j', (bad, key, value, expected) => {
    const read = parseIntents(bad, at(0, NOON));
    expect(read).toMatchObject({ intents: [], problems: [{ key, value, expected }] });
  });

  it('each part by itself: what is broken takes nothing else along', () => {
    const drain = { who: 'bob' };
    const other = intentOf({ ...order, prefix: '2001:db8::1/128', seconds: 600 }, at(0, NOON));
    const good = JSON.parse(intentsText([other, tenMinutes], drain)) as { forced: object[] };
    const [first = {}, ...rest] = good.forced;
    const mixed = JSON.stringify({ ...good, forced: [{ ...first, verb: 'x' }, ...rest] });
    expect(parseIntents(mixed, at(5000, NOON))).toMatchObject({
      intents: [tenMinutes],
      corrected: false,
      drain,
      problems: [{ key: 'forced[0].verb' }],
    });
    expect(parseIntents(JSON.stringify({ ...good, forced: 'x' }), at(0, NOON))).toMatchObject({ drain });
    const later = parseIntents(JSON.stringify({ ...good, version: 2 }), at(5000, NOON));
    expect(later).toMatchObject({
      intents: [{ prefix: other.prefix }, tenMinutes],
      drain,
      problems: [{ key: 'version', value: '2', expected: '1' }],
    });
  });

  it('says nothing of the inside of a value, which may be as deep as the file is long', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const read = parseIntents(`{"version": 1, "forced": [], "deep": ${deep}}`, at(0, NOON));
    expect(read).toMatchObject({ problems: [{ key: 'deep', value: 'a list of 1' }] });
    const long = parseIntents(`{"version": "${'x'.repeat(1000)}", "forced": []}`, at(0, NOON));
    expect(typeof long === 'string' ? '' : long.problems[0]?.value).toHaveLength(60);
  });
});
