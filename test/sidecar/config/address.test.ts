import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressText, prefixProblem, prefixText } from '../../../sidecar/config/address.ts';

describe('addressText', () => {
  it.each([
    ['10.1.1.1', '10.1.1.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ])('%s → %s', (text, canonical) => {
    expect(addressText(text, 'unicast')).toBe(canonical);
  });

  it.each([
    '10.1',
    '010.1.1.1',
    '0x7f.1.1.1',
    '1.2.3.256',
    '1.2.3.4.5',
    '1.2.3',
    '',
    ' 1.2.3.4',
    '::1%lo',
    ':::',
    '1',
    '[::1]',
  ])('refuses %j', (text) => {
    expect(addressText(text, 'any')).toBeUndefined();
  });

  it.each(['0.0.0.0', '::', '224.0.0.1', 'ff02::1', '255.255.255.255', '::ffff:192.0.2.1'])(
    'knows that %s is no host',
    (text) => {
      expect([addressText(text, 'any') !== undefined, addressText(text, 'unicast')]).toEqual([
        true,
        undefined,
      ]);
    },
  );
});

describe('prefixes', () => {
  it('suggests a prefix that is right, whatever address and length were written', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(address, fc.nat(128), (text, length) => {
        const problem = prefixProblem(`${text}/${length}`);
        const suggestions = [...(problem ?? '').matchAll(/"([^"]+)" for the/gu)].map(
          ([, found]) => found ?? '',
        );
        for (const suggestion of suggestions) {
          const again = prefixProblem(suggestion);
          expect(again === undefined || !again.includes('host bits')).toBe(true);
          expect(prefixText(suggestion)).toBe(suggestion);
        }
        expect(problem?.includes('host bits') === true).toBe(suggestions.length === 2);
      }),
    );
  });
});
