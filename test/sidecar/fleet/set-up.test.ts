/** How a gateway is set up, asked of a scripted charon that answers as 5.9.8 does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReader, type Message } from '../../../health/vici/index.ts';
import { askSetUp, digestsOf, TOPICS, type SetUp, type Topic } from '../../../sidecar/fleet/set-up.ts';
import { FakeCharon } from '../../fake/charon.ts';
import { Authority } from './authority.ts';

let directory: string;
let charon: FakeCharon;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'swancast-set-up-'));
  charon = await FakeCharon.listen(join(directory, 'vici.sock'));
});
afterEach(async () => {
  await charon.stop();
  rmSync(directory, { recursive: true });
});

const authority = new Authority();
const second = new Authority();
const leaf = authority.issue('gw1', 'DNS:gw1');
afterAll(() => {
  authority.remove();
  second.remove();
});
const der = (pem: string): Buffer => new X509Certificate(pem).raw;

/** What the vici plugin of 5.9.8 says of one connection, a pool and an authority. */
interface Gateway {
  readonly version: string;
  readonly algorithms: Message;
  readonly pools: Message;
  readonly connection: Message;
  readonly certificates: readonly Message[];
}

const GATEWAY: Gateway = {
  version: '5.9.8',
  algorithms: { encryption: { AES_CBC: 'aes', AES_GCM_16: 'openssl' }, dh: { CURVE_25519: 'curve25519' } },
  pools: { vips: { base: '10.3.1.0', size: '254', online: '1', offline: '0' } },
  connection: {
    local_addrs: ['10.1.1.2'],
    remote_addrs: ['%any'],
    version: 'IKEv2',
    reauth_time: '0',
    rekey_time: '14400',
    unique: 'UNIQUE_NEVER',
    dpd_delay: '30',
    'local-1': { id: 'vpn.example.org', class: 'public key', groups: [], certs: ['CN=gw1.example.org'] },
    'remote-1': { class: 'EAP', 'eap-type': 'EAP_RADIUS', groups: [], certs: [], cacerts: ['CN=CA'] },
    children: {
      net: { mode: 'TUNNEL', rekey_time: '3600', 'local-ts': ['10.10.0.0/24'], 'remote-ts': ['dynamic'] },
    },
  },
  certificates: [{ type: 'X509', flag: 'CA', data: der(authority.certificate) }],
};

async function setUpOf(more: Partial<Gateway> = {}): Promise<SetUp> {
  const { version, algorithms, pools, connection, certificates } = { ...GATEWAY, ...more };
  charon.on('version', () => ({ daemon: 'charon-systemd', version }));
  charon.on('get-algorithms', () => algorithms);
  charon.on('get-pools', () => pools);
  charon.on('list-conns', () => [{ ra: connection }]);
  charon.on('list-authorities', () => [
    { lab: { cacert: 'CN=CA', crl_uris: ['http://crl/'], ocsp_uris: [] } },
  ]);
  charon.on('list-certs', () => certificates);
  const client = await openReader(charon.path, { onlyCommands: true });
  try {
    return await askSetUp(client, { deadlineMs: 5000, signal: new AbortController().signal });
  } finally {
    client.close();
  }
}

const connection = (more: Message): Partial<Gateway> => ({ connection: { ...GATEWAY.connection, ...more } });
const child = (more: Message): Partial<Gateway> =>
  connection({
    children: { net: { mode: 'TUNNEL', 'local-ts': ['10.10.0.0/24'], 'remote-ts': ['dynamic'], ...more } },
  });

/** The topics in which a gateway that is set up like this differs from the first one. */
async function differences(first: Partial<Gateway>, other: Partial<Gateway>): Promise<Topic[]> {
  const [a, b] = [digestsOf(await setUpOf(first)), digestsOf(await setUpOf(other))];
  return TOPICS.filter((topic) => a[topic] !== b[topic]);
}

