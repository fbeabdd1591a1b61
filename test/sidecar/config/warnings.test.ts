import { describe, expect, it } from 'vitest';
import { warnings } from '../../../sidecar/config/warnings.ts';
import { hostConfig } from '../../hosts/host-config.ts';
import { planHosts } from '../../hosts/plan.ts';
import { siteOf } from '../../lab/sessions/site.ts';
import { planTopology } from '../../lab/topology.ts';
import { fixtureText, MINIMAL, parse } from './fixture.ts';

/** Keys and messages, without the one about a program that is not on this host. */
const of = (text: string, env: Readonly<Record<string, string>> = {}): string[] =>
  warnings(parse(text), env)
    .filter(({ key }) => key !== 'bgp.exabgp')
    .map(({ key, message }) => `${key}: ${message}`);
const LISTEN = "http: { listen: '[::]:9179' }\n";
const LIST = "fleet:\n  gateways:\n    - { name: gw.example, url: 'http://gw1:9179' }\n";
const FLEET = LISTEN + LIST;
const OTHER = "    - { name: gw2, url: 'http://gw2:9179' }\n";

describe('warnings', () => {
  it('has none for the least configuration, nor for a fleet that is right', () => {
    expect(of(MINIMAL)).toEqual([]);
    expect(of(MINIMAL + FLEET + OTHER)).toEqual([]);
  });

  it('says nothing of a listener on the loopback where several gateways are on one host', () => {
    expect(of(MINIMAL + LIST + OTHER.replace('http://gw2', 'http://[::1]'))).toEqual([]);
  });

  it('compares degraded with yielding for those that may yield alone', () => {
    const text = MINIMAL.replace('/32', '/32\n    yielding: { med: 1500 }');
    expect(of(text.replace('med: 1500 }', 'med: 1500 }\n    degraded: { med: 1000 }'))).toEqual([]);
    const yields = text.replace(
      'med: 1500 }',
      'med: 1500 }\n    degraded: { med: 1000 }\n    preempt: false',
    );
    expect(of(yields + FLEET + OTHER)).toEqual([
      expect.stringMatching(
        /^prefixes\[0\]\.degraded\.med: 1000 makes the route better than yielding with 1500/,
      ),
    ]);
  });

  it.each([
    [
      'preempt: false without a fleet',
      MINIMAL.replace('/32', '/32\n    preempt: false'),
      /^prefixes\[0\]\.preempt: false means nothing without a fleet/,
    ],
    [
      'a fleet of ourselves alone',
      MINIMAL + FLEET,
      /^fleet\.gateways: names gw\.example alone, which is this gateway/,
    ],
    [
      'a fleet without ourselves',
      `${MINIMAL}${LISTEN}fleet: { gateways: [{ name: gw2, url: 'http://gw2' }] }\n`,
      /^fleet\.gateways: does not name this gateway \(gw\.example\)/,
    ],
    [
      'more others wanted than there are',
      `${MINIMAL}${FLEET}    - { name: gw2, url: 'http://gw2' }\n  minimum_others: 2\n`,
      /^fleet\.minimum_others: 2 is more than there are others \(1\)/,
    ],
    [
      'pinning, which doubles logins',
      `${MINIMAL}sessions: { pin: { enabled: true }, own_address: 127.0.0.1 }\n`,
      /^sessions\.pin\.enabled: makes each client log in twice/,
    ],
    [
      'an own address that is not here',
      `${MINIMAL}sessions: { own_address: 203.0.113.77 }\n`,
      /^sessions\.own_address: "203\.0\.113\.77" is on no interface of this host/,
    ],
    [
      'addresses by identity and nobody to redirect to',
      `${MINIMAL}sessions: { addresses: identity }\n`,
      /^sessions\.addresses: means nothing without other gateways/,
    ],
    [
      'addresses by identity and no address to redirect to',
      `${MINIMAL}${FLEET}${OTHER}sessions: { addresses: identity }\n`,
      /^sessions\.addresses: no other gateway says where clients that come over IPv4 .* add fleet\.gateways\[\]\.address, /,
    ],
    [
      'a token in the clear',
      `${MINIMAL}${FLEET}    - { name: gw2, url: 'http://gw2' }\n    - { name: gw3, url: 'https://gw3' }\n  token_file: /etc/token\n`,
      /^fleet\.gateways\[1\]\.url: the token goes there in the clear/,
    ],
    [
      'TLS that nobody speaks',
      `${MINIMAL}${FLEET}    - { name: gw2, url: 'http://gw2' }\n  tls: { ca_file: /etc/ca.pem }\n`,
      /^fleet\.tls: means nothing where every url begins with http/,
    ],
    [
      'a listener that no other gateway reaches',
      MINIMAL + LIST + OTHER,
      /^http\.listen: is on the loopback of this host, where no other gateway reaches it/,
    ],
    [
      'no listener',
      `${MINIMAL}http: { listen: 'off' }\n${LIST}${OTHER}`,
      /^http\.listen: "off" leaves nobody to answer the other gateways/,
    ],
    [
      'another port than that of the listener',
      `${MINIMAL}http: { listen: '[::]:9180' }\n${LIST}${OTHER}`,
      /^fleet\.gateways\[0\]\.url: asks port 9179, and http\.listen of this gateway has port 9180/,
    ],
    [
      'no port, which is that of web servers',
      MINIMAL + FLEET.replace('gw1:9179', 'gw1') + OTHER,
      /^fleet\.gateways\[0\]\.url: asks port 80, and http\.listen of this gateway has port 9179/,
    ],
    [
      'another scheme than that of the listener',
      MINIMAL + FLEET.replace('http://gw1', 'https://gw1') + OTHER,
      /^fleet\.gateways\[0\]\.url: begins with https:\/\/, but this gateway has no http\.tls/,
    ],
    [
      'a long hold time',
      MINIMAL.replace('10.1.1.2 }', '10.1.1.2, hold_time_seconds: 180 }'),
      /^bgp\.neighbors\[0\]\.hold_time_seconds: a host or link that dies stays announced for up to 180 s/,
    ],
    [
      'an inside prefix without inside neighbors',
      MINIMAL.replace('/32', '/32\n    side: inside'),
      /^prefixes\[0\]\.side: no neighbor has the side inside/,
    ],
    [
      'a local preference that nobody is sent',
      MINIMAL.replace('/32', '/32\n    announced: { local_preference: 200 }'),
      /^prefixes\[0\]\.announced\.local_preference: is sent to iBGP neighbors alone/,
    ],
    [
      'a degraded MED that is the better one',
      MINIMAL.replace('/32', '/32\n    degraded: { med: 90 }'),
      /^prefixes\[0\]\.degraded\.med: 90 makes the route better than announced with 100/,
    ],
    [
      'a draining local preference that is the better one',
      MINIMAL.replace('/32', '/32\n    draining: { local_preference: 101 }'),
      /^prefixes\[0\]\.draining\.local_preference: 101 makes the route better than degraded with 100/,
    ],
    [
      'our own loopback as the next hop',
      MINIMAL.replace('10.1.1.1,', '127.0.0.1,').replace(
        'local_address: 10.1.1.2',
        'local_address: 127.0.0.2',
      ),
      /^prefixes\[0\]\.next_hop: "self" is 127\.0\.0\.2 towards the router program on this host/,
    ],
    [
      'a credential that only the unit has',
      MINIMAL.replace('10.1.1.2 }', '10.1.1.2, password_credential: bgp }'),
      /^bgp\.neighbors\[0\]\.password_credential: the credential "bgp" cannot be looked at from here/,
    ],
  ])('warns of %s', (_, text, expected) => {
    expect(of(text)).toEqual([expect.stringMatching(expected)]);
  });

  it('says of which family nobody can be redirected, where the gateway alone has an address', () => {
    const text = fixtureText('valid-sessions-redirect-one-family.yaml');
    expect(of(text).filter((line) => line.startsWith('sessions.addresses'))).toEqual([
      expect.stringMatching(/come over IPv6 .* add fleet\.gateways\[\]\.address6, /),
    ]);
    expect(of(text.replace('address: 203.0.113.2', 'address6: "2001:db8:1::2"'))).toEqual([
      expect.stringMatching(/come over IPv4 /),
    ]);
    const both = text.replace('address: 203.0.113.2', 'address: 203.0.113.2, address6: "2001:db8:1::2"');
    expect([of(both), of(text.replace('identity', 'pool'))]).toEqual([[], []]);
  });

  it('says nothing of the addresses in the labs and on the hosts', () => {
    const [gateway] = planTopology('x', 2).gateways;
    const { hosts } = planHosts('x', 2);
    const [host] = hosts;
    if (gateway === undefined || host === undefined) throw new Error('no gateway');
    const paths = { viciSocket: '/run/charon.vici', directory: '/run/gw1/run' };
    const settings = { supervise: true };
    const lab = siteOf({ addresses: 'identity', pinned: true }, 2).sidecar?.(gateway, paths, settings);
    const all = [lab ?? '', JSON.stringify(hostConfig(host, hosts, { addresses: 'identity', med: 120 }))];
    for (const text of all) {
      expect(parse(text).sessions.addresses).toBe('identity');
      expect(of(text).filter((line) => line.startsWith('sessions.addresses'))).toEqual([]);
    }
  });

  it('says nothing of a long hold time where BFD watches the router', () => {
    const text = MINIMAL.replace('10.1.1.2 }', '10.1.1.2, hold_time_seconds: 180 }');
    const checks = (peers: string): string =>
      `${text}checks:\n  - { name: charon, type: charon }\n  - { name: bfd, type: bfd, limits: { peers: ${peers} } }\n`;
    expect([of(checks('[10.1.1.1]')), of(checks('[]'))]).toEqual([[], []]);
    expect(of(checks('[10.1.1.9]'))).toHaveLength(1);
  });

  it('says nothing of credentials inside the unit', () => {
    const text = MINIMAL.replace('10.1.1.2 }', '10.1.1.2, password_credential: bgp }');
    expect(of(text, { CREDENTIALS_DIRECTORY: '/run/credentials/x' })).toEqual([]);
  });

  it('warns where sides, hops and router programs are as they should be of the credential alone', () => {
    expect(of(fixtureText('valid-routing.yaml')).map((line) => line.split(':')[0])).toEqual([
      'prefixes[0].preempt',
      'bgp.neighbors[2].password_credential',
    ]);
  });
});
