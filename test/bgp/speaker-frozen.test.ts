/** What the sidecar does about a guard that is there and does nothing, or is gone while its ExaBGP runs on. */
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive, processStat, type ProcessIdentity } from '../../bgp/procfs.ts';
import type { FakeExabgp } from '../fake/exabgp.ts';
import { monotonic } from '../fake/lease-holder.ts';
import { prepared, running, Sidecar, supervise, type Hello, type Lost } from './speaker.fixture.ts';

it('kills ExaBGP and guard when the guard is frozen', async () => {
  const fake = await running(60_000);
  const sidecar = new Sidecar(fake, { ttlMs: 300 });
  const hello = await sidecar.until<Hello>('hello');
  const guard = processStat(hello.pid) as ProcessIdentity;
  await sidecar.announces();
  process.kill(hello.pid, 'SIGSTOP');
  sidecar.speaker.renew(1, monotonic());
  const lost = await sidecar.until<Lost>('disconnected');
  expect(lost.code).toBe('GUARD_SILENT');
  expect(lost.detail).toContain('which withdraws everything');
  await fake.until(() => !fake.alive && !isAlive(guard));
});

it('kills them also when it has no descriptor left to look who they are', async () => {
  const fake = await running(60_000);
  const script = `
    import { Speaker } from ${JSON.stringify(new URL('../../bgp/speaker.ts', import.meta.url).href)};
    const now = () => Number(process.hrtime.bigint()) / 1e6;
    const speaker = new Speaker({
      leaseSocket: process.argv[1], ttlMs: 500, supervise: false, neighbors: [], now,
      log: (level, message) => console.log(message),
      onReport: ({ type, pid }) => {
        if (type === 'hello') console.log('guard ' + pid);
      },
    });
    speaker.start();
    process.stdin.on('data', () => speaker.set(1, [{ prefix: '192.0.2.1/32', nextHop: 'self' }], now()));
  `;
  const flags = ['--input-type=module', '-e', script, fake.leaseSocket];
  const child = spawn(process.execPath, flags, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await fake.until(() => /guard \d+\n/.test(said));
  const guard = processStat(Number(/guard (\d+)/.exec(said)?.[1])) as ProcessIdentity;
  execFileSync('prlimit', ['--pid', String(child.pid), '--nofile=8:']);
  process.kill(guard.pid, 'SIGSTOP');
  child.stdin.write('set\n');
  await fake.until(() => said.includes('does not answer') || said.includes('did not answer'));
  expect(said).toContain(`ExaBGP and guard (${fake.identity?.pid} and ${guard.pid}) were killed`);
  await fake.until(() => !fake.alive && !isAlive(guard));
});

it('kills an ExaBGP that ended its guard and goes on without: its routes would stay for ever', async () => {
  const fake = await running();
  const sidecar = new Sidecar(fake);
  await sidecar.announces();
  const { pid } = await sidecar.until<Hello>('hello');
  // The scripted ExaBGP ends with its process; the real one goes on, as this one in its place.
  const exabgp = spawn('sleep', ['300']);
  onTestFinished(() => void exabgp.kill('SIGKILL'));
  const [{ startTime }, guard] = [processStat(exabgp.pid ?? 0), processStat(pid)] as [
    ProcessIdentity,
    unknown,
  ];
  writeFileSync(`${fake.leaseSocket}.pids`, JSON.stringify([{ pid: exabgp.pid, startTime }, guard]));
  // As 4.2.21 ends it at a reload of a file that it cannot read.
  process.kill(processStat(pid)?.parent ?? 0, 'SIGTERM');
  const lost = await sidecar.until<Lost>('disconnected', ({ code }) => code === 'GUARD_ABSENT');
  expect(lost.detail).toContain(`ExaBGP (${exabgp.pid}) ran on without its guard and was killed`);
  await fake.until(() => exabgp.signalCode === 'SIGKILL');
});

describe('a guard that is frozen before it says hello', () => {
  const frozen = async (): Promise<{ fake: FakeExabgp; guard: ProcessIdentity }> => {
    const fake = await running(60_000);
    const first = new Sidecar(fake);
    await first.announces();
    const guard = processStat((await first.until<Hello>('hello')).pid) as ProcessIdentity;
    await first.speaker.stop();
    process.kill(guard.pid, 'SIGSTOP');
    return { fake, guard };
  };

  it('is killed with its ExaBGP, as its record says who they are', async () => {
    const { fake, guard } = await frozen();
    const sidecar = new Sidecar(fake, { ttlMs: 300 });
    const lost = await sidecar.until<Lost>('disconnected');
    expect(lost.code).toBe('GUARD_SILENT');
    expect(lost.detail).toContain(`ExaBGP and guard (${fake.identity?.pid} and ${guard.pid}) were killed`);
    await fake.until(() => !fake.alive && !isAlive(guard));
  });

  it('is left to a person, in words, when nothing says for sure who it is', async () => {
    const { fake, guard } = await frozen();
    const stranger = JSON.stringify([{ pid: guard.pid, startTime: '1' }]);
    writeFileSync(`${fake.leaseSocket}.pids`, stranger);
    const sidecar = new Sidecar(fake, { ttlMs: 300 });
    const lost = await sidecar.until<Lost>('disconnected');
    expect(lost.code).toBe('GUARD_SILENT');
    expect(lost.detail).toContain('does not answer, what is announced may stay so');
    expect(lost.detail).toContain('end ExaBGP and its guard by hand');
    expect(fake.alive && isAlive(guard)).toBe(true);
    // Said once, however often it is tried.
    process.kill(guard.pid, 'SIGCONT');
    await sidecar.until('hello');
    expect(sidecar.logged.filter((line) => line.includes('does not answer'))).toHaveLength(1);
  });

  it('is ended when its ExaBGP is gone, although it was never ours: it guards nothing, and holds our socket', async () => {
    const { fake, guard } = await frozen();
    process.kill(fake.identity?.pid ?? 0, 'SIGKILL');
    await fake.until(() => !fake.alive);
    const ours = await prepared();
    const configText = ours.configText.replaceAll(ours.leaseSocket, fake.leaseSocket);
    const supervised = { supervise: { ...supervise(ours).supervise, configText } };
    const sidecar = new Sidecar(ours, { ...supervised, leaseSocket: fake.leaseSocket, ttlMs: 1000 });
    await sidecar.until('hello');
    expect(isAlive(guard)).toBe(false);
  });

  it('is not touched when it belongs to another ExaBGP than ours', async () => {
    const { fake, guard } = await frozen();
    const ours = await prepared();
    const sidecar = new Sidecar(ours, { ...supervise(ours), leaseSocket: fake.leaseSocket, ttlMs: 300 });
    const lost = await sidecar.until<Lost>('disconnected');
    expect(lost.code).toBe('GUARD_FOREIGN');
    expect(lost.detail).toContain(`processes of another ExaBGP (${fake.identity?.pid} and ${guard.pid})`);
    expect(fake.alive && isAlive(guard)).toBe(true);
  });
});
