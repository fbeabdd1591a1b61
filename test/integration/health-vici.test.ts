/**
 * The checks that ask charon itself, against a real one: each fails for its real cause, and recovers. In network
 * namespaces of its own (health-net.ts), in a process inside the gateway's (health-agent.ts).
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHECK_TYPES, type CheckPlan, type CheckTypeName } from '../../health/registry.ts';
import { limitsOf } from '../health/checks/scripted.ts';
import { Agent } from './health-agent-process.ts';
import { ANYCAST_4, HealthNet, missing } from './health-net.ts';

const reason = missing();
if (reason !== undefined) process.stderr.write(`SKIPPED: test/integration/health-vici.test.ts: ${reason}\n`);

/** A type with its defaults but for these limits, looked at often. */
function plan(type: CheckTypeName, own: Record<string, unknown> = {}): CheckPlan {
  const { timeoutMs } = CHECK_TYPES[type].defaults;
  const limits = limitsOf(type, own);
  return { name: type, type, intervalMs: 500, fastMs: 250, timeoutMs, dependsOn: [], limits };
}

const SECRETS = 'secrets { ike-1 { secret = "only for this test" } }\n';

/** The gateway's connection for clients with a pre-shared key. */
const gatewayConf = (child: string, more = ''): string => `connections {
  clients {
    local_addrs = ${ANYCAST_4}
    local { auth = psk \n id = gateway.example }
    remote { auth = psk }
    pools = vips
    ${more}
    children { net { local_ts = 10.10.0.0/24 \n ${child} } }
  }
}
pools { vips { addrs = 10.3.1.0/24 } }
${SECRETS}`;

/** A client's connections home, home-1 … home-n, each with an identity of its own. */
const clientConf = (count: number, child: string, auth = 'auth = psk', secrets = SECRETS): string => {
  const one = (n: number): string => `  home-${String(n)} {
    local_addrs = 10.1.1.1
    remote_addrs = ${ANYCAST_4}
    vips = 0.0.0.0
    local { ${auth} \n id = client-${String(n)}.example }
    remote { auth = psk \n id = gateway.example }
    children { net-${String(n)} { remote_ts = 10.10.0.0/24 \n ${child} } }
  }`;
  const all = Array.from({ length: count }, (_, index) => one(index + 1)).join('\n');
  return `connections {\n${all}\n}\n${secrets}`;
};

const ESP = 'esp_proposals = aes128-sha256';

