import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  exabgpProblems,
  guardCommand,
  renderExabgpConf,
  type ExabgpSettings,
  type NeighborSettings,
} from '../../bgp/exabgp-conf.ts';

const guard = guardCommand({
  launcher: '/usr/lib/swancast/launch-guard.sh',
  guard: ['/usr/lib/swancast/node', '/usr/lib/swancast/guard.cjs'],
  leaseSocket: '/run/swancast/lease.sock',
  localAs: 65001,
  ttlMs: 1000,
  maxAgeMs: 3000,
  handoverMs: 5000,
});
const v4: NeighborSettings = {
  address: '10.1.1.1',
  localAddress: '10.1.1.2',
  peerAs: 65000,
  localAs: 65001,
  holdSeconds: 9,
  port: 179,
  families: ['ipv4'],
};
const v6: NeighborSettings = {
  ...v4,
  address: 'fd00:1:1::1',
  localAddress: 'fd00:1:1::2',
  families: ['ipv6'],
};
const settings = (...neighbors: NeighborSettings[]): ExabgpSettings => ({
  routerId: '10.1.1.2',
  neighbors,
  guard,
});

describe('renderExabgpConf', () => {
  // To accept a change, read it and write it into the golden file by hand.
  it.each<[string, ExabgpSettings]>([
    ['v4', settings(v4)],
    ['v4-v6', settings(v4, v6)],
    ['md5-gtsm', settings({ ...v4, md5Password: 'p#w; {x} [y], z', outgoingTtl: 255, holdSeconds: 3 })],
    ['passive', settings({ ...v4, passive: true, outgoingTtl: 255, port: 1179 }, { ...v6, passive: true })],
    ['multihop-add-path', settings({ ...v4, outgoingTtl: 5, addPath: true })],
    ['ibgp', settings({ ...v4, peerAs: 65001, port: 1179, families: ['ipv4', 'ipv6'] })],
  ])('%s', (name, given) => {
    const golden = readFileSync(new URL(`golden/exabgp-${name}.conf`, import.meta.url), 'utf8');
    expect(renderExabgpConf(given)).toBe(golden);
  });

  it('throws on settings with problems', () => {
    expect(() => renderExabgpConf(settings())).toThrow('no neighbor: ExaBGP has nobody to talk to');
  });
});

describe('exabgpProblems', () => {
  it.each<[ExabgpSettings, string]>([
    [settings(), 'no neighbor: ExaBGP has nobody to talk to'],
    [{ ...settings(v4), routerId: '::1' }, 'router id "::1": four numbers such as 10.1.1.2 expected'],
    [
      { ...settings(v4), guard: ['/bin/sh', '/opt/my apps/x'] },
      `path or argument "/opt/my apps/x": letters, digits and @%+=:./_- expected in ExaBGP's run line`,
    ],
    [
      { ...settings(v4), guard: ['/bin/sh', 'x;\n}'] },
      `path or argument "x;\\n}": letters, digits and @%+=:./_- expected in ExaBGP's run line`,
    ],
    [settings(v4, v4), 'neighbor "10.1.1.1": named twice'],
    [settings({ ...v4, address: 'router1' }), 'neighbor "router1": an address expected'],
    [settings({ ...v4, localAddress: '' }), 'neighbor "10.1.1.1": local address "": an address expected'],
    [
      settings({ ...v4, localAddress: '::1' }),
      'neighbor "10.1.1.1": local address ::1: of the other family than the neighbor',
    ],
    [settings({ ...v4, peerAs: 0 }), 'neighbor "10.1.1.1": peer AS 0: 1 to 4294967294 expected'],
    [
      settings({ ...v4, localAs: 2 ** 32 - 1 }),
      'neighbor "10.1.1.1": local AS 4294967295: 1 to 4294967294 expected',
    ],
    [settings({ ...v4, holdSeconds: 2 }), 'neighbor "10.1.1.1": hold time 2 s: 0 or 3 to 65535 expected'],
    [settings({ ...v4, port: 0 }), 'neighbor "10.1.1.1": port 0: 1 to 65535 expected'],
    [settings({ ...v4, outgoingTtl: 256 }), 'neighbor "10.1.1.1": outgoing TTL 256: 1 to 255 expected'],
    [
      settings({ ...v6, passive: true, outgoingTtl: 255 }),
      'neighbor "fd00:1:1::1": passive: ExaBGP cannot set the TTL of IPv6 connections that come in: let it connect, or use no GTSM and no TTL here',
    ],
    [
      settings({ ...v4, families: [] }),
      'neighbor "10.1.1.1": families: ipv4, ipv6 or both expected, each once',
    ],
  ])('%#', (given, problem) => {
    expect(exabgpProblems(given)).toEqual([problem]);
  });

  it.each(['', 'a"b', "a'b", 'a\\b', 'a\nb', 'ü', 'x'.repeat(81)])(
    'keeps a bad password out of its message: %j',
    (md5Password) => {
      expect(exabgpProblems(settings({ ...v4, md5Password }))).toEqual([
        'neighbor "10.1.1.1": MD5 password: 1 to 80 printable ASCII characters without quotes and \\ expected',
      ]);
    },
  );
});
