/**
 * The checks that look at this host and past it (interface, tunnel-path, exec, http) in network namespaces of
 * their own: each fails for its real cause and recovers.
 *
 *     client 10.1.1.1 ──veth0── 10.1.1.2 gateway   lo: 192.0.2.1/32 2001:db8:53::1/128, 198.51.100.0/24 routed to it
 *     (stands for the inside: what the gateway reaches there is what the checks look at)
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../health/limits.ts';
import { CHECK_TYPES, type CheckPlan, type CheckTypeName } from '../../health/registry.ts';
import { PING } from '../../health/reach/icmp.ts';
import { endpoint as plainEndpoint } from '../health/reach/endpoint.fixture.ts';
import { Agent } from './health-agent-process.ts';
import { ANYCAST_4, ANYCAST_6, HealthNet, missing } from './health-net.ts';

const reason = missing();
if (reason !== undefined) {
  process.stderr.write(`SKIPPED: test/integration/health-host.test.ts: ${reason}\n`);
}

const INSIDE = '10.1.1.1';
const GATEWAY = '10.1.1.2';
const [HTTP_PORT, TCP_PORT] = [8080, 8081];

/** A type with its defaults, but looked at often. */
function plan(
  name: string,
  type: CheckTypeName,
  limits: Record<string, unknown>,
  timeoutMs?: number,
): CheckPlan {
  const { defaults } = CHECK_TYPES[type];
  const patience = timeoutMs ?? defaults.timeoutMs;
  return { name, type, intervalMs: 300, fastMs: 100, timeoutMs: patience, dependsOn: [], limits };
}

const device = (name: string, limits: Record<string, unknown>): CheckPlan =>
  plan(name, 'interface', {
    address: '',
    defaultRoute: 'none',
    mtuMinimum: 0,
    errorsPerSecond: 10,
    dropsPerSecond: 0,
    ...limits,
  });

const endpoint = (more: Partial<Endpoint>): Endpoint => plainEndpoint({ target: INSIDE, ...more });

/** A server inside: HTTP that shows who asks, and a TCP port that accepts. Line "ready" once it listens. */
const SERVER = `
const http = require('node:http'), net = require('node:net');
http.createServer((q, r) => r.end('asked by ' + q.socket.remoteAddress)).listen(${String(HTTP_PORT)}, '${INSIDE}', () =>
  net.createServer((s) => s.end()).listen(${String(TCP_PORT)}, '${INSIDE}', () => console.log('ready')));
`;

async function startServer(namespace: string): Promise<ChildProcess> {
  const words = ['netns', 'exec', namespace, process.execPath, '-e', SERVER];
  const server = spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    server.once('exit', () => reject(new Error('the server inside ended')));
    if (server.stdout !== null) createInterface({ input: server.stdout }).once('line', () => resolve());
  });
  return server;
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGKILL');
  await gone;
}

