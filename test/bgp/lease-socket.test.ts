/** Who may come to the lease socket, and what else may be in its place. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { monotonic } from '../fake/lease-holder.ts';
import { announced, guardOf, holder, one, prepared, withdrawn } from './guard.fixture.ts';

describe('the lease socket', () => {
  it('lives through connections by the hundred and a lack of file descriptors', async () => {
    const { fake, lease } = await announced();
    const { pid } = guardOf(lease);
    const open = readdirSync(`/proc/${pid}/fd`).length;
    execFileSync('prlimit', ['--pid', String(pid), `--nofile=${open + 3}`]);
    const crowd = Array.from({ length: 300 }, () => connect(fake.leaseSocket).on('error', () => undefined));
    onTestFinished(() => crowd.forEach((socket) => socket.destroy()));
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
    const fake = await prepared();
    chmodSync(fake.directory, 0o777);
    await fake.run();
    await fake.until(() => fake.stderr.includes(`everybody may write to ${fake.directory}`));
    expect(existsSync(fake.leaseSocket)).toBe(false);
    chmodSync(fake.directory, 0o700);
    expect((await holder(fake)).report?.lease).toBe('none');
    expect(statSync(fake.leaseSocket).mode & 0o777).toBe(0o660);
  });

  it('takes over the socket file of a dead guard', async () => {
    const fake = await prepared();
    const dead = createServer().listen(`${fake.leaseSocket}.old`);
    await once(dead, 'listening');
    renameSync(`${fake.leaseSocket}.old`, fake.leaseSocket);
    dead.close();
    await fake.run();
    expect((await holder(fake)).report?.lease).toBe('none');
  });

  it('leaves the socket of a living guard alone, and says so', async () => {
    const fake = await prepared();
    const other = createServer((socket) => socket.destroy()).listen(fake.leaseSocket);
    await once(other, 'listening');
    await fake.run();
    await fake.until(() => fake.stderr.includes(`another guard listens on ${fake.leaseSocket}`));
    other.close();
    expect((await holder(fake)).report?.lease).toBe('none');
  });
});
