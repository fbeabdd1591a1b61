import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gtsmRules, type GtsmNeighbor } from '../../../sidecar/cli/gtsm.ts';

const neighbor = (address: string, own: Partial<GtsmNeighbor> = {}): GtsmNeighbor => ({
  ...{ address, family: address.includes(':') ? 6 : 4, port: 179, passive: false, gtsm: true },
  ...own,
});

const rules = (...neighbors: readonly GtsmNeighbor[]): string[] =>
  gtsmRules(neighbors)
    .split('\n')
    .filter((line) => line.includes(' drop'))
    .map((line) => line.trim());

describe('the receive side of GTSM', () => {
  it('is one rule for each neighbor that has it, of its family and for its port', () => {
    expect(
      rules(neighbor('10.1.1.1'), neighbor('10.1.1.9', { gtsm: false }), neighbor('fd00::1', { port: 1790 })),
    ).toEqual([
      'ip saddr 10.1.1.1 tcp sport 179 ip ttl != 255 counter drop',
      'ip6 saddr fd00::1 tcp sport 1790 ip6 hoplimit != 255 counter drop',
    ]);
  });

  it('is about our port where the neighbor connects', () => {
    expect(rules(neighbor('10.1.1.1', { passive: true }))).toEqual([
      'ip saddr 10.1.1.1 tcp dport 179 ip ttl != 255 counter drop',
    ]);
  });

  it('counts the hops of a neighbor that is farther away', () => {
    expect(
      rules(neighbor('10.1.1.1', { multihop: 1 }), neighbor('10.9.9.9', { multihop: 3 })).map(
        (rule) => / ttl (.*) counter/.exec(rule)?.[1],
      ),
    ).toEqual(['!= 255', '< 253']);
  });

  it('ships as an example that is rendered by this very code', () => {
    const shipped = readFileSync(new URL('../../../deploy/nftables/gtsm.nft', import.meta.url), 'utf8');
    expect(gtsmRules([neighbor('10.1.1.1'), neighbor('fd00:1:1::1')])).toBe(shipped);
  });

  it('without any is an empty chain, which takes the place of an older one', () => {
    expect(rules()).toEqual([]);
    expect(gtsmRules([])).toContain('delete table inet swancast_gtsm');
  });
});
