import { describe, expect, it } from 'vitest';
import { announcementSetProblems, type Announcement } from '../../bgp/announcement.ts';
import { parseConfig } from '../../sidecar/config/load.ts';
import { policyOf } from '../../sidecar/policy.ts';
import { config } from './two-families.fixture.ts';

describe('policy', () => {
  const policy = policyOf(config());

  it('lets a check with an address speak for the prefixes of its family, unless the prefix names its checks', () => {
    expect(policy.prefixes.map(({ prefix, checks }) => [prefix, checks])).toEqual([
      ['192.0.2.1/32', ['charon', 'sas', 'probe4']],
      ['2001:db8:53::1/128', ['charon', 'sas', 'probe6']],
      ['198.51.100.0/24', ['charon']],
    ]);
  });

  it('takes from the type what must rise and what proves charon alive, and from the file the rest', () => {
    const shown = [...policy.checks].map(([name, rule]) => [
      name,
      rule.required,
      rule.proves,
      rule.rise,
      rule.class,
    ]);
    expect(shown).toEqual([
      ['charon', true, true, 3, undefined],
      ['sas', false, false, 1, 'advisory'],
      ['probe4', true, true, 1, undefined],
      ['probe6', true, true, 1, undefined],
    ]);
    expect(policy.checks.get('sas')?.dependsOn).toEqual(['charon']);
  });

  it('pins to our own address, as the section sessions says or else our entry in the fleet', () => {
    const own = (more: string): unknown =>
      policyOf(config((yaml) => `${yaml}fleet: { gateways: [${ENTRY}] }\nsessions: {${more}}\n`)).sessions
        .own;
    const ENTRY =
      '{ name: gw1, url: "http://10.1.1.2:9179", address: 203.0.113.1, address6: "2001:db8:1::1" }';
    expect(own('')).toEqual({ name: 'gw1', address: '203.0.113.1', address6: '2001:db8:1::1' });
    expect(own(' own_address: 203.0.113.9 ')).toMatchObject({ address: '203.0.113.9' });
    expect(policy.sessions).toMatchObject({
      own: { name: 'gw1' },
      anycast: policy.prefixes.map(({ prefix }) => prefix),
    });
  });

  it('puts the attributes of each state on the route', () => {
    expect(policy.prefixes[0]?.routes.announced[0]).toMatchObject({
      prefix: '192.0.2.1/32',
      nextHop: 'self',
      med: 50,
    });
    expect(policy.prefixes[0]?.routes.degraded[0]).toMatchObject({
      prefix: '192.0.2.1/32',
      nextHop: 'self',
      med: 1000,
    });
    expect(policy.hold.holdDownMs).toBe(4000);
  });
});

const route = ({ nextHop, neighbors, med, prepend, localPreference, pathId }: Announcement): string =>
  [
    neighbors?.join('+') ?? 'everybody',
    `med ${med} prepend ${prepend}`,
    ...(localPreference === undefined ? [] : [`local ${localPreference}`]),
    ...(nextHop === 'self' ? [] : [`via ${nextHop}`]),
    ...(pathId === undefined ? [] : [`path ${pathId}`]),
  ].join(' ');

/** What each state of each prefix comes to, for these prefixes and neighbors. */
const routing = (prefixes: string, neighbors: string): Readonly<Record<string, Record<string, string[]>>> => {
  const text = `prefixes:\n${prefixes}\nbgp:\n  local_as: 65001\n  router_id: 10.1.1.2\n  neighbors:\n${neighbors}`;
  const policy = policyOf(parseConfig(text, { file: 'test.yaml', env: {}, hostname: 'gw1' }));
  return Object.fromEntries(
    policy.prefixes.map(({ prefix, routes }) => {
      for (const state of Object.values(routes)) expect(announcementSetProblems(state)).toEqual([]);
      return [
        prefix,
        Object.fromEntries(Object.entries(routes).map(([state, list]) => [state, list.map(route)])),
      ];
    }),
  );
};
const EBGP = '    - { name: r1, address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }\n';
const EBGP6 = '    - { name: r1-v6, address: "fd00:1:1::1", peer_as: 65000, local_address: "fd00:1:1::2" }\n';
const IBGP = '    - { name: core, address: 10.2.1.1, peer_as: 65001, local_address: 10.2.1.2 }\n';
const SHOWN =
  '    - { name: other, address: 10.3.1.1, peer_as: 65002, local_as: 64999, local_address: 10.3.1.2 }\n';
const INSIDE = IBGP.replace('core', 'in').replace(' }', ', side: inside }');

