/** The real guard and its real launcher, as processes, under a scripted ExaBGP. */
import { once } from 'node:events';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { descendants, isAlive, processStat, signalProcess, type ProcessIdentity } from '../../bgp/procfs.ts';
import { answerLikeExabgp, FakeExabgp, type FakeExabgpOptions } from '../fake/exabgp.ts';
import { LeaseHolder, monotonic } from '../fake/lease-holder.ts';

const one = { prefix: '192.0.2.1/32', nextHop: 'self' };
const ANNOUNCE = 'announce route 192.0.2.1/32 next-hop self';

// Processes are started, and ExaBGP's silence is waited for: a busy machine needs its time.
vi.setConfig({ testTimeout: 30_000 });

/** The newest clear is younger than the newest announcement. */
const withdrawn = ({ commands }: FakeExabgp): boolean =>
  commands.lastIndexOf('clear adj-rib out') >
  commands.findLastIndex((command) => command.startsWith('announce route'));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function exabgp(options: FakeExabgpOptions = {}): Promise<FakeExabgp> {
  const fake = await FakeExabgp.start(options);
  cleanups.push(() => fake.stop());
  return fake;
}

async function holder(fake: FakeExabgp): Promise<LeaseHolder> {
  const lease = await LeaseHolder.connect(fake.leaseSocket);
  cleanups.push(() => lease.close());
  return lease;
}

/** ExaBGP and a sidecar with one announced prefix. `ttlMs` long enough for a slow machine unless it is the matter. */
async function announced(
  options: FakeExabgpOptions = { ttlMs: 60_000 },
): Promise<{ fake: FakeExabgp; lease: LeaseHolder }> {
  const fake = await exabgp(options);
  const lease = await holder(fake);
  lease.send({ type: 'set', generation: 1, evidence: monotonic(), announcements: [one] });
  await lease.until(() =>
    lease.messages.some((message) => message.type === 'report' && message.acknowledged.length === 1),
  );
  return { fake, lease };
}

const guardOf = (lease: LeaseHolder): ProcessIdentity => {
  const hello = lease.messages[0];
  const stat = hello?.type === 'hello' ? processStat(hello.pid) : undefined;
  if (stat === undefined) throw new Error('no guard said hello');
  return stat;
};

