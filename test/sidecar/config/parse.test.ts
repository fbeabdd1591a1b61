/** What a good configuration comes to. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SESSIONS_DEFAULTS } from '../../../sidecar/sessions/policy.ts';
import { EXAMPLE, fixtures, fixtureText, MINIMAL, parse, problemsOf } from './fixture.ts';

/** What a route has when nobody says anything of it. */
const PLAIN = { nextHop: 'self', communities: [], largeCommunities: [], extendedCommunities: [] };

describe('good configurations', () => {
  it.each(fixtures('valid'))('%s', (name) => {
    expect(problemsOf(fixtureText(name))).toEqual([]);
  });

  it('fills in the defaults', () => {
    expect(parse(MINIMAL)).toEqual({
      profile: 'default',
      gateway: { name: 'gw.example' },
      strongswan: { viciSocket: '/run/charon.vici', restartGraceMs: 0 },
      sessions: SESSIONS_DEFAULTS,
      prefixes: [
        {
          prefix: '192.0.2.1/32',
          family: 4,
          side: 'outside',
          neighbors: undefined,
          preference: undefined,
          preempt: true,
          nextHop: 'self',
          checks: undefined,
          announced: { med: 100, prepend: 0, ...PLAIN },
          yielding: { med: 500, prepend: 2, ...PLAIN },
          degraded: { med: 1000, prepend: 3, ...PLAIN },
          draining: { med: 10_000, prepend: 10, localPreference: 0, ...PLAIN, communities: ['65535:0'] },
        },
      ],
      bgp: {
        supervise: true,
        exabgp: '/usr/sbin/exabgp',
        localAs: 65001,
        routerId: '10.1.1.2',
        runDirectory: '/run/swancast',
        neighbors: [
          {
            address: '10.1.1.1',
            family: 4,
            side: 'outside',
            peerAs: 65000,
            localAs: 65001,
            localAddress: '10.1.1.2',
            holdSeconds: 9,
            port: 179,
            passive: false,
            gtsm: false,
            families: ['ipv4'],
          },
        ],
      },
      lease: { socket: '/run/swancast/lease.sock', ttlMs: 1000, maxAgeMs: 3000, handoverMs: 5000 },
      decision: {
        holdDownMs: 2000,
        holdDownMaxMs: 300_000,
        quietMs: 600_000,
        flapLimit: 5,
        flapWindowMs: 600_000,
        flapHoldMs: 1_800_000,
      },
      checks: [
        {
          name: 'charon',
          type: 'charon',
          intervalMs: 500,
          fastMs: 200,
          timeoutMs: 450,
          rise: 2,
          fall: 2,
          maxAgeMs: 3000,
          dependsOn: [],
          limits: { connectionsMinimum: 1 },
        },
      ],
      http: { listen: { host: '127.0.0.1', port: 9179 } },
      control: { socket: '/run/swancast/control.sock', stateDirectory: '/var/lib/swancast' },
      log: { level: 'info' },
    });
  });

  it('converts units once, without the noise of floating point', () => {
    const { lease } = parse(`${MINIMAL}lease: { ttl_seconds: 0.3, max_age_seconds: 2.9 }\n`);
    expect([lease.ttlMs, lease.maxAgeMs]).toEqual([300, 2900]);
  });

  it('writes addresses and communities in one way', () => {
    const { prefixes } = parse(fixtureText('valid-unusual.yaml'));
    expect(prefixes[0]).toMatchObject({ prefix: '2001:db8::/48', nextHop: '2001:db8:1::2', family: 6 });
    expect(parse(fixtureText('valid-ibgp.yaml')).prefixes[0]?.announced.communities).toEqual(['65535:65281']);
  });

  it('inherits for degraded what must not get lost: communities such as no-export', () => {
    expect(parse(fixtureText('valid-ibgp.yaml')).prefixes[0]?.degraded).toEqual({
      med: 1000,
      localPreference: 50,
      prepend: 0,
      ...PLAIN,
      communities: ['65535:65281'],
    });
  });

  it('lets a shorter interval pull the defaults of the others along', () => {
    const [check] = parse(fixtureText('valid-unusual.yaml')).checks;
    expect(check).toMatchObject({ intervalMs: 100, fastMs: 100, timeoutMs: 100, class: 'not-serving' });
  });

  it('takes the defaults of the checks from the profile; what a check says itself goes before it', () => {
    const text = (profile: string): string => `${MINIMAL}profile: ${profile}
checks:
  - { name: charon, type: charon, fall: 3 }
  - { name: slow, type: charon, interval_seconds: 2 }
  - { name: patient, type: charon, timeout_seconds: 0.8 }
  - { name: probe, type: ike-probe, timeout_seconds: 0.05, limits: { address: 192.0.2.1 } }
  - { name: sas, type: sa-count }
`;
    const paces = (profile: string): unknown[] =>
      parse(text(profile)).checks.map(({ intervalMs, fastMs, timeoutMs, fall, maxAgeMs }) =>
        [intervalMs, fastMs, timeoutMs, fall, maxAgeMs].join(' '),
      );
    expect(paces('default')).toEqual([
      '500 200 450 3 3000',
      '2000 200 450 2 6000',
      '800 200 800 2 3000',
      '5000 500 50 2 20000',
      '1000 1000 1000 3 10000',
    ]);
    expect(paces('fast')).toEqual([
      '100 50 90 3 3000',
      '2000 50 90 2 6000',
      '800 50 800 2 3000',
      '1000 100 50 2 20000',
      '1000 1000 1000 3 10000',
    ]);
  });

  it('adds what a type depends on by its nature, under the name it has here', () => {
    expect(parse(fixtureText('valid-unusual.yaml')).checks[1]).toMatchObject({
      dependsOn: ['alive'],
      limits: {
        listIntervalMs: 120_000,
        connectionMinimums: [{ name: 'site a', minimum: 2, initiated: false }],
      },
    });
  });

  it('freezes all of it', () => {
    const isFrozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    expect(isFrozen(parse(readFileSync(EXAMPLE, 'utf8')))).toBe(true);
  });
});
