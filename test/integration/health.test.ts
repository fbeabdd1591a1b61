/**
 * The whole of health/ against a real charon, in network namespaces of its own (health-net.ts), in a process
 * of its own inside the gateway's namespace (health-agent.ts). One charon, in the order of a bad day.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Result } from '../../health/check.ts';
import { CHECK_TYPES, type CheckPlan, type CheckTypeName } from '../../health/registry.ts';
import { readStats } from '../../health/strongswan.ts';
import { openReader } from '../../health/vici/index.ts';
import { OFF } from '../health/checks/sa-count.fixture.ts';
import { Agent, said } from './health-agent-process.ts';
import { ANYCAST_4, ANYCAST_6, CLIENT_CONF, GATEWAY_CONF, HealthNet, missing } from './health-net.ts';

const reason = missing();
if (reason !== undefined) process.stderr.write(`SKIPPED: test/integration/health.test.ts: ${reason}\n`);

/** A type with its defaults, but looked at often. */
function plan(name: string, type: CheckTypeName, limits: Record<string, unknown>): CheckPlan {
  const { timeoutMs } = CHECK_TYPES[type].defaults;
  return { name, type, intervalMs: 500, fastMs: 100, timeoutMs, dependsOn: [], limits };
}

const probe = (name: string, address: string): CheckPlan =>
  plan(name, 'ike-probe', { address, ports: [500, 4500], source: '' });

const PLANS = [
  plan('charon', 'charon', { connectionsMinimum: 1 }),
  plan('sa-count', 'sa-count', {
    ...OFF,
    ikeSasMinimum: 1,
    listIntervalMs: 3_600_000, // all but the first count is by events
  }),
  probe('probe-4', ANYCAST_4),
  probe('probe-6', ANYCAST_6),
  probe('probe-any', '198.51.100.7'), // a whole prefix is routed to the gateway
  probe('probe-away', '203.0.113.7'),
];

const COOKIE_SENT_BACK = /parsed IKE_SA_INIT request 0 \[ N\(COOKIE\) SA KE No \]/u;

/** An IKE_SA_INIT that charon takes up, so that an IKE_SA is left half-open (RFC 7296 section 3). */
function acceptableSaInit(): Buffer {
  const hex = (...words: string[]): Buffer => Buffer.from(words.join('').replaceAll(' ', ''), 'hex');
  const spi = randomBytes(8).toString('hex');
  // ENCR AES-CBC with a key of 128 bits, PRF and INTEG with SHA2-256, Curve25519: 44 bytes of transforms
  const transforms = '0300000c 0100000c 800e0080 03000008 02000005 03000008 0300000c 00000008 0400001f';
  const body = hex(
    `22 00 0030 00 00 002c 01 01 00 04 ${transforms}`,
    `28 00 0028 001f 0000 ${'09'.repeat(32)}`,
    `00 00 0024 ${'55'.repeat(32)}`,
  );
  const length = (28 + body.length).toString(16).padStart(8, '0');
  return Buffer.concat([hex(spi, '0000000000000000', '21 20 22 08', '00000000', length), body]);
}

