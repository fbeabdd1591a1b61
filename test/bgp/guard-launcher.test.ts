/** Guard, launcher and ExaBGP: what is left of them when one of them ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { descendants, isAlive, signalProcess } from '../../bgp/procfs.ts';
import { announced, guardOf, holder, prepared } from './guard.fixture.ts';

describe('the launcher', () => {
  it('clears after every death of a guard that cannot live, and takes its time between them', async () => {
    const launcher = join(import.meta.dirname, '../../deploy/launch-guard.sh');
    const child = spawn('/bin/sh', [launcher, '/bin/sh', '-c', 'exit 3'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
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
    const fake = await prepared();
    // Like ExaBGP, and unlike node, this parent does not look after a child that ended, and keeps its pipes open.
    const run = /^\trun (.*);$/m.exec(fake.configText)?.[1] ?? '';
    const child = spawn('/bin/sh', ['-c', `exec 4<&0; ${run} <&4 & echo $! >&2; exec sleep 300`]);
    onTestFinished(() => {
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

describe('the guard', () => {
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
});