describe('the routes of a prefix', () => {
  it('are one without names where all neighbors are told the same', () => {
    const routes = routing(
      '  - prefix: 192.0.2.1/32',
      EBGP + EBGP6 + EBGP.replaceAll('10.1.1', '10.1.2').replace('r1', 'r2'),
    );
    expect(routes['192.0.2.1/32']).toEqual({
      announced: ['everybody med 100 prepend 0'],
      yielding: ['everybody med 500 prepend 2'],
      degraded: ['everybody med 1000 prepend 3'],
      draining: ['everybody med 10000 prepend 10'],
    });
  });

  it('split where iBGP is told of preference by another sign than eBGP, each neighbor in one', () => {
    const routes = routing('  - { prefix: 192.0.2.1/32, preference: 2 }', EBGP + IBGP + SHOWN);
    expect(routes['192.0.2.1/32']).toEqual({
      announced: [
        '10.1.1.1 med 200 prepend 1',
        '10.2.1.1 med 200 prepend 0 local 180',
        '10.3.1.1 med 200 prepend 0',
      ],
      yielding: [
        '10.1.1.1 med 500 prepend 4',
        '10.2.1.1 med 500 prepend 0 local 150',
        '10.3.1.1 med 500 prepend 0',
      ],
      degraded: [
        '10.1.1.1 med 1200 prepend 6',
        '10.2.1.1 med 1200 prepend 0 local 80',
        '10.3.1.1 med 1200 prepend 0',
      ],
      draining: [
        '10.1.1.1 med 10000 prepend 10',
        '10.2.1.1 med 10000 prepend 0 local 0',
        '10.3.1.1 med 10000 prepend 0',
      ],
    });
  });

  it('split in every state where they split in one: a change of state changes words and no hearers', () => {
    const routes = routing('  - prefix: 192.0.2.1/32', EBGP + IBGP);
    expect(routes['192.0.2.1/32']?.['announced']).toEqual([
      '10.1.1.1 med 100 prepend 0',
      '10.2.1.1 med 100 prepend 0',
    ]);
    expect(routes['192.0.2.1/32']?.['degraded']).toEqual([
      '10.1.1.1 med 1000 prepend 3',
      '10.2.1.1 med 1000 prepend 0',
    ]);
  });

  it('go to the neighbors of their side, or to those that are named', () => {
    const prefixes = `  - prefix: 192.0.2.1/32
  - { prefix: 10.3.0.0/16, side: inside, path_id: 3 }
  - { prefix: 198.51.100.0/24, neighbors: [in, 10.1.1.1], announced: { next_hop: 10.1.1.7 } }
  - prefix: 2001:db8:53::1/128`;
    const routes = routing(prefixes, EBGP + INSIDE + EBGP6);
    expect(Object.entries(routes).map(([prefix, { announced }]) => [prefix, announced])).toEqual([
      ['192.0.2.1/32', ['10.1.1.1 med 100 prepend 0']],
      ['10.3.0.0/16', ['10.2.1.1 med 100 prepend 0 path 3']],
      [
        '198.51.100.0/24',
        ['10.1.1.1 med 100 prepend 0 via 10.1.1.7', '10.2.1.1 med 100 prepend 0 via 10.1.1.7'],
      ],
      ['2001:db8:53::1/128', ['everybody med 100 prepend 0']],
    ]);
  });

  it('of an inside prefix go to everybody where no neighbor is inside', () => {
    expect(routing('  - { prefix: 10.3.0.0/16, side: inside }', EBGP)['10.3.0.0/16']?.['announced']).toEqual([
      'everybody med 100 prepend 0',
    ]);
  });
});

describe('fleet', () => {
  const fleet = `fleet:
  gateways:
    - { name: gw1, url: "http://gw1:9179" }
    - { name: gw2, url: "http://gw2:9179", address: 203.0.113.2, capacity: 9 }
`;

  it('is there with the others alone, or not at all', () => {
    expect(policyOf(config()).fleet).toBeUndefined();
    expect(policyOf(config((yaml) => yaml + fleet)).fleet).toEqual({
      maxAgeMs: 5000,
      minimumOthers: 1,
      members: [{ name: 'gw2', address: '203.0.113.2', capacity: 9 }],
    });
  });

  it('and what it means for a prefix go into the policy', () => {
    const [first] = policyOf(
      config((yaml) => yaml.replace('med: 50 }', 'med: 50 }\n    preempt: false\n    preference: 3')),
    ).prefixes;
    expect(first).toMatchObject({ side: 'outside', preempt: false, preference: 3 });
    expect(policyOf(config()).hold).toMatchObject({
      flapLimit: 5,
      flapWindowMs: 600_000,
      flapHoldMs: 1_800_000,
    });
  });
});