describe('the guard', () => {
  it('clears ExaBGP before it listens, and tells who it is', async () => {
    const fake = await exabgp();
    const lease = await holder(fake);
    // The launcher's clear goes before: what an earlier launcher left must not stay until a guard is up.
    const first = ['', 'clear adj-rib out', 'version', 'clear adj-rib out', 'version'];
    expect(fake.commands.slice(0, 5)).toEqual(first);
    expect(lease.messages[0]).toMatchObject({
      type: 'hello',
      exabgpPid: fake.identity?.pid,
      exabgpVersion: '4.2.21',
      lease: 'none',
      generation: 0,
      desired: [],
    });
  });

  it('announces and withdraws what it is told', async () => {
    const { fake, lease } = await announced();
    expect(fake.commands).toContain(ANNOUNCE);
    lease.send({ type: 'set', generation: 2, evidence: monotonic(), announcements: [] });
    await fake.until(() => withdrawn(fake));
    await lease.until(() => lease.report?.acknowledged.length === 0);
    expect(lease.report).toMatchObject({ lease: 'none', generation: 2 });
  });

  it('withdraws by itself when nobody renews', async () => {
    const { fake, lease } = await announced({ ttlMs: 300 });
    await fake.until(() => withdrawn(fake));
    await lease.until(() => lease.report?.lease === 'lapsed');
    lease.send({ type: 'renew', generation: 1, evidence: monotonic() });
    await lease.until(() => lease.refusals().length === 1);
    expect(lease.refusals()).toEqual(['lapsed']);
  });

  it('withdraws when the sidecar is gone, and lets a successor adopt before', async () => {
    const { fake, lease } = await announced({ ttlMs: 1000 });
    lease.close();
    const successor = await holder(fake);
    expect(successor.report).toMatchObject({ lease: 'held', generation: 1, acknowledged: [one.prefix] });
    successor.keepRenewing(1);
    await fake.until(() => fake.commands.filter((command) => command === 'version').length >= 4);
    expect(withdrawn(fake)).toBe(false);
    successor.close();
    await fake.until(() => withdrawn(fake));
  });

  it('survives every kind of noise from ExaBGP, and goes on announcing', async () => {
    const fake = await exabgp({ ttlMs: 60_000 });
    const lease = await holder(fake);
    fake.say('garbage', '', '{', '{"type":"state"}', 'error in some text', '\u0000\u0001');
    fake.sayBytes(Buffer.concat([Buffer.alloc(200_000, 0x78), Buffer.from('\n')]));
    fake.sayBytes(Buffer.from([0xff, 0xfe, 0x0a]));
    fake.neighborEvent('up');
    await lease.until(() => lease.report?.neighbors['10.0.0.2'] === 'up');
    lease.send({ type: 'set', generation: 1, evidence: monotonic(), announcements: [one] });
    await lease.until(() => lease.report?.acknowledged.length === 1);
    expect(fake.alive).toBe(true);
  });

  it('waits for late acknowledgements of announcements', async () => {
    const fake = await exabgp({ ttlMs: 60_000 });
    const lease = await holder(fake);
    fake.hang();
    lease.send({ type: 'set', generation: 1, evidence: monotonic(), announcements: [one] });
    await fake.until(() => fake.commands.includes(ANNOUNCE));
    await lease.until(() => lease.report?.desired.length === 1);
    expect(lease.report?.acknowledged).toEqual([]);
    fake.answer = answerLikeExabgp;
    fake.say('done');
    await lease.until(() => lease.report?.acknowledged.length === 1);
  });

  it('tries a refused announcement again', async () => {
    const fake = await exabgp({ ttlMs: 60_000 });
    const lease = await holder(fake);
    let refusals = 0;
    fake.answer = (command) =>
      command === ANNOUNCE && (refusals += 1) === 1 ? ['error'] : answerLikeExabgp(command);
    lease.send({ type: 'set', generation: 1, evidence: monotonic(), announcements: [one] });
    await lease.until(() => lease.report?.acknowledged.length === 1);
    expect(refusals).toBe(2);
    expect(fake.stderr).toContain('ExaBGP refused to announce 192.0.2.1/32');
  });

  it.each<[string, (fake: FakeExabgp) => void]>([
    ['does not answer a withdrawal', (fake) => fake.hang()],
    [
      'refuses a withdrawal',
      (fake) => (fake.answer = (command) => [command === 'version' ? 'exabgp 4.2.21' : 'error']),
    ],
  ])('kills an ExaBGP that %s', async (_, spoil) => {
    const { fake, lease } = await announced();
    spoil(fake);
    lease.send({ type: 'set', generation: 2, evidence: monotonic(), announcements: [] });
    await fake.until(() => !fake.alive);
    await lease.until(() => lease.closed);
    expect(withdrawn(fake)).toBe(true);
  });

  it('kills an ExaBGP that went silent, with nothing to withdraw in sight', async () => {
    const { fake, lease } = await announced();
    fake.hang();
    await fake.until(() => !fake.alive);
    await lease.until(() => lease.closed);
    expect(fake.stderr).toContain('no answer to `version` for 2');
  });

  it('kills an ExaBGP that froze, also when the launcher between them is gone', async () => {
    const { fake, lease } = await announced();
    const launcher = processStat(guardOf(lease).pid)?.parent ?? 0;
    process.kill(fake.identity?.pid ?? 0, 'SIGSTOP');
    process.kill(launcher, 'SIGKILL');
    await fake.until(() => !fake.alive);
    expect(fake.stderr).not.toContain('cannot be killed');
  });

  it('kills an ExaBGP that does not read: a full pipe does not stop the guard', async () => {
    const { fake, lease } = await announced();
    if (fake.identity === undefined) throw new Error('no identity');
    process.kill(fake.identity.pid, 'SIGSTOP');
    const announcements = Array.from({ length: 4000 }, (__, n) => ({
      prefix: `10.${n >> 8}.${n & 255}.0/24`,
      nextHop: 'self',
      communities: Array.from({ length: 16 }, (___, value) => `65001:${10_000 + value}`),
    }));
    lease.send({ type: 'set', generation: 2, evidence: monotonic(), announcements });
    await fake.until(() => !fake.alive);
    expect(fake.alive).toBe(false);
  });

  it('lives through connections by the hundred and a lack of file descriptors', async () => {
    const { fake, lease } = await announced();
    const { pid } = guardOf(lease);
    const open = readdirSync(`/proc/${pid}/fd`).length;
    execFileSync('prlimit', ['--pid', String(pid), `--nofile=${open + 3}`]);
    const crowd = Array.from({ length: 300 }, () => connect(fake.leaseSocket).on('error', () => undefined));
    cleanups.push(() => crowd.forEach((socket) => socket.destroy()));
    await Promise.all(crowd.slice(10).map((socket) => once(socket.resume(), 'close')));
    lease.send({ type: 'renew', generation: 1, evidence: monotonic() });
    await lease.until(() => lease.messages.some((message) => message.type === 'renewed'));
    // It can still kill: without a descriptor it could not read who its parent is, and would leave it to the launcher.
    fake.hang();
    lease.send({ type: 'set', generation: 2, evidence: monotonic(), announcements: [] });
    await fake.until(
      () => !fake.alive || fake.commands.filter((each) => each.startsWith('clear')).length > 2,
    );
    expect(withdrawn(fake)).toBe(true);
  });

  it('rehearses before it listens, and writes nothing of it to ExaBGP', async () => {
    const fake = await exabgp();
    await holder(fake);
    expect(fake.commands.filter((command) => /announce|withdraw/.test(command))).toEqual([]);
    // One of the launcher, one of the guard.
    expect(fake.commands.filter((command) => command.startsWith('clear'))).toHaveLength(2);
  });

  it('leaves nothing running when ExaBGP dies', async () => {
    const { fake, lease } = await announced();
    const family = descendants(fake.identity?.pid ?? 0);
    expect(family).toHaveLength(2);
    process.kill(fake.identity?.pid ?? 0, 'SIGKILL');
    await fake.until(() => !family.some(isAlive));
    await lease.until(() => lease.closed);
    expect(lease.closed).toBe(true);
  });

  it('leaves nothing running when ExaBGP ends in good order, even if it hangs itself', async () => {
    const { fake, lease } = await announced();
    const family = descendants(fake.identity?.pid ?? 0);
    process.kill(guardOf(lease).pid, 'SIGSTOP');
    process.kill(fake.identity?.pid ?? 0, 'SIGTERM');
    await fake.until(() => !fake.alive && !family.some(isAlive));
    expect(family.some(isAlive)).toBe(false);
  });

  it('refuses bad lines one by one and keeps what it holds', async () => {
    const { fake, lease } = await announced();
    const mark = fake.mark;
    lease.sendText('no json\n{"type":"set"}\n[1,2]\n');
    lease.send({ type: 'set', generation: 2, evidence: monotonic() + 60_000, announcements: [one] });
    lease.send({ type: 'set', generation: 2, evidence: monotonic() - 60_000, announcements: [one] });
    lease.send({ type: 'renew', generation: 7, evidence: monotonic() });
    await lease.until(() => lease.refusals().length === 6);
    expect(lease.refusals()).toEqual([
      ...new Array<string>(4).fill('bad-message'),
      'evidence-too-old',
      'generation-unknown',
    ]);
    lease.sendText(`${'x'.repeat(1024 * 1024 + 1)}\n`);
    await lease.until(() => lease.refusals().length === 7);
    expect(fake.since(mark)).toEqual([]);
  });

  it('refuses a second sidecar', async () => {
    const { fake, lease } = await announced();
    const second = await holder(fake);
    second.send({ type: 'set', generation: 2, evidence: monotonic(), announcements: [] });
    await second.until(() => second.refusals().length === 1);
    expect(second.refusals()).toEqual(['held-by-another']);
    expect(lease.report?.desired).toEqual([one]);
    expect(withdrawn(fake)).toBe(false);
  });

  it('opens no socket in a directory where everybody may write', async () => {
    const fake = await FakeExabgp.prepare();
    cleanups.push(() => fake.stop());
    chmodSync(fake.directory, 0o777);
    await fake.run();
    await fake.until(() => fake.stderr.includes(`everybody may write to ${fake.directory}`));
    expect(existsSync(fake.leaseSocket)).toBe(false);
    chmodSync(fake.directory, 0o700);
    expect((await holder(fake)).report?.lease).toBe('none');
    expect(statSync(fake.leaseSocket).mode & 0o777).toBe(0o660);
  });

  it('takes over the socket file of a dead guard', async () => {
    const fake = await FakeExabgp.prepare();
    cleanups.push(() => fake.stop());
    const dead = createServer().listen(`${fake.leaseSocket}.old`);
    await once(dead, 'listening');
    renameSync(`${fake.leaseSocket}.old`, fake.leaseSocket);
    dead.close();
    await fake.run();
    expect((await holder(fake)).report?.lease).toBe('none');
  });

  it('leaves the socket of a living guard alone, and says so', async () => {
    const fake = await FakeExabgp.prepare();
    cleanups.push(() => fake.stop());
    const other = createServer((socket) => socket.destroy()).listen(fake.leaseSocket);
    await once(other, 'listening');
    await fake.run();
    await fake.until(() => fake.stderr.includes(`another guard listens on ${fake.leaseSocket}`));
    other.close();
    expect((await holder(fake)).report?.lease).toBe('none');
  });
});

