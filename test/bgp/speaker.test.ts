/** What the sidecar has its guard announce: set, adopted, released, handed over. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SpeakerReport } from '../../bgp/speaker.ts';
import type { FakeExabgp } from '../fake/exabgp.ts';
import { monotonic } from '../fake/lease-holder.ts';
import { one, withdrawn } from './guard.fixture.ts';
import { prepared, running, Sidecar, type Hello, type Lost, type Report } from './speaker.fixture.ts';

/** A sidecar that finds what its predecessor announced as generation 7, and the hello that tells it. */
async function succeeded(): Promise<{ fake: FakeExabgp; second: Sidecar; hello: Hello }> {
  const fake = await running();
  const first = new Sidecar(fake);
  await first.announces(7);
  await first.speaker.stop();
  const second = new Sidecar(fake);
  const hello = await second.until<Hello>('hello');
  return { fake, second, hello };
}

describe('set', () => {
  it('may come before there is a guard, and is told it as soon as it listens', async () => {
    const fake = await prepared();
    const { speaker, ...sidecar } = new Sidecar(fake);
    speaker.set(3, [one], monotonic());
    await fake.run();
    await fake.until(() => fake.commands.includes('announce route 192.0.2.1/32 next-hop self'));
    expect(sidecar.logged).toEqual([]);
  });

  it('is told again to a guard that was started anew, with the evidence of the renewals since', async () => {
    const fake = await running();
    const sidecar = new Sidecar(fake);
    await sidecar.announces();
    const hello = await sidecar.until<Hello>('hello');
    const mark = fake.mark;
    sidecar.speaker.renew(1, monotonic());
    process.kill(hello.pid, 'SIGKILL');
    await fake.until(() => fake.since(mark).some((command) => command.startsWith('announce')));
    expect(fake.since(mark)[1]).toBe('clear adj-rib out');
    expect((await sidecar.until<Lost>('disconnected')).code).toBe('GUARD_CLOSED');
  });

  it('is not announced again on evidence that has grown old', async () => {
    const fake = await running();
    const sidecar = new Sidecar(fake);
    sidecar.speaker.set(1, [one], monotonic() - 10_000);
    const refused = await sidecar.until<Extract<SpeakerReport, { type: 'refused' }>>('refused');
    expect(refused.code).toBe('evidence-too-old');
    sidecar.speaker.renew(1, monotonic());
    const report = await sidecar.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
    expect(report.generation).toBe(1);
  });

  it('comes back by itself after a lapse, once it is renewed', async () => {
    const fake = await running(300);
    const sidecar = new Sidecar(fake);
    sidecar.speaker.set(1, [one], monotonic());
    await sidecar.until<Report>('report', ({ lease }) => lease === 'lapsed');
    await fake.until(() => withdrawn(fake));
    sidecar.speaker.renew(1, monotonic());
    await sidecar.until<Report>('report', ({ lease }) => lease === 'held', sidecar.reports.length);
    expect(sidecar.reports.some((report) => report.type === 'refused' && report.code === 'lapsed')).toBe(
      true,
    );
  });
});

it('adopts a lease that it finds, by renewing the generation of the hello', async () => {
  const { fake, second, hello } = await succeeded();
  expect(hello).toMatchObject({ lease: 'held', generation: 7, desired: [one], acknowledged: [one.prefix] });
  second.speaker.renew(7, monotonic());
  second.speaker.set(8, [one], monotonic());
  await second.until<Report>('report', ({ generation }) => generation === 8);
  expect(fake.since(0).filter((command) => command.startsWith('announce'))).toHaveLength(1);
});

it('tells what it adopted to a guard that is started anew, although it never sent it', async () => {
  const { fake, second, hello } = await succeeded();
  second.speaker.renew(7, monotonic());
  const mark = fake.mark;
  process.kill(hello.pid, 'SIGKILL');
  await second.until<Hello>('hello', ({ pid }) => pid !== hello.pid);
  second.speaker.renew(7, monotonic());
  await fake.until(() => fake.since(mark).some((command) => command.startsWith('announce')));
  expect(fake.since(mark).includes('clear adj-rib out')).toBe(true);
});

it('release is done at once when nothing stands', async () => {
  const fake = await running();
  const sidecar = new Sidecar(fake);
  await sidecar.until<Hello>('hello');
  const started = sidecar.speaker.release(60_000);
  expect(await started).toEqual({ withdrawn: true });
});

it('release resolves when ExaBGP acknowledged the withdrawal', async () => {
  const fake = await running();
  const sidecar = new Sidecar(fake);
  await sidecar.announces();
  expect(await sidecar.speaker.release(30_000)).toEqual({ withdrawn: true });
  expect(withdrawn(fake)).toBe(true);
});

it('release does not wait for ever for an ExaBGP that hangs', async () => {
  const fake = await running();
  const sidecar = new Sidecar(fake);
  await sidecar.announces();
  fake.hang();
  expect(await sidecar.speaker.release(50)).toEqual({ withdrawn: false });
});

it('hands over what it holds, and nothing else', async () => {
  const fake = await running();
  const charon = createServer((socket) => socket.on('error', () => undefined)).listen(
    join(fake.directory, 'vici'),
  );
  await once(charon, 'listening');
  const sidecar = new Sidecar(fake);
  await sidecar.until('hello');
  expect(await sidecar.speaker.handover(5000, join(fake.directory, 'vici'), 30_000)).toBe(false);
  await sidecar.announces();
  expect(await sidecar.speaker.handover(5000, join(fake.directory, 'vici'), 30_000)).toBe(true);
  charon.close();
});

it('knows a socket that no guard is behind', async () => {
  const fake = await prepared();
  const other = createServer((socket) => socket.end('SSH-2.0-x\r\n')).listen(fake.leaseSocket);
  await once(other, 'listening');
  const sidecar = new Sidecar(fake);
  expect((await sidecar.until<Lost>('disconnected')).code).toBe('GUARD_FOREIGN');
  other.close();
});
