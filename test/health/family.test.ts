import { describe, expect, it } from 'vitest';
import { commonFamily, familyOfHost, familyOfUrl } from '../../health/family.ts';
import { checkFamily } from '../../health/registry.ts';

describe('the address family', () => {
  it.each([
    ['192.0.2.1', 4],
    ['2001:db8:53::1', 6],
    ['::ffff:192.0.2.1', 6],
    ['[2001:db8::1]', 6],
    ['gw1.example.org', undefined],
    ['10.example.org', undefined],
    ['', undefined],
  ])('of the host %j is %s', (host, family) => {
    expect(familyOfHost(host)).toBe(family);
  });

  it.each([
    ['http://192.0.2.1/health', 4],
    ['https://[2001:db8::1]:8443/', 6],
    ['https://intranet.example.org/', undefined],
    ['no url', undefined],
  ])('of the URL %j is %s', (url, family) => {
    expect(familyOfUrl(url)).toBe(family);
  });

  it.each<[(4 | 6 | undefined)[], 4 | 6 | undefined]>([
    [[4, 4], 4],
    [[6], 6],
    [[4, 6], undefined],
    [[6, undefined], undefined],
    [[undefined, 6], undefined],
    [[], undefined],
  ])('common to %j is %s', (families, common) => {
    expect(commonFamily(families)).toBe(common);
  });

  it.each([
    ['ike-probe', { address: '2001:db8:53::1' }, 6],
    ['ike-probe', { address: '192.0.2.1' }, 4],
    ['charon', { connectionsMinimum: 1 }, undefined],
    ['constructor', {}, undefined],
  ])('that a check of type %s with %j speaks for is %s', (type, limits, family) => {
    expect(checkFamily({ type, limits })).toBe(family);
  });
});