describe('how a gateway is set up', () => {
  it('is told in words', async () => {
    const setUp = await setUpOf();
    expect(
      Object.fromEntries([...setUp].map(([topic, items]) => [topic, Object.fromEntries(items)])),
    ).toEqual({
      strongswan: { version: '5.9.8' },
      algorithms: { encryption: 'AES_CBC AES_GCM_16', dh: 'CURVE_25519' },
      connections: {
        ra: 'dpd_delay=30 reauth_time=0 rekey_time=14400 remote_addrs=%any unique=UNIQUE_NEVER version=IKEv2',
      },
      children: { 'ra/net': 'local-ts=10.10.0.0/24 mode=TUNNEL rekey_time=3600 remote-ts=dynamic' },
      authentication: {
        'ra local-1': 'class=public key id=vpn.example.org',
        'ra remote-1': 'cacerts=CN=CA class=EAP eap-type=EAP_RADIUS',
      },
      authorities: {
        'authority lab': 'cacert=CN=CA crl_uris=http://crl/',
        'CN=test CA': expect.stringMatching(/^SHA-256 [0-9A-F]{16}$/u) as string,
      },
      pools: { vips: '10.3.1.0 size 254' },
    });
  });

  it('asks by nothing but commands that read', async () => {
    await setUpOf();
    const commands = charon.requests.filter((request) => !/^[+-]/u.test(request));
    expect(commands).toEqual([
      'version',
      'get-algorithms',
      'get-pools',
      'list-conns',
      'list-authorities',
      'list-certs',
    ]);
  });

  it.each<[string, Partial<Gateway>]>([
    ['itself', {}],
    ['one with addresses of its own', connection({ local_addrs: ['10.1.2.2'] })],
    [
      'one with a certificate of its own',
      connection({
        'local-1': { id: 'vpn.example.org', class: 'public key', certs: ['CN=gw2.example.org'] },
      }),
    ],
    [
      'one with other clients',
      { pools: { vips: { base: '10.3.1.0', size: '254', online: '77', offline: '3' } } },
    ],
    [
      'one whose plugins bring the same',
      {
        algorithms: { dh: { CURVE_25519: 'openssl' }, encryption: { AES_GCM_16: 'gcm', AES_CBC: 'openssl' } },
      },
    ],
    [
      'one that has learned what clients sent along',
      { certificates: [...GATEWAY.certificates, { type: 'X509', flag: 'CA', data: der(leaf.certificate) }] },
    ],
  ])('is the same as %s', async (_, other) => {
    expect(await differences({}, other)).toEqual([]);
  });

  it.each<[Topic, Partial<Gateway>, Partial<Gateway>]>([
    ['strongswan', {}, { version: '6.0.1' }],
    ['algorithms', {}, { algorithms: { encryption: { AES_CBC: 'aes' }, dh: { CURVE_25519: 'x' } } }],
    ['connections', {}, connection({ dpd_delay: '60' })],
    ['connections', {}, connection({ remote_addrs: ['192.0.2.7'] })],
    ['children', child({}), child({ 'local-ts': ['10.10.0.0/16'] })],
    ['children', child({}), child({ 'remote-ts': ['dynamic[tcp]'] })],
    ['authentication', {}, connection({ 'local-1': { id: 'vpn2.example.org', class: 'public key' } })],
    [
      'authentication',
      {},
      connection({ 'remote-1': { class: 'EAP', 'eap-type': 'EAP_TLS', cacerts: ['CN=CA'] } }),
    ],
    ['authorities', {}, { certificates: [{ type: 'X509', flag: 'CA', data: der(second.certificate) }] }],
    ['authorities', {}, { certificates: [] }],
    ['pools', {}, { pools: { vips: { base: '10.4.1.0', size: '254', online: '0', offline: '0' } } }],
  ])('differs in %s', async (topic, first, other) => {
    expect(await differences(first, other)).toEqual([topic]);
  });

  it('is the same in whatever order charon lists it', async () => {
    const two = [
      GATEWAY.certificates[0],
      { type: 'X509', flag: 'CA', data: der(second.certificate) },
    ] as Message[];
    expect(await differences({ certificates: two }, { certificates: two.toReversed() })).toEqual([]);
  });

  it('has texts that cannot talk to a terminal', async () => {
    const setUp = await setUpOf({ pools: { 'a\u001b[2J': { base: '\u001b]0;', size: '1' } } });
    expect([...(setUp.get('pools') ?? [])]).toEqual([['a?[2J', '?]0; size 1']]);
  });

  it('may have names of what every object has', async () => {
    const odd = Object.assign(Object.create(null) as Message, {
      ['__proto__']: { base: '10.0.0.0', size: '1' },
    });
    const setUp = await setUpOf({ pools: odd });
    expect([...(setUp.get('pools') ?? [])]).toEqual([['__proto__', '10.0.0.0 size 1']]);
  });
});