describe('during a hand-over', () => {
  async function charon(fake: FakeExabgp): Promise<{ path: string; server: Server; sockets: Set<Socket> }> {
    const path = join(fake.directory, 'charon.vici');
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    server.listen(path);
    await once(server, 'listening');
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { path, server, sockets };
  }

  it('the guard watches charon itself', async () => {
    const { fake, lease } = await announced({ ttlMs: 500, handoverMs: 60_000 });
    const { path, sockets } = await charon(fake);
    lease.send({ type: 'handover', ms: 60_000, viciSocket: path });
    await lease.until(() => lease.report?.lease === 'handover');
    lease.close();
    await fake.until(() => sockets.size === 1);
    expect(withdrawn(fake)).toBe(false);
    for (const socket of sockets) socket.destroy();
    await fake.until(() => withdrawn(fake));
  });

  it('a charon that is gone already withdraws at once', async () => {
    const { fake, lease } = await announced({ ttlMs: 60_000, handoverMs: 60_000 });
    lease.send({ type: 'handover', ms: 60_000, viciSocket: '/nonexistent/charon.vici' });
    await fake.until(() => withdrawn(fake));
    await lease.until(() => lease.report?.acknowledged.length === 0);
    expect(lease.report).toMatchObject({ lease: 'lapsed', desired: [] });
  });
});

