/** What the guard announces and withdraws, and when. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerLikeExabgp, type FakeExabgp } from '../fake/exabgp.ts';
import { monotonic } from '../fake/lease-holder.ts';
import { announced, exabgp, holder, one, withdrawn } from './guard.fixture.ts';

const ANNOUNCE = 'announce route 192.0.2.1/32 next-hop self';

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

  it('rehearses before it listens, and writes nothing of it to ExaBGP', async () => {
    const fake = await exabgp();
    await holder(fake);
    expect(fake.commands.filter((command) => /announce|withdraw/.test(command))).toEqual([]);
    // One of the launcher, one of the guard.
    expect(fake.commands.filter((command) => command.startsWith('clear'))).toHaveLength(2);
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
    onTestFinished(() => {
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
