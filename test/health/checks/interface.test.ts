import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  create,
  familyOf,
  judge,
  type InterfaceLimits,
  type Observation,
} from '../../../health/checks/interface.ts';
import type { Check } from '../../../health/check.ts';
import { Tree } from '../host/tree.ts';

const limit = (more: Partial<InterfaceLimits> = {}): InterfaceLimits => ({
  device: 'eth0',
  address: '',
  defaultRoute: 'none',
  mtuMinimum: 0,
  errorsPerSecond: 10,
  dropsPerSecond: 0,
  ...more,
});

const counters = { errors: 0, drops: 0 };
const eth0 = {
  present: true,
  index: 2,
  up: true,
  operstate: 'up',
  carrier: true,
  mtu: 1500,
  counters,
} as const;
const seen = (more: Partial<Observation> = {}): Observation => ({
  device: eth0,
  place: undefined,
  routes: { ipv4: true, ipv6: true },
  rates: undefined,
  ...more,
});
const place = (devices: string[], more: { tentative?: boolean; routedHere?: boolean } = {}) => ({
  devices,
  tentative: false,
  routedHere: false,
  ...more,
});
const anycast = limit({ device: 'lo', address: '192.0.2.1' });
const six = limit({ address: '2001:db8::1' });

describe('what an interface is worth', () => {
  it.each([
    [seen(), limit(), 'pass', 'eth0 is up, MTU 1500'],
    [
      seen({ device: { ...eth0, operstate: 'unknown', carrier: undefined } }),
      limit(),
      'pass',
      'eth0 is up, MTU 1500',
    ],
    [seen({ device: { ...eth0, up: false } }), limit(), 'interface-down', 'eth0 is set down'],
    [seen({ device: { present: false } }), limit(), 'interface-down', 'there is no interface eth0'],
    ...['down', 'lowerlayerdown', 'dormant', 'notpresent'].map(
      (operstate) =>
        [
          seen({ device: { ...eth0, operstate } }),
          limit(),
          'interface-down',
          `eth0 is ${operstate}`,
        ] as const,
    ),
    [
      seen({ device: { ...eth0, operstate: 'unknown', carrier: false } }),
      limit(),
      'interface-down',
      'eth0 has no carrier',
    ],
    [seen({ place: place(['lo']) }), anycast, 'pass', 'lo is up, MTU 1500'],
    [seen({ place: place([], { routedHere: true }) }), anycast, 'pass', 'lo is up, MTU 1500'],
    [seen({ place: place([]) }), anycast, 'address-missing', '192.0.2.1 is on no interface of this host'],
    [seen({ place: place(['eth1']) }), anycast, 'address-missing', '192.0.2.1 is on eth1, not on lo'],
    [
      seen({ place: place([], { routedHere: true }) }),
      limit({ address: '192.0.2.1' }),
      'address-missing',
      '192.0.2.1 is on no interface of this host',
    ],
    [
      seen({ place: place(['eth0'], { tentative: true }) }),
      six,
      'address-missing',
      '2001:db8::1 is on eth0, but tentative (duplicate address?)',
    ],
    [
      seen({ routes: { ipv4: false, ipv6: false } }),
      limit({ defaultRoute: 'both' }),
      'default-route-missing',
      'none for ipv4 and ipv6',
    ],
    [
      seen({ routes: { ipv4: true, ipv6: false } }),
      limit({ defaultRoute: 'ipv6' }),
      'default-route-missing',
      'none for ipv6',
    ],
    [seen({ routes: { ipv4: true, ipv6: false } }), limit({ defaultRoute: 'ipv4' }), 'pass', undefined],
    [seen(), limit({ mtuMinimum: 1500 }), 'pass', undefined],
    [seen(), limit({ mtuMinimum: 1501 }), 'mtu-low', 'eth0 has an MTU of 1500, at least 1501 wanted'],
    [
      seen({ rates: { errors: 10, drops: 1000 } }),
      limit(),
      'pass',
      'eth0 is up, MTU 1500, 10 errors/s, 1000 drops/s',
    ],
    [seen({ rates: { errors: 10.5, drops: 0 } }), limit(), 'interface-errors', undefined],
    [seen({ rates: { errors: 0, drops: 2 } }), limit({ dropsPerSecond: 1 }), 'interface-errors', undefined],
    [seen({ rates: { errors: 9999, drops: 0 } }), limit({ errorsPerSecond: 0 }), 'pass', undefined],
  ] as const)('%#: %j', (observation, limits, expected, value) => {
    const judgement = judge(observation, limits);
    expect(judgement.verdict === 'pass' ? 'pass' : judgement.reason).toBe(expected);
    expect(judgement.verdict).toBe(expected === 'pass' ? 'pass' : 'fail');
    if (value !== undefined) expect(judgement.value).toBe(value);
  });

  it('speaks for the family of its address, for both without one', () => {
    expect([limit(), anycast, six].map((each) => familyOf(each))).toEqual([undefined, 4, 6]);
    const routes = (['ipv4', 'ipv6', 'both'] as const).map((defaultRoute) => limit({ defaultRoute }));
    expect(routes.map((each) => familyOf(each))).toEqual([4, 6, undefined]);
    expect(familyOf({ ...anycast, defaultRoute: 'ipv6' })).toBeUndefined();
  });
});

