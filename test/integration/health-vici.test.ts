/**
 * The checks that ask charon itself, against a real one: each fails for its real cause, and recovers. In network
 * namespaces of its own (health-net.ts), in a process inside the gateway's (health-agent.ts).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ANYCAST_4, missing } from './health-net.ts';
import { clientConf, ESP, gatewayConf, plan, Scene } from './health-scene.ts';

const reason = missing();
if (reason !== undefined) process.stderr.write(`SKIPPED: test/integration/health-vici.test.ts: ${reason}\n`);

describe.skipIf(reason !== undefined)('a real charon', () => {
  const scene = Scene.forEachTest();

  it('pool: exhausted by the clients that are there, until one leaves', async () => {
    const { net } = scene;
    await Promise.all([net.gateway.startCharon(), net.client.startCharon()]);
    net.gateway.load(gatewayConf(ESP).replace('10.3.1.0/24', '10.3.1.1-10.3.1.2'));
    net.client.load(clientConf(3, ESP));
    const seen = scene.watch(plan('pool', { fillingPercent: 0 }));
    await seen.next('pool', 'pass');
    expect([scene.initiate(1), scene.initiate(2)]).toEqual([true, true]);
    const { value } = await seen.next('pool', 'pool-exhausted');
    expect(value).toBe('vips: 2 of 2 leased, 0 kept');
    expect(scene.initiate(3)).toBe(false);
    // It was let in, but got no address, and so no tunnel: it has to begin anew.
    net.client.swanctl('--terminate', '--ike', 'home-3');
    net.client.swanctl('--terminate', '--ike', 'home-1');
    await seen.next('pool', 'pass');
    expect(scene.initiate(3)).toBe(true);
  });

  it('auth: clients with another secret are turned away, until it is the same again', async () => {
    const { net } = scene;
    await Promise.all([net.gateway.startCharon(), net.client.startCharon()]);
    net.gateway.load(gatewayConf(ESP).replace('only for', 'changed for'));
    net.client.load(clientConf(8, ESP));
    const seen = scene.watch(plan('auth', { clientsMinimum: 1, failedMinimum: 3, failedPercent: 60 }));
    await seen.next('auth', 'pass');
    for (const n of [1, 2, 3]) expect(scene.initiate(n)).toBe(false);
    const { value } = await seen.next('auth', 'logins-failing');
    expect(value).toBe('3 logins from 1 addresses failed, 0 got in');
    net.gateway.load(gatewayConf(ESP));
    for (const n of [4, 5, 6, 7, 8]) expect(scene.initiate(n)).toBe(true);
    await seen.next('auth', 'pass');
  });

  it('certificates: expired, renewed, without its key, without the name', async () => {
    const { net } = scene;
    await net.gateway.startCharon('x509 pubkey constraints');
    const { directory } = net.gateway;
    for (const part of ['x509', 'x509ca', 'private']) mkdirSync(join(directory, part), { recursive: true });
    const env = { ...process.env, STRONGSWAN_CONF: `${directory}.strongswan.conf` };
    const pki = (file: string, ...words: string[]): string => {
      const path = join(directory, file);
      writeFileSync(path, execFileSync('pki', [...words, '--outform', 'pem'], { env }));
      return path;
    };
    const caKey = pki('ca.key', '--gen', '--type', 'ed25519');
    const ca = pki(
      'x509ca/ca.crt',
      '--self',
      '--ca',
      '--type',
      'ed25519',
      '--in',
      caKey,
      '--dn',
      'CN=test CA',
    );
    const key = pki('private/gw.key', '--gen', '--type', 'ed25519');
    const issue = (...words: string[]): void => {
      pki(
        'x509/gw.crt',
        ...['--issue', '--type', 'ed25519', '--in', key, '--cacert', ca, '--cakey', caKey],
        ...words,
      );
    };
    const names = ['--dn', 'CN=gw', '--san', 'gateway.example'];
    const load = (): void => {
      net.gateway.load(
        `connections { clients { local_addrs = ${ANYCAST_4}
          local { auth = pubkey \n certs = ${join(directory, 'x509/gw.crt')} \n id = gateway.example }
          remote { auth = pubkey }
          children { net { local_ts = 10.10.0.0/24 } } } }\n`,
        '--clear',
      );
    };
    issue(...names, '--not-before', '01.01.20 00:00:00', '--not-after', '01.01.21 00:00:00');
    load();
    const seen = scene.watch(plan('certificates', { identities: ['gateway.example'] }));
    expect((await seen.next('certificates', 'certificate-expired')).value).toBe(
      'CN=gw: expired at 2021-01-01T00:00Z',
    );
    issue(...names, '--lifetime', '30');
    load();
    expect((await seen.next('certificates', 'pass')).value).toMatch(/^(29|30) days left$/);
    issue(...names, '--lifetime', '5');
    load();
    expect((await seen.next('certificates', 'certificate-expiring')).value).toMatch(
      /^CN=gw: [45] days left, until /,
    );
    issue('--dn', 'CN=gw', '--san', 'other.example', '--lifetime', '30');
    load();
    // The connection asks for it, and so does the check itself.
    expect((await seen.next('certificates', 'certificate-identity-missing')).value).toBe(
      'connection clients: gateway.example; gateway.example',
    );
    issue(...names, '--lifetime', '30');
    rmSync(key);
    load();
    expect((await seen.next('certificates', 'certificate-key-missing')).value).toContain(
      'connection clients',
    );
  });

  it('rekey: a PFS group that only the gateway asks for, until the tunnel is made anew without', async () => {
    const { net } = scene;
    await Promise.all([net.gateway.startCharon(), net.client.startCharon()]);
    const short = 'rekey_time = 3s \n life_time = 60s \n rand_time = 0s';
    net.gateway.load(gatewayConf(`esp_proposals = aes128-sha256-x25519 \n ${short}`));
    net.client.load(clientConf(1, ESP));
    const seen = scene.watch(plan('rekey', { overdueMs: 2000, overdueMinimum: 1, failedPercent: 0 }));
    await seen.next('rekey', 'pass');
    expect(scene.initiate(1)).toBe(true);
    const { value } = await seen.next('rekey', 'rekeys-overdue');
    expect(value).toBe('1 of 1 CHILD_SAs overdue (clients)');
    net.gateway.load(gatewayConf(`${ESP} \n ${short}`));
    net.client.swanctl('--terminate', '--ike', 'home-1');
    await seen.next('rekey', 'pass');
    expect(scene.initiate(1)).toBe(true);
  });
});
