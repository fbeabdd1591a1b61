import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ROUTE_STATES, type PrefixConfig, type RouteConfig } from '../../../sidecar/config/config.ts';
import { routesOf } from '../../../sidecar/config/route.ts';
import { parse } from './fixture.ts';

const prefixOf = (words: string, more = '', localAs = 65001): PrefixConfig => {
  const [prefix] = parse(`
prefixes:
  - { prefix: 192.0.2.1/32, ${words} }
bgp:
  local_as: ${localAs}
  router_id: 10.1.1.2
  neighbors:
    - { address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }
${more}`).prefixes;
  if (prefix === undefined) throw new Error('no prefix');
  return prefix;
};
const shown = ({ med, prepend, localPreference, communities }: RouteConfig): string =>
  `${med} ${prepend} ${localPreference ?? '-'} ${communities?.join(' ')}`;
const table = (prefix: PrefixConfig): string[] => ROUTE_STATES.map((state) => shown(prefix[state]));

describe('preference', () => {
  it.each([
    [1, ['100 0 190 65001:101', '500 4 150 65001:105', '1100 5 90 65001:201']],
    [2, ['200 1 180 65001:102', '500 4 150 65001:105', '1200 6 80 65001:202']],
    [3, ['300 2 170 65001:103', '500 4 150 65001:105', '1300 7 70 65001:203']],
    [4, ['400 3 160 65001:104', '500 4 150 65001:105', '1400 8 60 65001:204']],
  ])('%d sets MED, prepend, local preference and community of every state', (preference, states) => {
    const draining = '10000 10 0 65535:0 65001:300';
    expect(table(prefixOf(`preference: ${preference}`))).toEqual([...states, draining]);
  });

  it('without it all gateways are alike, and only draining says more', () => {
    expect(table(prefixOf('preempt: true'))).toEqual([
      '100 0 - ',
      '500 2 - ',
      '1000 3 - ',
      '10000 10 0 65535:0',
    ]);
  });

  it('shows itself in a large community where the AS number is too long for the other', () => {
    const prefix = prefixOf('preference: 3', '', 4_200_000_001);
    expect([prefix.announced.communities, prefix.announced.largeCommunities]).toEqual([
      [],
      ['4200000001:0:103'],
    ]);
    expect([prefix.draining.communities, prefix.draining.largeCommunities]).toEqual([
      ['65535:0'],
      ['4200000001:0:300'],
    ]);
  });

  it('leaves the word to what is written, and to its consequences', () => {
    const prefix = prefixOf(
      "preference: 1, announced: { med: 7, communities: [no-export] }, degraded: { prepend: 1, communities: ['1:2'] }",
    );
    expect(table(prefix)).toEqual([
      '7 0 190 65535:65281',
      '500 1 150 65535:65281 65001:105',
      '1100 1 90 1:2',
      '10000 10 0 65535:65281 65535:0 65001:300',
    ]);
  });

  it.each([
    [120, '120 119 90 0'],
    [50, '50 49 48 0'],
    [0, '0 0 0 0'],
  ])('goes on downwards from a local preference of %d that is written', (localPreference, expected) => {
    const prefix = prefixOf(`preference: 1, announced: { local_preference: ${localPreference} }`);
    expect(ROUTE_STATES.map((state) => prefix[state].localPreference).join(' ')).toBe(expected);
  });

  it('makes every degraded worse than every announced, by each sign', () => {
    const all = [1, 2, 3, 4].map((preference) => prefixOf(`preference: ${preference}`));
    for (const { announced: good, yielding: late } of all) {
      for (const { degraded: bad, draining: last } of all) {
        for (const [better, worse] of [
          [good, late],
          [late, bad],
          [bad, last],
        ] as const) {
          expect(better.med).toBeLessThan(worse.med ?? 0);
          expect(better.prepend).toBeLessThan(worse.prepend ?? 0);
          expect(better.localPreference).toBeGreaterThan(worse.localPreference ?? Infinity);
        }
      }
    }
  });
});

describe('defaults beside what is written', () => {
  it('prepend nothing where no neighbor of the prefix takes it', () => {
    const ibgp = '    - { name: inner, address: 10.1.2.1, peer_as: 65001, local_address: 10.1.2.2 }';
    expect(
      table(prefixOf('neighbors: [inner], preference: 2', ibgp)).map((line) => line.split(' ')[1]),
    ).toEqual(['0', '0', '0', '0']);
    expect(prefixOf('preference: 2', ibgp).degraded.prepend).toBe(6);
  });

  it('give a state the next hop of the prefix, unless it has its own', () => {
    const prefix = prefixOf('next_hop: 10.1.1.7, degraded: { next_hop: self }');
    expect(ROUTE_STATES.map((state) => prefix[state].nextHop)).toEqual([
      '10.1.1.7',
      '10.1.1.7',
      'self',
      '10.1.1.7',
    ]);
  });

  it('keep the order of the states, whatever is written for announced', () => {
    const value = (max: number): fc.Arbitrary<number | undefined> =>
      fc.option(fc.nat(max), { nil: undefined });
    const nothing = {
      nextHop: undefined,
      med: undefined,
      localPreference: undefined,
      prepend: undefined,
      communities: undefined,
      largeCommunities: undefined,
      extendedCommunities: undefined,
    };
    const announced = fc.record({
      med: value(0xffffffff),
      prepend: value(16),
      localPreference: value(0xffffffff),
    });
    const preference = fc.constantFrom(undefined, 1 as const, 4 as const);
    fc.assert(
      fc.property(announced, preference, fc.boolean(), (written, choice, canPrepend) => {
        const given = {
          announced: { ...nothing, ...written },
          yielding: nothing,
          degraded: nothing,
          draining: nothing,
        };
        const prepend = canPrepend ? written.prepend : undefined;
        const routes = routesOf(
          { ...given, announced: { ...given.announced, prepend } },
          { preference: choice, localAs: 65001, nextHop: 'self', canPrepend },
        );
        const list = ROUTE_STATES.map((state) => routes[state]);
        for (const [index, worse] of list.entries()) {
          const better = list[index - 1];
          if (better === undefined) continue;
          expect(worse.med).toBeGreaterThanOrEqual(better.med ?? 0);
          expect(worse.prepend).toBeGreaterThanOrEqual(better.prepend ?? 0);
          expect(worse.prepend).toBeLessThanOrEqual(canPrepend ? 16 : 0);
          expect(worse.localPreference ?? 100).toBeLessThanOrEqual(better.localPreference ?? 100);
        }
      }),
    );
  });
});