/** True while this process runs; a zombie does not. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe.skipIf(reason !== undefined)('a gateway and what lies behind it', () => {
  let net: HealthNet;
  let agent: Agent;
  let server: ChildProcess;
  let script = '';
  let grandchild = '';

  const ip = (...words: string[]): string =>
    execFileSync('ip', ['-n', net.gateway.namespace, ...words], { encoding: 'utf8', stdio: 'pipe' });

  /** What the user's program does from now on. */
  const setScript = (text: string): void => {
    writeFileSync(`${script}.new`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    // In one step: a script that is being written cannot be started.
    renameSync(`${script}.new`, script);
  };

  beforeAll(async () => {
    net = new HealthNet();
    ip('route', 'add', 'default', 'via', INSIDE);
    ip('-6', 'route', 'add', 'default', 'via', 'fd00:1::1');
    server = await startServer(net.client.namespace);
    script = join(net.directory, 'own-check');
    grandchild = join(net.directory, 'grandchild');
    setScript('echo fine');
    agent = new Agent(net.gateway.namespace, join(net.directory, 'nobody.vici'), [
      device('uplink', { device: 'veth0', defaultRoute: 'both', mtuMinimum: 1400 }),
      device('anycast-4', { device: 'lo', address: ANYCAST_4 }),
      device('anycast-6', { device: 'lo', address: ANYCAST_6 }),
      device('routed', { device: 'lo', address: '198.51.100.7' }),
      plan('inside', 'tunnel-path', {
        minimum: 2,
        source: GATEWAY,
        endpoints: [
          endpoint({ type: 'tcp', port: TCP_PORT }),
          endpoint({ type: 'http', port: HTTP_PORT }),
          endpoint({ type: 'tcp', port: 1 }),
        ],
      }),
      ...(existsSync(PING)
        ? [plan('ping', 'tunnel-path', { minimum: 0, source: '', endpoints: [endpoint({ type: 'icmp' })] })]
        : []),
      plan('page', 'http', {
        url: `http://${INSIDE}:${String(HTTP_PORT)}/`,
        status: 200,
        body: `asked by ${GATEWAY}`,
        source: GATEWAY,
        verify: true,
      }),
      plan('own', 'exec', { command: [script], warning: 'pass' }, 1000),
    ]);
  });

  afterAll(async () => {
    await agent.end();
    await stopServer(server);
    net.close();
  });

  it('pass when all is well', async () => {
    const names = ['uplink', 'anycast-4', 'anycast-6', 'routed', 'inside', 'page', 'own'];
    await Promise.all(names.map((name) => agent.next(name, 'pass')));
    expect((await agent.next('inside', 'pass')).value).toBe(
      '2 of 3 reached, 2 needed; tcp 10.1.1.1:1: refused, nobody listens (ECONNREFUSED)',
    );
    expect((await agent.next('own', 'pass')).value).toBe('fine');
  });

  it.skipIf(!existsSync(PING))('ping reaches the inside', async () => {
    expect((await agent.next('ping', 'pass')).value).toBe('1 of 1 reached, 1 needed');
  });

  it('an anycast address is removed and added: only the check of its family fails', async () => {
    const before = agent.results.length;
    ip('addr', 'del', `${ANYCAST_4}/32`, 'dev', 'lo');
    expect((await agent.next('anycast-4', 'address-missing')).value).toBe(
      '192.0.2.1 is on no interface of this host',
    );
    ip('addr', 'add', `${ANYCAST_4}/32`, 'dev', 'veth0');
    await expect
      .poll(async () => (await agent.next('anycast-4', 'address-missing')).value)
      .toBe('192.0.2.1 is on veth0, not on lo');
    ip('addr', 'del', `${ANYCAST_4}/32`, 'dev', 'veth0');
    // With a label: the same interface under another name.
    ip('addr', 'add', `${ANYCAST_4}/32`, 'dev', 'lo', 'label', 'lo:anycast');
    await agent.next('anycast-4', 'pass');
    const others = agent.results.slice(before).filter(({ check }) => check === 'anycast-6');
    expect(others.map(({ verdict }) => verdict)).not.toContain('fail');

    ip('addr', 'del', `${ANYCAST_6}/128`, 'dev', 'lo');
    await agent.next('anycast-6', 'address-missing');
    ip('addr', 'add', `${ANYCAST_6}/128`, 'dev', 'lo', 'nodad');
    await agent.next('anycast-6', 'pass');
  });

  it('a routed prefix goes and comes', async () => {
    ip('route', 'del', 'local', '198.51.100.0/24', 'dev', 'lo');
    const { value } = await agent.next('routed', 'address-missing');
    expect(value).toBe('198.51.100.7 is on no interface of this host');
    ip('route', 'add', 'local', '198.51.100.0/24', 'dev', 'lo');
    await agent.next('routed', 'pass');
  });

  it('a default route goes and comes', async () => {
    ip('-6', 'route', 'del', 'default');
    expect((await agent.next('uplink', 'default-route-missing')).value).toBe('none for ipv6');
    ip('-6', 'route', 'add', 'default', 'via', 'fd00:1::1');
    await agent.next('uplink', 'pass');
    ip('route', 'del', 'default');
    expect((await agent.next('uplink', 'default-route-missing')).value).toBe('none for ipv4');
    ip('route', 'add', 'default', 'via', INSIDE);
    await agent.next('uplink', 'pass');
  });

  it('the MTU falls and rises', async () => {
    ip('link', 'set', 'veth0', 'mtu', '1300');
    const { value } = await agent.next('uplink', 'mtu-low');
    expect(value).toBe('veth0 has an MTU of 1300, at least 1400 wanted');
    ip('link', 'set', 'veth0', 'mtu', '1500');
    await agent.next('uplink', 'pass');
  });

  it('the far end loses its link: no carrier, and nothing inside is reached', async () => {
    const far = (...words: string[]): void => {
      execFileSync('ip', ['-n', net.client.namespace, 'link', 'set', 'veth0', ...words], { stdio: 'pipe' });
    };
    const unreached = agent.next('inside', 'inside-unreachable');
    const page = agent.next('page', 'http-no-answer');
    const ping = existsSync(PING) ? agent.next('ping', 'inside-unreachable') : undefined;
    far('down');
    expect((await agent.next('uplink', 'interface-down')).value).toBe('veth0 has no carrier');
    await Promise.all([unreached, page, ping]);
    far('up');
    await Promise.all(['uplink', 'inside', 'page'].map((name) => agent.next(name, 'pass')));
  });

  it('the link is set down and up', async () => {
    ip('link', 'set', 'veth0', 'down');
    expect((await agent.next('uplink', 'interface-down')).value).toBe('veth0 is set down');
    ip('link', 'set', 'veth0', 'up');
    ip('addr', 'replace', 'fd00:1::2/64', 'dev', 'veth0', 'nodad');
    ip('route', 'replace', 'default', 'via', INSIDE);
    ip('-6', 'route', 'replace', 'default', 'via', 'fd00:1::1');
    await agent.next('uplink', 'pass');
  });

  it('the server inside stops and starts', async () => {
    const unreached = agent.next('inside', 'inside-unreachable');
    const page = agent.next('page', 'http-no-answer');
    await stopServer(server);
    expect((await unreached).value).toMatch(/^0 of 3 reached, 2 needed; tcp 10\.1\.1\.1:8081: refused/);
    expect((await page).value).toBe('refused, nobody listens (ECONNREFUSED)');
    server = await startServer(net.client.namespace);
    await Promise.all([agent.next('inside', 'pass'), agent.next('page', 'pass')]);
  });

  it('the program of the operator says so, by its exit code', async () => {
    setScript('echo "disk full | /=100%"; exit 2');
    expect((await agent.next('own', 'exec-critical')).value).toBe('exit code 2: disk full');
    setScript('exit 3');
    await agent.next('own', 'exec-unknown');
    rmSync(script);
    await agent.next('own', 'program-unusable');
    setScript('echo well again');
    expect((await agent.next('own', 'pass')).value).toBe('well again');
  });

  it('the program hangs with a grandchild: the group is killed, and nothing else waits', async () => {
    setScript(`sh -c 'trap "" TERM HUP INT; echo $$ > ${grandchild}; while :; do sleep 60; done' &\nwait`);
    const before = agent.results.length;
    await agent.next('own', 'exec-timed-out');
    const pid = Number(readFileSync(grandchild, 'utf8'));
    expect(pid).toBeGreaterThan(1);
    const others = agent.results.slice(before).filter(({ check }) => check === 'uplink');
    expect(others.length).toBeGreaterThan(0);
    setScript('echo fine');
    await agent.next('own', 'pass');
    await expect.poll(() => runs(pid)).toBe(false);
    expect(execFileSync('ip', ['netns', 'pids', net.gateway.namespace], { encoding: 'utf8' })).not.toContain(
      `${String(pid)}\n`,
    );
  });
});
