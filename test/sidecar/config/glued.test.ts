import { describe, expect, it } from 'vitest';
import { gluedHint, gluedKey } from '../../../sidecar/config/glued.ts';

describe('a key glued to its value', () => {
  it.each([
    ['local_as:65001', 'local_as', 'local_as: 65001'],
    ['  - - name:charon  ', 'name', 'name: charon'],
    ['vici_socket:/run/charon.vici', 'vici_socket', 'vici_socket: /run/charon.vici'],
    ['prefixes:[a]', 'prefixes', 'prefixes: [a]'],
    ['prefix:2001:db8::/48', 'prefix', 'prefix: 2001:db8::/48'],
  ])('%j', (text, key, better) => {
    expect(gluedKey(text)).toBe(key);
    expect(gluedHint(text)).toBe(`the blank after a colon is missing: write "${better}"`);
  });

  it.each([
    'local_as: 65001',
    'local_as:',
    'fd00:1::1',
    'FE80:2:3::1',
    '2001:db8::1',
    '65001:100',
    'http://example.org',
    'no-export',
    '',
    ':x',
  ])('is not %j', (text) => {
    expect(gluedKey(text)).toBeUndefined();
    expect(gluedHint(text)).toBeUndefined();
  });
});
