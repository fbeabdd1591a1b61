/** What the sidecar does with an ExaBGP of its own: starts it, starts it again, ends it, and says why it cannot. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { descendants, isAlive, processStat } from '../../bgp/procfs.ts';
import { answerLikeExabgp5, FakeExabgp } from '../fake/exabgp.ts';
import { monotonic } from '../fake/lease-holder.ts';
import {
  prepared,
  running,
  Sidecar,
  supervise,
  type Hello,
  type Lost,
  type Report,
} from './speaker.fixture.ts';

const pidFile = (fake: FakeExabgp): string => join(fake.directory, 'run', 'exabgp.pid');

describe('supervised', () => {
  it('runs ExaBGP with its own configuration, and leaves nothing behind', async () => {
    const fake = await prepared();
    const sidecar = new Sidecar(fake, supervise(fake));
    await sidecar.announces();
    const configuration = join(fake.directory, 'run', 'exabgp.conf');
    expect(readFileSync(configuration, 'utf8')).toBe(fake.configText);
    expect(statSync(configuration).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(pidFile(fake), 'utf8'))).toEqual({
      pid: fake.identity?.pid,
      startTime: fake.identity?.startTime,
    });
    const family = descendants(fake.identity?.pid ?? 0);
    await sidecar.speaker.release(30_000);
    await sidecar.speaker.stop();
    expect(fake.alive || family.some(isAlive)).toBe(false);
    expect(existsSync(pidFile(fake))).toBe(false);
  });

  it.each(['4.2.25', '5.0.13'])('starts ExaBGP %s the way it wants, and understands it', async (version) => {
    const fake = await FakeExabgp.prepare({ ttlMs: 60_000, version });
    onTestFinished(() => fake.stop());
    if (version.startsWith('5')) fake.answer = answerLikeExabgp5;
    const sidecar = new Sidecar(fake, supervise(fake));
    await sidecar.announces();
    const hello = await sidecar.until<Hello>('hello');
    expect(hello.exabgpVersion).toBe(version.startsWith('5') ? '5.0.13' : '4.2.21');
    expect(await sidecar.speaker.release(30_000)).toEqual({ withdrawn: true });
  });

  it('starts ExaBGP again when it dies, and announces again', async () => {
    const fake = await prepared();
    const sidecar = new Sidecar(fake, supervise(fake));
    await sidecar.announces();
    const first = fake.identity?.pid ?? 0;
    const seen = sidecar.reports.length;
    process.kill(first, 'SIGKILL');
    await sidecar.until<Lost>('disconnected', ({ code }) => code === 'EXABGP_ENDED', seen);
    sidecar.speaker.renew(1, monotonic());
    await sidecar.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1, seen);
    expect(fake.identity?.pid).not.toBe(first);
  });

  it('ends the orphan of a predecessor that was killed', async () => {
    const fake = await prepared();
    const orphan = spawn('sleep', ['300'], { stdio: 'ignore' });
    const identity = processStat(orphan.pid ?? 0);
    mkdirSync(join(fake.directory, 'run'));
    writeFileSync(pidFile(fake), JSON.stringify(identity));
    const sidecar = new Sidecar(fake, supervise(fake));
    const [code, signal] = (await once(orphan, 'exit')) as [number | null, string | null];
    expect([code, signal]).toEqual([null, 'SIGTERM']);
    await sidecar.until('hello');
    expect(JSON.parse(readFileSync(pidFile(fake), 'utf8'))).toMatchObject({ pid: fake.identity?.pid });
  });

  it('does not kill a stranger who has the pid of the file now', async () => {
    const fake = await prepared();
    const stranger = await running();
    const sidecarFile = pidFile(fake);
    const first = new Sidecar(fake, supervise(fake));
    await first.until('hello');
    await first.speaker.stop();
    writeFileSync(sidecarFile, JSON.stringify({ pid: stranger.identity?.pid, startTime: '12345' }));
    const second = new Sidecar(fake, supervise(fake));
    await second.until('hello');
    expect(stranger.alive).toBe(true);
  });

  it.each<[string, (fake: FakeExabgp) => string, string, RegExp]>([
    [
      'missing',
      (fake) => join(fake.directory, 'no-exabgp'),
      'EXABGP_MISSING',
      /^bgp\.exabgp: there is no \S+no-exabgp: install ExaBGP \(Debian: `apt-get install exabgp`\) or correct the path$/,
    ],
    [
      'not executable',
      (fake) => {
        chmodSync(fake.program, 0o644);
        return fake.program;
      },
      'EXABGP_DENIED',
      /^bgp\.exabgp: \S+ cannot be started: .*EACCES/,
    ],
    [
      'too old',
      (fake) => {
        writeFileSync(fake.program, '#!/bin/sh\necho "ExaBGP : 4.2.7"\n');
        return fake.program;
      },
      'EXABGP_TOO_OLD',
      /^bgp\.exabgp: \S+ is ExaBGP 4\.2\.7, at least 4\.2\.21 is needed: install a newer one$/,
    ],
    [
      'another program',
      () => '/bin/ls',
      'EXABGP_MISSING',
      /^bgp\.exabgp: \/bin\/ls does not say which ExaBGP it is/,
    ],
    [
      'ending at once',
      (fake) => {
        writeFileSync(
          fake.program,
          '#!/bin/sh\n[ "$1" = --version ] && echo ExaBGP : 4.2.21 && exit\necho oh no\nexit 1\n',
        );
        return fake.program;
      },
      'EXABGP_ENDED',
      /^ExaBGP ended with exit code 1; its last words: oh no$/,
    ],
  ])('says in one line that ExaBGP is %s', async (_, program, code, text) => {
    const fake = await prepared();
    const options = supervise(fake).supervise;
    const sidecar = new Sidecar(fake, { supervise: { ...options, exabgp: program(fake) } });
    const lost = await sidecar.until<Lost>('disconnected');
    expect(lost.code).toBe(code);
    expect(lost.detail).toMatch(text);
  });

  it("does not talk to another ExaBGP's guard", async () => {
    const other = await running();
    const fake = await prepared();
    const sidecar = new Sidecar(fake, { ...supervise(fake), leaseSocket: other.leaseSocket });
    const lost = await sidecar.until<Lost>('disconnected');
    expect(lost.code).toBe('GUARD_FOREIGN');
    expect(lost.detail).toContain(`belongs to another ExaBGP (pid ${other.identity?.pid})`);
  });
});