describe.skipIf(reason !== undefined)('a real charon', () => {
  let net: HealthNet;
  let agent: Agent | undefined;
  let others: ChildProcess[] = [];

  beforeEach(() => {
    net = new HealthNet();
  });

  afterEach(async () => {
    await agent?.end();
    agent = undefined;
    for (const other of others) other.kill('SIGKILL');
    others = [];
    net.close();
  });

  const watch = (...plans: readonly CheckPlan[]): Agent => {
    agent = new Agent(net.gateway.namespace, net.gateway.socket, plans);
    return agent;
  };
  const initiate = (n: number, timeout = 10): boolean => {
    try {
      net.client.swanctl('--initiate', '--child', `net-${String(n)}`, '--timeout', String(timeout));
      return true;
    } catch {
      return false;
    }
  };

  it('pool: exhausted by the clients that are there, until one leaves', async () => {
    await Promise.all([net.gateway.startCharon(), net.client.startCharon()]);
    net.gateway.load(gatewayConf(ESP).replace('10.3.1.0/24', '10.3.1.1-10.3.1.2'));
    net.client.load(clientConf(3, ESP));
    const seen = watch(plan('pool', { fillingPercent: 0 }));
    await seen.next('pool', 'pass');
    expect([initiate(1), initiate(2)]).toEqual([true, true]);
    const { value } = await seen.next('pool', 'pool-exhausted');
    expect(value).toBe('vips: 2 of 2 leased, 0 kept');
    expect(initiate(3)).toBe(false);
    // It was let in, but got no address, and so no tunnel: it has to begin anew.
    net.client.swanctl('--terminate', '--ike', 'home-3');
    net.client.swanctl('--terminate', '--ike', 'home-1');
    await seen.next('pool', 'pass');
    expect(initiate(3)).toBe(true);
  });

  it('auth: clients with another secret are turned away, until it is the same again', async () => {
    await Promise.all([net.gateway.startCharon(), net.client.startCharon()]);
    net.gateway.load(gatewayConf(ESP).replace('only for', 'changed for'));
    net.client.load(clientConf(8, ESP));
    const seen = watch(plan('auth', { clientsMinimum: 1, failedMinimum: 3, failedPercent: 60 }));
    await seen.next('auth', 'pass');
    for (const n of [1, 2, 3]) expect(initiate(n)).toBe(false);
    const { value } = await seen.next('auth', 'logins-failing');
    expect(value).toBe('3 logins from 1 addresses failed, 0 got in');
    net.gateway.load(gatewayConf(ESP));
    for (const n of [4, 5, 6, 7, 8]) expect(initiate(n)).toBe(true);
    await seen.next('auth', 'pass');
  });

  it('certificates: expired, renewed, without its key, without the name', async () => {
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
    const seen = watch(plan('certificates', { identities: ['gateway.example'] }));
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
    expect((await seen.next('certificates', 'certificate-identity-missing')).value).toBe('gateway.example');
    issue(...names, '--lifetime', '30');
    rmSync(key);
    load();
    expect((await seen.next('certificates', 'certificate-key-missing')).value).toContain(
      'connection clients',
    );
  });

  it('rekey: a PFS group that only the gateway asks for, until the tunnel is made anew without', async () => {
    await Promise.all([net.gateway.startCharon(), net.client.startCharon()]);
    const short = 'rekey_time = 3s \n life_time = 60s \n rand_time = 0s';
    net.gateway.load(gatewayConf(`esp_proposals = aes128-sha256-x25519 \n ${short}`));
    net.client.load(clientConf(1, ESP));
    const seen = watch(plan('rekey', { overdueMs: 2000, overdueMinimum: 1, failedPercent: 0 }));
    await seen.next('rekey', 'pass');
    expect(initiate(1)).toBe(true);
    const { value } = await seen.next('rekey', 'rekeys-overdue');
    expect(value).toBe('1 of 1 CHILD_SAs overdue (clients)');
    net.gateway.load(gatewayConf(`${ESP} \n ${short}`));
    net.client.swanctl('--terminate', '--ike', 'home-1');
    await seen.next('rekey', 'pass');
    expect(initiate(1)).toBe(true);
  });

  it('sa-loss: clients that vanish without a DELETE are lost, and come back', async () => {
    const impatient = 'retransmit_tries = 1 \n retransmit_timeout = 0.5';
    await Promise.all([net.gateway.startCharon('', impatient), net.client.startCharon()]);
    net.gateway.load(gatewayConf(ESP, 'dpd_delay = 1s'));
    net.client.load(clientConf(3, ESP));
    const seen = watch(plan('sa-loss', { lossMinimum: 2, lossPercent: 50 }));
    seen.tell('announced');
    for (const n of [1, 2, 3]) expect(initiate(n)).toBe(true);
    net.client.swanctl('--terminate', '--ike', 'home-3');
    expect((await seen.next('sa-loss', 'pass')).value).toMatch(/^0 of /);
    await net.client.killed();
    const { value } = await seen.next('sa-loss', 'sas-lost');
    expect(value).toMatch(/^2 of [23] IKE_SAs lost$/);
    await net.client.startCharon();
    net.client.load(clientConf(3, ESP));
    for (const n of [1, 2]) expect(initiate(n)).toBe(true);
    expect((await seen.next('sa-loss', 'pass')).value).toMatch(/^0 of [23] IKE_SAs lost$/);
  });

  it('workers, auth: a RADIUS server that does not answer, until the logins are given up', async () => {
    // With priority_threads VICI answers all the time; nobody can log in.
    await net.gateway.startCharon(
      'md5 eap-identity eap-md5 eap-radius',
      `cookie_threshold = 0 \n block_threshold = 0
       processor { priority_threads { high = 1 \n medium = 4 } }
       plugins { eap-radius { retransmit_tries = 2 \n retransmit_timeout = 3.0
         servers { dead { address = 10.1.1.1 \n secret = nobody } } } }`,
    );
    await net.client.startCharon('md5 eap-identity eap-md5', 'threads = 40');
    const silent = `require('node:dgram').createSocket('udp4').bind(1812, '10.1.1.1')`;
    others.push(
      spawn('ip', ['netns', 'exec', net.client.namespace, process.execPath, '-e', silent], {
        stdio: 'ignore',
      }),
    );
    net.gateway.load(
      gatewayConf(ESP).replace('remote { auth = psk }', 'remote { auth = eap-radius \n eap_id = %any }'),
    );
    const secrets = `${SECRETS}secrets { eap-1 { secret = "x" } }\n`;
    const seen = watch(
      plan('charon'),
      plan('workers', { stuckMs: 3000, queueMinimum: 3 }),
      plan('auth', { stuckMs: 3000, stuckMinimum: 5 }),
    );
    await Promise.all([seen.next('workers', 'pass'), seen.next('auth', 'pass')]);
    // All at once: `swanctl --initiate` would hold a worker of the client for each of them.
    const all = clientConf(20, `${ESP} \n start_action = start`, 'auth = eap-md5 \n eap_id = joe', secrets);
    net.client.load(all);
    const [workers, auth] = await Promise.all([
      seen.next('workers', 'jobs-stuck'),
      seen.next('auth', 'logins-stuck'),
    ]);
    expect(workers.value).toMatch(/^[1-9]\d* of 16 workers idle, .*low priority: \d+ active, \d+ waiting$/);
    expect(auth.value).toMatch(/^\d+ logins half-open for \d+ s, 0 got in meanwhile$/);
    expect(seen.results.filter(({ check, verdict }) => check === 'charon' && verdict !== 'pass')).toEqual([]);
    await net.client.killed();
    await Promise.all([seen.next('workers', 'pass'), seen.next('auth', 'pass')]);
  }, 120_000);
});
