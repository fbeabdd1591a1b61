import { describe, expect, it } from 'vitest';
import { announcementSetProblems, type Announcement } from '../../bgp/announcement.ts';
import type { Config } from '../../sidecar/config/config.ts';
import { parseConfig } from '../../sidecar/config/load.ts';
import { policyOf } from '../../sidecar/policy.ts';
import { reloadPlan, wayOut } from '../../sidecar/reload.ts';

const BASE = `
prefixes:
  - prefix: 192.0.2.1/32
    announced: { med: 50 }
  - prefix: "2001:db8:53::1/128"
  - { prefix: 198.51.100.0/24, checks: [charon] }
bgp:
  local_as: 65001
  router_id: 10.1.1.2
  neighbors:
    - { address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }
    - { address: "fd00:1:1::1", peer_as: 65000, local_address: "fd00:1:1::2" }
decision: { hold_down_seconds: 4 }
checks:
  - { name: charon, type: charon, rise: 3 }
  - { name: sas, type: sa-count, class: advisory }
  - { name: probe4, type: ike-probe, limits: { address: 192.0.2.1 } }
  - { name: probe6, type: ike-probe, limits: { address: "2001:db8:53::1" } }
`;
const config = (change: (yaml: string) => string = (yaml) => yaml): Config =>
  parseConfig(change(BASE), { file: 'test.yaml', env: {}, hostname: 'gw1' });

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

describe('reload', () => {
  it('the same file changes nothing', () => {
    expect(reloadPlan(config(), config())).toEqual({ needRestart: [], changed: new Set() });
  });

  it.each<[string, string, string, string[]]>([
    ['a check with other limits', 'address: 192.0.2.1 }', 'address: 192.0.2.1, ports: [500] }', ['probe4']],
    ['a check with another pace', 'rise: 3', 'rise: 2', ['charon']],
    ['a check that is new', 'name: sas,', 'name: sas-new,', ['sas-new']],
    ['attributes', 'med: 50', 'med: 51', []],
    ['hold-down and flaps', 'hold_down_seconds: 4 }', 'hold_down_seconds: 5, flap_limit: 9 }', []],
    ['preference', 'announced: { med: 50 }', 'preference: 2', []],
    ['who hears of it', 'announced: { med: 50 }', 'neighbors: [10.1.1.1]', []],
    ['a fleet', 'decision:', "fleet: { gateways: [{ name: gw2, url: 'http://gw2' }] }\ndecision:", []],
    ['the name of a neighbor', 'address: 10.1.1.1,', 'address: 10.1.1.1, name: r1,', []],
    [
      'the sides of the neighbors',
      '{ address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }\n    - {',
      '{ address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2, side: inside }\n    - { side: inside,',
      [],
    ],
    ['a fence', 'bgp:', "bgp:\n  allowed_prefixes: [192.0.2.0/24, '2001:db8::/32', 198.51.100.0/24]", []],
    [
      'sessions',
      'decision:',
      'sessions: { pin: { enabled: true }, own_address: 203.0.113.1 }\ndecision:',
      [],
    ],
    ['a prefix that is new', 'bgp:', '  - prefix: 203.0.113.0/24\nbgp:', []],
  ])('%s', (_, from, to, changed) => {
    const plan = reloadPlan(
      config(),
      config((yaml) => yaml.replace(from, to)),
    );
    expect(plan).toEqual({ needRestart: [], changed: new Set(changed) });
  });

  it.each([
    ['bgp.neighbors[0].peer_as', 'peer_as: 65000', 'peer_as: 65002'],
    ['bgp.router_id', 'router_id: 10.1.1.2', 'router_id: 10.1.1.3'],
    ['strongswan.vici_socket', 'decision:', 'strongswan: { vici_socket: /run/other.vici }\ndecision:'],
    ['lease.ttl_seconds', 'decision:', 'lease: { ttl_seconds: 2 }\ndecision:'],
    ['http.listen', 'decision:', 'http: { listen: "off" }\ndecision:'],
    ['control.socket', 'decision:', 'control: { socket: /run/other.sock }\ndecision:'],
    ['http.token_file', 'decision:', 'http: { token_file: /etc/token }\ndecision:'],
    ['http.tls', 'decision:', 'http: { tls: { certificate_file: /c, key_file: /k } }\ndecision:'],
    ['bgp.neighbors[0].passive', 'address: 10.1.1.1,', 'address: 10.1.1.1, passive: true,'],
    ['prefixes[].path_id', 'announced: { med: 50 }', 'path_id: 1'],
    ['gateway.name', 'decision:', 'gateway: { name: other }\ndecision:'],
    [
      'bgp.neighbors',
      'neighbors:',
      'neighbors:\n    - { address: 10.1.1.9, peer_as: 65000, local_address: 10.1.1.2 }',
    ],
  ])('what changed in %s needs a restart', (key, from, to) => {
    expect(
      reloadPlan(
        config(),
        config((yaml) => yaml.replace(from, to)),
      ).needRestart,
    ).toEqual([key]);
  });

  it.each([
    [['http.listen'], false, /^restart swancast$/u],
    [
      ['bgp.neighbors', 'gateway.name'],
      false,
      /^`systemctl reload swancast-bgp`, then .*restart swancast`$/u,
    ],
    [['http.listen', 'lease.ttl_seconds'], false, /^drain this gateway, .*restart swancast-bgp swancast`/u],
    [['bgp.router_id'], false, /^drain/u],
    [['bgp.neighbors', 'bgp.neighbors[0].peer_as'], false, /^drain/u],
    [['prefixes[].path_id'], false, /^drain/u],
    // ExaBGP is a child then, and ends with its parent.
    [['lease.ttl_seconds', 'bgp.neighbors'], true, /^restart swancast$/u],
  ])('the way out for %j, supervise: %s', (keys, supervise, way) => {
    expect(
      wayOut(
        keys,
        config((yaml) => yaml.replace('bgp:', `bgp:\n  supervise: ${supervise}`)),
      ),
    ).toMatch(way);
  });
});
