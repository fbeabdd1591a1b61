import { describe, expect, it } from 'vitest';
import type { Config } from '../../sidecar/config/config.ts';
import { parseConfig } from '../../sidecar/config/load.ts';
import { policyOf } from '../../sidecar/policy.ts';
import { reloadPlan } from '../../sidecar/reload.ts';

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

  it('puts the attributes of each state on the route', () => {
    expect(policy.prefixes[0]?.announced).toMatchObject({ prefix: '192.0.2.1/32', nextHop: 'self', med: 50 });
    expect(policy.prefixes[0]?.degraded).toMatchObject({
      prefix: '192.0.2.1/32',
      nextHop: 'self',
      med: 1000,
    });
    expect(policy.hold.holdDownMs).toBe(4000);
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
    ['attributes and hold-down', 'med: 50', 'med: 51', []],
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
});
