import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressBytes, hostBits, parsePrefix, prefixKey } from '../../bgp/address.ts';

describe('addressBytes', () => {
  it.each([
    ['192.0.2.1', [192, 0, 2, 1]],
    ['0.0.0.0', [0, 0, 0, 0]],
    ['::', new Array(16).fill(0)],
    ['2001:db8::1', [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), 1]],
    ['2001:DB8:0:0:0:0:0:1', [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), 1]],
    ['1::', [0, 1, ...new Array(14).fill(0)]],
    ['::ffff:192.0.2.1', [...new Array(10).fill(0), 255, 255, 192, 0, 2, 1]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
  ])('reads %s', (text, bytes) => {
    expect(addressBytes(text)).toEqual(bytes);
  });

  it.each([
    ...[
      '',
      '1.2.3',
      '1.2.3.4.5',
      '256.0.0.1',
      '01.2.3.4',
      '1.2.3.-4',
      ' 1.2.3.4',
      '1.2.3.4\n',
      '1.2.3.4%eth0',
    ],
    ...[
      ':',
      ':::',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1::2::3',
      '12345::',
      'g::',
      'fe80::1%eth0',
      '[::1]',
    ],
    ...['1:2:3:4:5:6:7:8::', '::1.2.3', '1.2.3.4::', '::1:1.2.3.4:1'],
  ])('refuses %j', (text) => {
    expect(addressBytes(text)).toBeUndefined();
  });
});

describe('parsePrefix', () => {
  it.each([
    '192.0.2.1',
    '192.0.2.1/',
    '192.0.2.1/33',
    '192.0.2.1/032',
    '192.0.2.1/-1',
    '::/129',
    '::1/1/2',
    '/32',
    'a/8',
  ])('refuses %j', (text) => {
    expect(parsePrefix(text)).toBeUndefined();
  });

  it.each([
    ['192.0.2.0/24', false],
    ['192.0.2.1/24', true],
    ['192.0.2.1/32', false],
    ['0.0.0.0/0', false],
    ['0.0.0.1/0', true],
    ['192.0.2.128/25', false],
    ['192.0.2.192/25', true],
    ['2001:db8::/32', false],
    ['2001:db8::1/64', true],
    ['2001:db8::1/128', false],
  ])('sees host bits in %s: %s', (text, expected) => {
    const prefix = parsePrefix(text);
    expect(prefix && hostBits(prefix)).toBe(expected);
  });

  it('gives one key to every spelling of a prefix', () => {
    const keys = ['2001:db8::1/128', '2001:DB8:0:0::1/128', '2001:0db8:0000::0001/128'].map((text) => {
      const prefix = parsePrefix(text);
      return prefix && prefixKey(prefix);
    });
    expect(new Set(keys).size).toBe(1);
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), fc.string(), (address, length) => {
        const prefix = parsePrefix(`${address}/${length}`);
        expect(prefix === undefined || prefix.bytes.length === (prefix.family === 4 ? 4 : 16)).toBe(true);
      }),
    );
  });

  it('reads every address that there is', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV6(), (v4, v6) => {
        expect([addressBytes(v4)?.length, addressBytes(v6)?.length]).toEqual([4, 16]);
      }),
    );
  });
});