const ROUTES_4 = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0`;
const ZERO = '0'.repeat(32);
const REJECT_6 = `${ZERO} 00 ${ZERO} 00 ${ZERO} ffffffff 00000001 00000000 00200200       lo`;
const ROUTES_6 = `${ZERO} 00 ${ZERO} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
${REJECT_6}`;

describe('a tree of files', () => {
  let sys: Tree;
  let proc: Tree;
  let time = 0;
  beforeEach(() => {
    time = 0;
    proc = new Tree().write({ 'net/route': ROUTES_4, 'net/ipv6_route': ROUTES_6 });
    sys = new Tree().write({
      'class/net/lo/ifindex': 1,
      'class/net/eth0/ifindex': 2,
      'class/net/eth0/flags': '0x1003',
      'class/net/eth0/operstate': 'up',
      'class/net/eth0/carrier': 1,
      'class/net/eth0/mtu': 1500,
      ...statistics(0, 0),
    });
  });
  afterEach(() => {
    sys.remove();
    proc.remove();
  });

  const statistics = (errors: number, drops: number): Record<string, number> => ({
    'class/net/eth0/statistics/rx_errors': errors,
    'class/net/eth0/statistics/tx_errors': errors,
    'class/net/eth0/statistics/rx_dropped': drops,
    'class/net/eth0/statistics/tx_dropped': 0,
  });
  const check = (more: Partial<InterfaceLimits> = {}): Check =>
    create(
      {
        name: 'uplink',
        dependsOn: [],
        triggeredBy: [],
        pace: { intervalMs: 2000, fastMs: 500, timeoutMs: 1000 },
        limits: limit(more),
      },
      { now: () => time },
      { sys: sys.path, proc: proc.path },
    );
  const look = async (each: Check): Promise<string> => {
    const judgement = await each.observe(new AbortController().signal);
    return judgement.verdict === 'pass' ? 'pass' : `${judgement.reason}: ${judgement.value ?? ''}`;
  };

  it('of an interface that goes down and comes up', async () => {
    const own = check({ defaultRoute: 'both', mtuMinimum: 1500 });
    expect(await look(own)).toBe('pass');
    sys.write({ 'class/net/eth0/flags': '0x1002' });
    sys.remove('class/net/eth0/carrier');
    expect(await look(own)).toBe('interface-down: eth0 is set down');
    sys.write({ 'class/net/eth0/flags': '0x1003', 'class/net/eth0/carrier': 0 });
    expect(await look(own)).toBe('interface-down: eth0 has no carrier');
    sys.write({ 'class/net/eth0/carrier': 1 });
    expect(await look(own)).toBe('pass');
    sys.remove('class/net/eth0');
    expect(await look(own)).toBe('interface-down: there is no interface eth0');
    sys.remove('class/net');
    expect(await look(own)).toBe('host-exhausted: sysfs cannot be read');
  });

  it('of default routes that go; a route that rejects is none', async () => {
    const own = check({ defaultRoute: 'both' });
    expect(await look(own)).toBe('pass');
    proc.write({ 'net/ipv6_route': REJECT_6 });
    expect(await look(own)).toBe('default-route-missing: none for ipv6');
    proc.write({ 'net/ipv6_route': ROUTES_6, 'net/route': ROUTES_4.replace('\t0003\t', '\t0203\t') });
    expect(await look(own)).toBe('default-route-missing: none for ipv4');
    proc.remove('net');
    expect(await look(own)).toBe('default-route-missing: none for ipv4 and ipv6');
  });

  it('of errors that grow; a new interface of the same name begins anew', async () => {
    const own = check({ dropsPerSecond: 5 });
    sys.write(statistics(1000, 0));
    expect(await look(own)).toBe('pass');
    time += 2000;
    sys.write(statistics(1011, 0));
    expect(await look(own)).toBe('interface-errors: eth0 is up, MTU 1500, 11 errors/s, 0.0 drops/s');
    time += 2000;
    sys.write(statistics(1011, 12));
    expect(await look(own)).toBe('interface-errors: eth0 is up, MTU 1500, 0.0 errors/s, 6.0 drops/s');
    time += 2000;
    sys.write(statistics(5, 0));
    expect(await look(own)).toBe('pass');
    time += 2000;
    sys.write({ ...statistics(9999, 9999), 'class/net/eth0/ifindex': 7 });
    expect(await look(own)).toBe('pass');
  });

  it('of an address that is on this host, and one that is not', async () => {
    sys.write({
      'class/net/lo/ifindex': 1,
      'class/net/lo/flags': '0x9',
      'class/net/lo/operstate': 'unknown',
    });
    expect(await look(check({ device: 'lo', address: '127.0.0.1' }))).toBe('pass');
    expect(await look(check({ device: 'eth0', address: '127.0.0.1' }))).toBe(
      'address-missing: 127.0.0.1 is on lo, not on eth0',
    );
    expect(await look(check({ device: 'lo', address: '203.0.113.9' }))).toBe(
      'address-missing: 203.0.113.9 is on no interface of this host',
    );
  });

  it('of an IPv6 address that is a duplicate', async () => {
    const line = '00000000000000000000000000000001 01 80 10 88       lo';
    sys.write({
      'class/net/lo/ifindex': 1,
      'class/net/lo/flags': '0x9',
      'class/net/lo/operstate': 'unknown',
    });
    proc.write({ 'net/if_inet6': line });
    expect(await look(check({ device: 'lo', address: '::1' }))).toContain('tentative');
    proc.write({ 'net/if_inet6': line.replace(' 88 ', ' 80 ') });
    expect(await look(check({ device: 'lo', address: '::1' }))).toBe('pass');
  });
});
