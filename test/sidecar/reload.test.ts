/** What a reload takes over, and what it names with its way out. */
import { describe, expect, it } from 'vitest';
import { reloadPlan, wayOut } from '../../sidecar/reload.ts';
import { config } from './two-families.fixture.ts';

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

  const NEIGHBOR = '    - { address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }\n';
  const FURTHER = '    - { address: 10.1.1.9, peer_as: 65000, local_address: 10.1.1.2 }\n';
  it.each([
    ['http', /^restart swancast$/u, 'decision:', 'http: { listen: "off" }\ndecision:'],
    ['a further neighbor', /^`systemctl reload swancast-bgp`/u, 'neighbors:\n', `neighbors:\n${FURTHER}`],
    ['another one and a further one', /^drain/u, NEIGHBOR, `${NEIGHBOR.replace('65000', '65009')}${FURTHER}`],
    ['a neighbor', /^drain/u, 'peer_as: 65000', 'peer_as: 65002'],
    ['the router id', /^drain/u, 'router_id: 10.1.1.2', 'router_id: 10.1.1.3'],
    ['a path id', /^drain/u, 'announced: { med: 50 }', 'path_id: 1'],
    [
      'the lease',
      /restart swancast-bgp swancast`, undrain$/u,
      'decision:',
      'lease: { ttl_seconds: 2 }\ndecision:',
    ],
  ])('the way out for %s', (_, way, from, to) => {
    const ways = [false, true].map((supervise) => {
      const text = (yaml: string): string => yaml.replace('bgp:', `bgp:\n  supervise: ${supervise}`);
      const [before, after] = [config(text), config((yaml) => text(yaml.replace(from, to)))];
      return wayOut(reloadPlan(before, after).needRestart, before, after);
    });
    expect(ways[0]).toMatch(way);
    // ExaBGP is a child then, and ends with its parent.
    expect(ways[1]).toBe('restart swancast');
  });

  it('the way out for a neighbor less', () => {
    const text = (yaml: string): string => yaml.replace('bgp:', 'bgp:\n  supervise: false');
    const [less, more] = [
      config(text),
      config((yaml) => text(yaml.replace('neighbors:\n', `neighbors:\n${FURTHER}`))),
    ];
    expect(wayOut(reloadPlan(more, less).needRestart, more, less)).toMatch(/^drain/u);
  });
});
