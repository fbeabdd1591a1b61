/**
 * The checks that look at what comes and goes over time, against a real charon: tunnels, losses, and workers that
 * get stuck. Each fails for its real cause, and recovers. As health-vici.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { said } from './health-agent-process.ts';
import { missing } from './health-net.ts';
import { clientConf, ESP, gatewayConf, MANY_FROM_ONE, plan, Scene, SECRETS } from './health-scene.ts';

const reason = missing();
if (reason !== undefined) process.stderr.write(`SKIPPED: test/integration/health-load.test.ts: ${reason}\n`);

/** The dead peer detection of an impatient gateway. */
const IMPATIENT = 'retransmit_tries = 1 \n retransmit_timeout = 0.5';
// With MOBIKE, an address that changes just then (as veth's own does) makes it look for other paths for half a minute.
const DEAD_PEERS = 'dpd_delay = 1s \n mobike = no';

describe.skipIf(reason !== undefined)('a real charon', () => {
  const scene = Scene.forEachTest();

  it('sa-loss: clients that vanish without a DELETE are lost, and come back', async () => {
    const { net } = scene;
    await Promise.all([net.gateway.startCharon('', IMPATIENT), net.client.startCharon()]);
    net.gateway.load(gatewayConf(ESP, DEAD_PEERS));
    net.client.load(clientConf(3, ESP));
    const seen = scene.watch(plan('sa-loss', { lossMinimum: 2, lossPercent: 50 }));
    seen.tell('announced');
    await seen.shows('sa-loss', '0 of 0 IKE_SAs lost');
    for (const n of [1, 2, 3]) expect(scene.initiate(n)).toBe(true);
    net.client.swanctl('--terminate', '--ike', 'home-3');
    expect((await seen.next('sa-loss', 'pass')).value).toMatch(/^0 of /);
    await net.client.killed();
    const { value } = await seen.next('sa-loss', 'sas-lost');
    expect(value).toMatch(/^2 of [23] IKE_SAs lost$/);
    await net.client.startCharon();
    net.client.load(clientConf(3, ESP));
    for (const n of [1, 2]) expect(scene.initiate(n)).toBe(true);
    expect((await seen.next('sa-loss', 'pass')).value).toMatch(/^0 of [23] IKE_SAs lost$/);
  });

  it('workers, auth: a RADIUS server that does not answer, until the logins are given up', async () => {
    const { net } = scene;
    // With priority_threads VICI answers all the time; nobody can log in. kernel-libipsec itself holds five of medium.
    await net.gateway.startCharon(
      'md5 eap-identity eap-md5 eap-radius',
      `${MANY_FROM_ONE} \n half_open_timeout = 15
       threads = 20 \n processor { priority_threads { high = 1 \n medium = 9 } }
       plugins { eap-radius { retransmit_tries = 2 \n retransmit_timeout = 4.0
         servers { dead { address = 10.1.1.1 \n secret = nobody \n sockets = 20 } } } }`,
    );
    await net.client.startCharon('md5 eap-identity eap-md5', 'threads = 40');
    const silent = `require('node:dgram').createSocket('udp4').bind(1812, '10.1.1.1')`;
    scene.onClient(process.execPath, '-e', silent);
    net.gateway.load(
      gatewayConf(ESP).replace('remote { auth = psk }', 'remote { auth = eap-radius \n eap_id = %any }'),
    );
    const secrets = `${SECRETS}secrets { eap-1 { secret = "x" } }\n`;
    const seen = scene.watch(
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
    expect(workers.value).toMatch(/^[1-9]\d* of 20 workers idle, .*low priority: \d+ active, \d+ waiting$/);
    expect(auth.value).toMatch(/^\d+ logins half-open for \d+ s, 0 got in meanwhile$/);
    expect(seen.results.filter(({ check, verdict }) => check === 'charon' && verdict !== 'pass')).toEqual([]);
    await net.client.killed();
    await Promise.all([seen.next('workers', 'pass'), seen.next('auth', 'pass')]);
  }, 120_000);

  it('sa-count, sa-loss: clients that moved away while it was withdrawn are not missed', async () => {
    const { net } = scene;
    await Promise.all([net.gateway.startCharon('', IMPATIENT), net.client.startCharon()]);
    net.gateway.load(gatewayConf(ESP, DEAD_PEERS));
    net.client.load(clientConf(4, ESP));
    const seen = scene.watch(
      plan('sa-count', { ikeSasMinimum: 2, collapseFloor: 2 }),
      plan('sa-loss', { lossMinimum: 1, lossPercent: 1 }),
    );
    seen.tell('announced');
    for (const n of [1, 2, 3, 4]) expect(scene.initiate(n)).toBe(true);
    await seen.shows('sa-count', '4 IKE_SAs, 4 CHILD_SAs');
    seen.tell('withdrawn');
    await seen.shows('sa-loss', 'not announced');
    await seen.next('sa-count', 'pass');
    seen.tell('announced');
    await seen.shows('sa-loss', '0 of 4 IKE_SAs lost');
    await seen.next('sa-count', 'pass');
    await net.client.killed();
    await seen.shows('sa-count', /^0 IKE_SAs/);
    await seen.next('sa-loss', 'pass');
    expect(seen.results.filter(({ verdict }) => verdict === 'fail').map(said)).toEqual([]);
    // Those that come now are missed.
    await net.client.startCharon();
    net.client.load(clientConf(4, ESP));
    for (const n of [1, 2, 3, 4]) expect(scene.initiate(n)).toBe(true);
    await seen.shows('sa-count', '4 IKE_SAs, 4 CHILD_SAs');
    await net.client.killed();
    await Promise.all([seen.next('sa-count', 'sa-collapse'), seen.next('sa-loss', 'sas-lost')]);
  });

  it('sa-count: a tunnel that the gateway initiates, without a CHILD_SA, until the peer agrees', async () => {
    const { net } = scene;
    await Promise.all([net.gateway.startCharon(), net.client.startCharon()]);
    const peer = (network: string): string => `connections { site {
      local { auth = psk \n id = site.example }
      remote { auth = psk \n id = gateway.example }
      children { lan { local_ts = ${network} \n remote_ts = 10.10.0.0/24 \n ${ESP} } } } }
      ${SECRETS}`;
    net.client.load(peer('10.30.0.0/24'));
    net.gateway.load(`connections { site {
      local_addrs = 10.1.1.2 \n remote_addrs = 10.1.1.1
      local { auth = psk \n id = gateway.example }
      remote { auth = psk \n id = site.example }
      children { lan { local_ts = 10.10.0.0/24 \n remote_ts = 10.20.0.0/24 \n ${ESP} } } } }
      ${SECRETS}`);
    const up = (): string => net.gateway.swanctl('--initiate', '--child', 'lan', '--timeout', '10');
    const seen = scene.watch(
      plan('sa-count', { connectionMinimums: [{ name: 'site', minimum: 1, initiated: true }] }),
    );
    const { value } = await seen.next('sa-count', 'connection-below-minimum');
    expect(value).toBe('0 of 1 IKE_SAs of connection site');
    expect(up).toThrow("establishing CHILD_SA 'lan' failed");
    expect((await seen.next('sa-count', 'connection-incomplete')).value).toBe(
      '0 of 1 tunnels of connection site with a CHILD_SA',
    );
    // What is up keeps the old configuration.
    net.client.load(peer('10.20.0.0/24'));
    net.gateway.swanctl('--terminate', '--ike', 'site');
    up();
    expect((await seen.next('sa-count', 'pass')).value).toBe('1 IKE_SAs, 1 CHILD_SAs');
    net.client.swanctl('--terminate', '--child', 'lan');
    await seen.next('sa-count', 'connection-incomplete');
  });

  it('workers: an updown script that is slower than the logins come, until all are in', async () => {
    const { net } = scene;
    await net.gateway.startCharon('', MANY_FROM_ONE);
    await net.client.startCharon('', 'threads = 40');
    // charon runs one script at a time, and each login that waits for its turn holds a worker.
    net.gateway.load(gatewayConf(`${ESP} \n updown = "sleep 0.1"`));
    // VICI waits for a worker as well: only who is patient hears of it.
    const patient = { ...plan('workers', { stuckMs: 2000, queueMinimum: 1000 }), timeoutMs: 5000 };
    const seen = scene.watch(patient);
    await seen.next('workers', 'pass');
    net.client.load(clientConf(80, `${ESP} \n start_action = start`));
    const { value } = await seen.next('workers', 'workers-exhausted');
    expect(value).toMatch(/^0 of 16 workers idle, .*\d+ waiting$/);
    await seen.next('workers', 'pass');
  });
});
