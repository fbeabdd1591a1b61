import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NAME_PATTERN } from './lab/ledger.ts';
import { clientSwanctlConf } from './lab/strongswan-conf.ts';
import {
  canaryNamespace,
  gatewayAt,
  planNetwork,
  planTopology,
  PREFIX4,
  PREFIX6,
  ROUTER_AS,
  GATEWAY_AS,
} from './lab/topology.ts';

describe('planTopology', () => {
  const topology = planTopology('x', 300);

  it('gives every client addresses of its own, each inside its traffic selector', () => {
    const all = topology.clients.flatMap((client) => [client.service, ...Object.values(client.inside)]);
    expect(new Set(all).size).toBe(1200);
    for (const { block, service, inside } of topology.clients) {
      const [network = '', length] = block.split('/');
      const number = (address: string): number =>
        address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      expect([length, number(network) % 8]).toEqual(['29', 0]);
      for (const address of [service, ...Object.values(inside)]) {
        expect(number(address) - number(network)).toBeGreaterThan(0);
        expect(number(address) - number(network)).toBeLessThan(7);
      }
    }
    expect(new Set(topology.clients.map((client) => client.block)).size).toBe(300);
  });

  it('knows a gateway by either address', () => {
    expect(gatewayAt(topology, '10.1.2.2')?.name).toBe('gw2');
    expect(gatewayAt(topology, 'fd00:1:1::2')?.name).toBe('gw1');
    expect(gatewayAt(topology, '10.1.1.1')).toBeUndefined();
    expect(gatewayAt(topology, undefined)).toBeUndefined();
  });

  it('keeps every name inside its namespaces', () => {
    const { links, inside } = planNetwork(topology);
    const names = Object.values(topology.namespaces);
    expect([...inside.keys()].toSorted()).toEqual(names.toSorted());
    for (const line of links)
      expect(line).toMatch(
        /^netns add sc-x-\w+$|^link add \S+ netns sc-x-\w+ type veth peer name \S+ netns sc-x-\w+$/,
      );
  });

  it("knows a canary's namespace, which no plan makes, for who cleans up after it", () => {
    const name = canaryNamespace(topology);
    expect(name).toBe('sc-x-canary');
    expect(Object.values(topology.namespaces)).not.toContain(name);
  });

  it('gives each client connection its own selector, identity and reqid', () => {
    const conf = clientSwanctlConf(planTopology('x', 3));
    for (const key of ['remote_ts', 'reqid', 'certs', 'id = client']) {
      const values = conf.match(new RegExp(`^ *${key}.*$`, 'gm')) ?? [];
      expect(new Set(values).size).toBe(3);
    }
  });
});

describe('deploy/routers', () => {
  it.each(['bird.conf', 'frr.conf'])('%s has the lab’s addresses', (file) => {
    const text = readFileSync(new URL(`../deploy/routers/${file}`, import.meta.url), 'utf8');
    const addresses = planTopology('x', 1).gateways.flatMap((gateway) => [
      gateway.address4,
      gateway.address6,
    ]);
    for (const part of [PREFIX4, PREFIX6, String(ROUTER_AS), String(GATEWAY_AS), ...addresses])
      expect(text).toContain(part);
  });
});

describe('lab names', () => {
  it.each(['lab', 'a', 'two-words', '0123456789abcdef'])('%s is one', (name) => {
    expect(NAME_PATTERN.test(name)).toBe(true);
  });

  it.each(['', '-a', 'a-', 'Lab', '../etc', 'a b', '0123456789abcdefg'])('"%s" is none', (name) => {
    expect(NAME_PATTERN.test(name)).toBe(false);
  });
});
