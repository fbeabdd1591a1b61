import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseForceOrder, parseReleaseOrder } from '../../sidecar/order.ts';

const good = { prefix: '192.0.2.1/32', verb: 'withdraw', seconds: 600, reason: 'new kernel', who: 'alice' };

describe('an order to force', () => {
  it('is taken as it is, its texts trimmed', () => {
    expect(parseForceOrder(good)).toEqual(good);
    expect(parseForceOrder({ ...good, reason: ' new kernel\u00a0' })).toEqual(good);
    expect(parseForceOrder({ ...good, reason: 'Wartung: Übergabe an gw2 → 5 min' })).toMatchObject({
      who: 'alice',
    });
  });

  it.each([
    [null, 'a JSON object expected'],
    [[good], 'a JSON object expected'],
    ['withdraw', 'a JSON object expected'],
    [{ ...good, force: true }, '"force" is not known here; expected: prefix, verb, seconds, reason, who'],
    [
      JSON.parse('{"__proto__": {}}'),
      '"__proto__" is not known here; expected: prefix, verb, seconds, reason, who',
    ],
    [{ ...good, prefix: undefined }, 'prefix: address and length expected, such as "192.0.2.1/32"'],
    [{ ...good, prefix: '1'.repeat(65) }, 'prefix: address and length expected, such as "192.0.2.1/32"'],
    [{ ...good, verb: 'drain' }, 'verb: one of announce, withdraw expected'],
    [{ ...good, seconds: '600' }, 'seconds: a whole number from 1 to 86400 (24 hours) expected'],
    [{ ...good, seconds: 0 }, 'seconds: a whole number from 1 to 86400 (24 hours) expected'],
    [{ ...good, seconds: 1.5 }, 'seconds: a whole number from 1 to 86400 (24 hours) expected'],
    [{ ...good, seconds: 86_401 }, 'seconds: a whole number from 1 to 86400 (24 hours) expected'],
    [{ ...good, seconds: Number.NaN }, 'seconds: a whole number from 1 to 86400 (24 hours) expected'],
    [{ ...good, reason: '' }, 'reason: one line of 1 to 200 printable characters expected'],
    [{ ...good, reason: '   ' }, 'reason: one line of 1 to 200 printable characters expected'],
    [{ ...good, reason: 'x'.repeat(201) }, 'reason: one line of 1 to 200 printable characters expected'],
    [{ ...good, reason: 'two\nlines' }, 'reason: one line of 1 to 200 printable characters expected'],
    [{ ...good, who: '\u001b[2Jroot' }, 'who: one line of 1 to 64 printable characters expected'],
    [{ ...good, who: 7 }, 'who: one line of 1 to 64 printable characters expected'],
  ])('%j is refused', (raw: unknown, problem) => {
    expect(parseForceOrder(raw)).toBe(problem);
  });

  it('never throws, and lets nothing through that is not one', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (raw) => {
        expect(typeof parseForceOrder(raw)).toBe('string');
        expect(typeof parseReleaseOrder(raw)).toBe('string');
      }),
    );
  });
});

describe('an order to release', () => {
  it('names a prefix, or none for all', () => {
    expect(parseReleaseOrder({ who: 'alice' })).toEqual({ who: 'alice' });
    expect(parseReleaseOrder({ who: 'alice', prefix: good.prefix })).toEqual({
      who: 'alice',
      prefix: good.prefix,
    });
  });

  it.each([
    [{}, 'who: one line of 1 to 64 printable characters expected'],
    [{ who: 'alice', prefix: null }, 'prefix: address and length expected, such as "192.0.2.1/32"'],
    [{ who: 'alice', prefixes: [] }, '"prefixes" is not known here; expected: prefix, who'],
  ])('%j is refused', (raw: unknown, problem) => {
    expect(parseReleaseOrder(raw)).toBe(problem);
  });
});
