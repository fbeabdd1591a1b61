/**
 * `swancast canary` with real charons on both sides, in network namespaces of their own (health-net.ts): each
 * stage at which a login can fail, for its real cause, and the recovery after it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CanaryReport, TunnelReport } from '../../health/canary/report.ts';
import { readStats } from '../../health/strongswan.ts';
import { openReader } from '../../health/vici/index.ts';
import { CLIENT_CONF, GATEWAY_CONF, HealthNet, missing } from './health-net.ts';

const reason = missing();
if (reason !== undefined) process.stderr.write(`SKIPPED: test/integration/canary.test.ts: ${reason}\n`);

const BEHIND = '10.10.0.1';
const TCP_PORT = 8007;
const MAIN = fileURLToPath(new URL('../../sidecar/main.ts', import.meta.url));

describe.skipIf(reason !== undefined)('a canary with a real client', () => {
  let net: HealthNet;
  let server: ChildProcess;
  let echoServer: ChildProcess;

  beforeAll(async () => {
    net = new HealthNet();
    await Promise.all([net.gateway.startCharon(), net.client.startCharon()]);
    net.gateway.load(GATEWAY_CONF);
    net.client.load(CLIENT_CONF);
    const program = `require('net').createServer((s)=>s.end()).listen(${TCP_PORT},'${BEHIND}',()=>console.log('up'))`;
    server = spawn('ip', ['netns', 'exec', net.gateway.namespace, process.execPath, '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (server.stdout !== null) await once(server.stdout, 'data');
    const echo = `const s=require('dgram').createSocket('udp4');s.on('message',(m,r)=>s.send(m,r.port,r.address)).bind(7,'${BEHIND}',()=>console.log('up'))`;
    echoServer = spawn('ip', ['netns', 'exec', net.gateway.namespace, process.execPath, '-e', echo], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (echoServer.stdout !== null) await once(echoServer.stdout, 'data');
  });

  afterAll(() => {
    server.kill('SIGKILL');
    echoServer.kill('SIGKILL');
    net.close();
  });

  const config = (traffic: string, child = 'net'): string => {
    const file = join(net.directory, 'canary.yaml');
    writeFileSync(
      file,
      `canary: { name: yellow }
strongswan: { vici_socket: ${net.client.socket} }
report: { socket: ${join(net.directory, 'report.sock')} }
tunnels:
  - name: home
    connection: home
    child: ${child}
    timeout_seconds: 3
    traffic: ${traffic}
`,
    );
    return file;
  };
  const PING = `{ kind: ping, address: ${BEHIND}, timeout_seconds: 2 }`;

  async function round(traffic = PING, child?: string): Promise<{ tunnel: TunnelReport; code: number }> {
    const words = [MAIN, 'canary', '--once', '--json', '-c', config(traffic, child)];
    const program = spawn('ip', ['netns', 'exec', net.client.namespace, process.execPath, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    program.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    const [code] = (await once(program, 'close')) as [number];
    const [tunnel] = (JSON.parse(out) as CanaryReport).tunnels;
    if (tunnel === undefined) throw new Error(`no tunnel in ${out}`);
    return { tunnel, code };
  }

  /** Requests that waited in the socket of a frozen charon may still lead to a half-open one. */
  const atGateway = async (): Promise<number> => {
    const client = await openReader(net.gateway.socket, { onlyCommands: true });
    const { ikeSas } = readStats(await client.request('stats'));
    client.close();
    return ikeSas.total - ikeSas.halfOpen;
  };

  it.each([
    ['ping', PING],
    ['udp-echo', `{ kind: udp-echo, address: ${BEHIND} }`],
    ['tcp', `{ kind: tcp, address: ${BEHIND}, port: ${String(TCP_PORT)} }`],
  ])('passes with %s, and leaves nothing behind', async (_, traffic) => {
    const { tunnel, code } = await round(traffic);
    expect(tunnel).toMatchObject({ name: 'home', state: 'pass', address: '10.3.1.1', failures: 0 });
    expect(code).toBe(0);
    expect(await atGateway()).toBe(0);
  });

  const failed = async (stage: string, traffic?: string): Promise<TunnelReport> => {
    const { tunnel, code } = await round(traffic);
    expect(tunnel).toMatchObject({ state: 'fail', failed: stage, failures: 1 });
    expect(code).toBe(1);
    return tunnel;
  };

  it('no-traffic: what is behind the gateway does not answer', async () => {
    await failed('no-traffic', '{ kind: ping, address: 10.10.0.99, timeout_seconds: 0.5 }');
    expect((await failed('no-traffic', `{ kind: tcp, address: ${BEHIND}, port: 9 }`)).detail).toContain(
      'ECONNREFUSED',
    );
    expect(await atGateway()).toBe(0);
  });

  it('no-address: the pool is gone', async () => {
    net.gateway.load(GATEWAY_CONF.replace('10.3.1.0/24', '10.3.1.1/32').replace('pools = vips', ''));
    await failed('no-address');
    net.gateway.load(GATEWAY_CONF);
    expect((await round()).tunnel.state).toBe('pass');
  });

  it('no-address: the traffic selectors do not fit', async () => {
    net.gateway.load(GATEWAY_CONF.replace('local_ts = 10.10.0.0/24', 'local_ts = 10.77.0.0/24'));
    await failed('no-address');
    net.gateway.load(GATEWAY_CONF);
    expect((await round()).tunnel.state).toBe('pass');
  });

  it('no-auth: the secrets differ; no connection fits', async () => {
    net.gateway.load(GATEWAY_CONF.replace('only for this test', 'another one'));
    await failed('no-auth');
    net.gateway.load(GATEWAY_CONF.replace('version = 2', 'version = 1'));
    await failed('no-auth'); // NO_PROPOSAL_CHOSEN to IKE_SA_INIT
    net.gateway.load(GATEWAY_CONF);
    expect((await round()).tunnel.state).toBe('pass');
  });

  it('no-answer: the charon of the gateway is frozen', async () => {
    net.gateway.kill('SIGSTOP');
    await failed('no-answer');
    net.gateway.kill('SIGCONT');
    expect((await round()).tunnel.state).toBe('pass');
    expect(await atGateway()).toBe(0);
  });

  it('broken, which is nobody else’s fault: its own configuration, its own charon', async () => {
    expect((await round(PING, 'nonsense')).tunnel).toMatchObject({ state: 'broken', failures: 0 });
    await net.client.killed();
    expect((await round()).tunnel).toMatchObject({ state: 'broken', failures: 0 });
    await net.client.startCharon();
    net.client.load(CLIENT_CONF);
    expect((await round()).tunnel.state).toBe('pass');
  });
});
