/** What the lab reads in a line of `ip monitor route`. */
import { describe, expect, it } from 'vitest';
import { parseRouteLine } from './lab/wire/route-line.ts';

describe('parseRouteLine', () => {
  const at = Date.UTC(2026, 10, 22, 19, 50, 1) + 123.456;

  it.each([
    [
      '192.0.2.1 via 10.1.1.2 dev gw1 proto bird metric 32',
      { destination: '192.0.2.1', deleted: false, via: '10.1.1.2' },
    ],
    [
      '192.0.2.1 nhid 12 via 10.1.2.2 dev gw2 proto bgp metric 20',
      { destination: '192.0.2.1', deleted: false, via: '10.1.2.2' },
    ],
    [
      'Deleted 2001:db8:53::1 via fd00:1:1::2 dev gw1 proto bgp',
      { destination: '2001:db8:53::1', deleted: true, via: 'fd00:1:1::2' },
    ],
    [
      '192.0.2.1 via inet6 fe80::2 dev gw1 proto bgp',
      { destination: '192.0.2.1', deleted: false, via: 'fe80::2' },
    ],
    ['unreachable 198.51.100.1', { destination: '198.51.100.1', deleted: false, via: undefined }],
  ])('reads "%s"', (text, route) => {
    expect(parseRouteLine(`[2026-11-22T19:50:01.123456] ${text}`)).toEqual({ at, ...route });
  });

  it('leaves out what is no route', () => {
    expect(parseRouteLine('\tnexthop via 10.1.1.2 dev gw1 weight 1')).toBeUndefined();
  });
});
