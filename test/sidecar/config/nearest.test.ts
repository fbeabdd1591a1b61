import { describe, expect, it } from 'vitest';
import { nearest } from '../../../sidecar/config/nearest.ts';

const KEYS = ['prefix', 'next_hop', 'hold_time_seconds', 'peer_as', 'local_as', 'local_address', 'log'];

describe('nearest', () => {
  it.each([
    ['prefx', 'prefix'],
    ['prefixes', 'prefix'],
    ['perfix', 'prefix'],
    ['nexthop', 'next_hop'],
    ['next-hop', 'next_hop'],
    ['nextHop', 'next_hop'],
    ['hold_time', 'hold_time_seconds'],
    ['holdTime', 'hold_time_seconds'],
    ['LOCAL_AS', 'local_as'],
    ['logging', 'log'],
  ])('%s → %s', (word, meant) => {
    expect(nearest(word, KEYS)).toBe(meant);
  });

  it.each(['colour', 'x', '', 'local', 'x'.repeat(100_000)])('has no idea about %.10s', (word) => {
    expect(nearest(word, KEYS)).toBeUndefined();
  });
});