describe('the launcher', () => {
  it('clears after every death of a guard that cannot live, and takes its time between them', async () => {
    const launcher = join(import.meta.dirname, '../../deploy/launch-guard.sh');
    const child = spawn('/bin/sh', [launcher, '/bin/sh', '-c', 'exit 3'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    cleanups.push(() => child.kill('SIGKILL'));
    let [out, log] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    while (!log.includes('next one in 3 s')) await once(child.stderr, 'data');
    // And before the first: what an earlier launcher left must not stay until a guard is up.
    expect(out).toBe('\nclear adj-rib out\n'.repeat(4));
    expect(log.match(/the guard ended with 3: routes cleared, next one in \d s/g)).toHaveLength(3);
    // ExaBGP ends it in the middle of its nap.
    child.kill('SIGTERM');
    await once(child, 'exit');
  });

  it('clears at once when the guard is killed, and starts a new one that is cold', async () => {
    const { fake, lease } = await announced();
    const mark = fake.mark;
    process.kill(guardOf(lease).pid, 'SIGKILL');
    await fake.until(() => fake.since(mark).includes('clear adj-rib out'));
    // The empty line in front ends what the dead guard may have left half written.
    expect(fake.since(mark).slice(0, 2)).toEqual(['', 'clear adj-rib out']);
    const successor = await holder(fake);
    expect(successor.report).toMatchObject({ lease: 'none', generation: 0, acknowledged: [] });
    expect(fake.since(mark).filter((command) => command === 'clear adj-rib out')).toHaveLength(2);
  });

  it('is missed by its guard, which clears in its stead', async () => {
    const fake = await FakeExabgp.prepare();
    cleanups.push(() => fake.stop());
    // Like ExaBGP, and unlike node, this parent does not look after a child that ended, and keeps its pipes open.
    const run = /^\trun (.*);$/m.exec(fake.configText)?.[1] ?? '';
    const child = spawn('/bin/sh', ['-c', `exec 4<&0; ${run} <&4 & echo $! >&2; exec sleep 300`]);
    cleanups.push(() => {
      for (const member of descendants(child.pid ?? 0)) signalProcess(member, 'SIGKILL');
      child.kill('SIGKILL');
    });
    let [out, log] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    // The guard is up: it asks ExaBGP for its version.
    while (!out.includes('version')) await once(child.stdout, 'data');
    const family = descendants(child.pid ?? 0);
    expect(out).toBe('\nclear adj-rib out\nversion\n');
    process.kill(Number(/^\d+$/m.exec(log)?.[0]), 'SIGKILL');
    while (!out.endsWith('version\nclear adj-rib out\n')) await once(child.stdout, 'data');
    expect(log).toContain('the launcher ended: routes cleared');
    for (const member of family) signalProcess(member, 'SIGKILL');
  });

  it('clears when the guard is frozen and killed by somebody else', async () => {
    const { fake, lease } = await announced();
    const mark = fake.mark;
    process.kill(guardOf(lease).pid, 'SIGSTOP');
    process.kill(guardOf(lease).pid, 'SIGKILL');
    await fake.until(() => fake.since(mark).includes('clear adj-rib out'));
    expect(fake.alive).toBe(true);
  });
});