describe.skipIf(reason !== undefined)('a real charon', () => {
  let net: HealthNet;
  let agent: Agent;

  const stats = async (): Promise<{ total: number; halfOpen: number }> => {
    const client = await openReader(net.gateway.socket, { onlyCommands: true, deadlineMs: 5000 });
    const answer = readStats(await client.request('stats', undefined, { deadlineMs: 5000 }));
    client.close();
    return answer.ikeSas;
  };

  beforeAll(async () => {
    net = new HealthNet();
    await Promise.all([net.gateway.startCharon(), net.client.startCharon()]);
    net.client.load(CLIENT_CONF);
    agent = new Agent(net.gateway.namespace, net.gateway.socket, PLANS);
  });

  afterAll(async () => {
    await agent.end();
    net.close();
  });

  it('without connections fails on VICI, while its workers answer', async () => {
    const result = await agent.next('charon', 'no-connections');
    expect(result.value).toBe('5.9.8, 0 connections');
    await agent.next('probe-4', 'pass');
  });

  it('with connections passes; the probe on both families and both ports', async () => {
    net.gateway.load(GATEWAY_CONF);
    expect((await agent.next('charon', 'pass')).value).toBe('5.9.8, 0 IKE_SAs, 1 connection');
    for (const name of ['probe-4', 'probe-6', 'probe-any']) {
      const { value } = await agent.next(name, 'pass');
      expect(value).toMatch(/^500: NO_PROPOSAL_CHOSEN in .* ms, 4500: NO_PROPOSAL_CHOSEN in .* ms$/);
    }
    await agent.next('probe-away', 'address-missing');
  });

  it('is left without a half-open IKE_SA by fifty probes', async () => {
    const before = agent.results.length;
    const passes = (): Result[] =>
      agent.results.slice(before).filter(({ check, verdict }) => check === 'probe-4' && verdict === 'pass');
    while (passes().length < 50) {
      agent.tell('probe-4');
      await agent.next('probe-4', 'pass');
    }
    expect(await stats()).toEqual({ total: 0, halfOpen: 0 });
  });

  it('with a client that logs in counts it by events; the minimum is armed while announced', async () => {
    expect((await agent.next('sa-count', 'pass')).value).toMatch(/^0 IKE_SAs, .* not armed yet$/);
    agent.tell('announced');
    net.client.swanctl('--initiate', '--child', 'net');
    await expect
      .poll(async () => (await agent.next('sa-count', 'pass')).value, { timeout: 10_000 })
      .toBe('1 IKE_SAs, 1 CHILD_SAs');
    expect(await stats()).toEqual({ total: 1, halfOpen: 0 });
  });

  it('whose client rekeys both still counts one of each', async () => {
    const rekeyed = agent.results.length;
    net.client.swanctl('--rekey', '--ike', 'home');
    net.client.swanctl('--rekey', '--child', 'net');
    await agent.next('charon', 'pass');
    await expect
      .poll(
        async () => {
          const counted = (await agent.next('sa-count', 'pass')).value;
          const uniqueid = /clients: #(\d+)/.exec(net.gateway.swanctl('--list-sas'))?.[1];
          return `${uniqueid ?? 'none'}: ${counted ?? ''}`;
        },
        { timeout: 10_000 },
      )
      .toMatch(/^(?!1:).*: 1 IKE_SAs, 1 CHILD_SAs$/);
    const since = agent.results.slice(rekeyed).filter(({ check }) => check === 'sa-count');
    expect(since.map(said)).not.toContain('ike-sas-below-minimum');
  });

  it('whose client leaves is below the minimum, until the gateway is withdrawn', async () => {
    net.client.swanctl('--terminate', '--ike', 'home');
    const result = await agent.next('sa-count', 'ike-sas-below-minimum');
    expect(result.value).toBe('0 of 1 IKE_SAs');
    agent.tell('withdrawn');
    await agent.next('sa-count', 'pass');
  });

  it('that is frozen is silent on both planes, and the counts are unknown', async () => {
    net.gateway.kill('SIGSTOP');
    try {
      await agent.next('charon', 'vici-silent');
      await Promise.all([
        agent.next('probe-4', 'ike-silent'),
        agent.next('probe-6', 'ike-silent'),
        agent.next('sa-count', 'cause-unknown'),
      ]);
    } finally {
      net.gateway.kill('SIGCONT');
    }
    await Promise.all([agent.next('charon', 'pass'), agent.next('probe-4', 'pass')]);
    expect(await stats()).toEqual({ total: 0, halfOpen: 0 });
  });

  it('that is killed is gone before the next look, and the IKE ports refuse', async () => {
    const gone = agent.next('charon', 'charon-gone');
    const refused = Promise.all([agent.next('probe-4', 'ike-refused'), agent.next('probe-6', 'ike-refused')]);
    await net.gateway.killed();
    expect((await gone).value).toContain('ECONNREFUSED');
    await refused;
  });

  it('that comes back is found again, empty and then configured', async () => {
    const empty = agent.next('charon', 'no-connections');
    await net.gateway.startCharon();
    expect((await empty).value).toBe('5.9.8, 0 connections');
    net.gateway.load(GATEWAY_CONF);
    const back = await Promise.all([
      agent.next('charon', 'pass'),
      agent.next('sa-count', 'pass'),
      agent.next('probe-6', 'pass'),
    ]);
    expect(back[0].value).toMatch(/1 connection$/);
  });

  it('whose connections are unloaded fails at the next look', async () => {
    net.gateway.load('connections {}\n');
    const { verdict } = await agent.next('charon', 'no-connections');
    expect(verdict).toBe('fail');
  });

  it('that asks everybody for a cookie, as in a flood, is seen to serve all the same', async () => {
    await net.gateway.killed();
    // The charon before, overrun when it was thawed, may have asked for cookies as well.
    const start = net.gateway.log().length;
    await net.gateway.startCharon('', 'cookie_threshold = 1');
    net.gateway.load(GATEWAY_CONF);
    // One that is taken up leaves an IKE_SA half-open, and from then on everybody is asked for a cookie.
    const asksForCookies = (): boolean => {
      net.client.send(ANYCAST_4, 500, acceptableSaInit());
      return COOKIE_SENT_BACK.test(net.gateway.log().slice(start));
    };
    await expect.poll(asksForCookies, { timeout: 10_000 }).toBe(true);
    const before = net.gateway.log().length;
    for (const name of ['probe-4', 'probe-6']) {
      const { value } = await agent.next(name, 'pass');
      expect(value).toMatch(/^500: NO_PROPOSAL_CHOSEN in .* ms, 4500: NO_PROPOSAL_CHOSEN in .* ms$/);
    }
    expect(net.gateway.log().slice(before)).toMatch(COOKIE_SENT_BACK);
  });
});
