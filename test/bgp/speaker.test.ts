/** The sidecar's end: against the real guard under a scripted ExaBGP, supervised and not. */
import { once } from 'node:events';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { descendants, isAlive, processStat, type ProcessIdentity } from '../../bgp/procfs.ts';
import { Speaker, type SpeakerOptions, type SpeakerReport } from '../../bgp/speaker.ts';
import { answerLikeExabgp5, FakeExabgp } from '../fake/exabgp.ts';
import { monotonic } from '../fake/lease-holder.ts';

const one = { prefix: '192.0.2.1/32', nextHop: 'self' };
// Processes are started: a busy machine needs its time.
vi.setConfig({ testTimeout: 30_000 });

/** The newest clear is younger than the newest announcement. */
const withdrawn = ({ commands }: FakeExabgp): boolean =>
  commands.lastIndexOf('clear adj-rib out') >
  commands.findLastIndex((command) => command.startsWith('announce route'));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

class Sidecar {
  readonly reports: SpeakerReport[] = [];
  readonly logged: string[] = [];
  readonly speaker: Speaker;
  readonly #heard = new Set<() => void>();

  constructor(fake: FakeExabgp, options: Partial<SpeakerOptions> = {}) {
    this.speaker = new Speaker({
      leaseSocket: fake.leaseSocket,
      ttlMs: 60_000,
      supervise: false,
      neighbors: [],
      now: monotonic,
      log: (level, message) => this.logged.push(`${level} ${message}`),
      onReport: (report) => {
        this.reports.push(report);
        for (const heard of this.#heard) heard();
        this.#heard.clear();
      },
      ...options,
    });
    cleanups.push(() => this.speaker.stop());
    this.speaker.start();
  }

  async until<T extends SpeakerReport>(
    type: T['type'],
    condition: (report: T) => boolean = () => true,
    from = 0,
  ): Promise<T> {
    for (;;) {
      const found = this.reports.slice(from).find((report) => report.type === type && condition(report as T));
      if (found !== undefined) return found as T;
      await new Promise<void>((resolve) => this.#heard.add(resolve));
    }
  }
}

type Report = Extract<SpeakerReport, { type: 'report' }>;
type Hello = Extract<SpeakerReport, { type: 'hello' }>;
type Lost = Extract<SpeakerReport, { type: 'disconnected' }>;

async function running(ttlMs = 60_000): Promise<FakeExabgp> {
  const fake = await FakeExabgp.start({ ttlMs });
  cleanups.push(() => fake.stop());
  return fake;
}

async function prepared(): Promise<FakeExabgp> {
  const fake = await FakeExabgp.prepare({ ttlMs: 60_000 });
  cleanups.push(() => fake.stop());
  return fake;
}

const supervise = (fake: FakeExabgp): { supervise: Exclude<SpeakerOptions['supervise'], false> } => ({
  supervise: { exabgp: fake.program, configText: fake.configText, runDirectory: join(fake.directory, 'run') },
});

const pidFile = (fake: FakeExabgp): string => join(fake.directory, 'run', 'exabgp.pid');

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
    sidecar.speaker.set(1, [one], monotonic());
    await sidecar.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
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
  const fake = await running();
  const first = new Sidecar(fake);
  first.speaker.set(7, [one], monotonic());
  await first.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
  await first.speaker.stop();
  const second = new Sidecar(fake);
  const hello = await second.until<Hello>('hello');
  expect(hello).toMatchObject({ lease: 'held', generation: 7, desired: [one], acknowledged: [one.prefix] });
  second.speaker.renew(7, monotonic());
  second.speaker.set(8, [one], monotonic());
  await second.until<Report>('report', ({ generation }) => generation === 8);
  expect(fake.since(0).filter((command) => command.startsWith('announce'))).toHaveLength(1);
});

it('tells what it adopted to a guard that is started anew, although it never sent it', async () => {
  const fake = await running();
  const first = new Sidecar(fake);
  first.speaker.set(7, [one], monotonic());
  await first.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
  await first.speaker.stop();
  const second = new Sidecar(fake);
  const hello = await second.until<Hello>('hello');
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
  sidecar.speaker.set(1, [one], monotonic());
  await sidecar.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
  expect(await sidecar.speaker.release(30_000)).toEqual({ withdrawn: true });
  expect(withdrawn(fake)).toBe(true);
});

it('release does not wait for ever for an ExaBGP that hangs', async () => {
  const fake = await running();
  const sidecar = new Sidecar(fake);
  sidecar.speaker.set(1, [one], monotonic());
  await sidecar.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
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
  sidecar.speaker.set(1, [one], monotonic());
  await sidecar.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
  expect(await sidecar.speaker.handover(5000, join(fake.directory, 'vici'), 30_000)).toBe(true);
  charon.close();
});

it('kills ExaBGP and guard when the guard is frozen', async () => {
  const fake = await running(60_000);
  const sidecar = new Sidecar(fake, { ttlMs: 300 });
  const hello = await sidecar.until<Hello>('hello');
  const guard = processStat(hello.pid) as ProcessIdentity;
  sidecar.speaker.set(1, [one], monotonic());
  await sidecar.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
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
  cleanups.push(() => child.kill('SIGKILL'));
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
  sidecar.speaker.set(1, [one], monotonic());
  await sidecar.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
  const { pid } = await sidecar.until<Hello>('hello');
  // The scripted ExaBGP ends with its process; the real one goes on, as this one in its place.
  const exabgp = spawn('sleep', ['300']);
  cleanups.push(() => exabgp.kill('SIGKILL'));
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
    first.speaker.set(1, [one], monotonic());
    await first.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
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

describe('supervised', () => {
  it('runs ExaBGP with its own configuration, and leaves nothing behind', async () => {
    const fake = await prepared();
    const sidecar = new Sidecar(fake, supervise(fake));
    sidecar.speaker.set(1, [one], monotonic());
    await sidecar.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
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
    cleanups.push(() => fake.stop());
    if (version.startsWith('5')) fake.answer = answerLikeExabgp5;
    const sidecar = new Sidecar(fake, supervise(fake));
    sidecar.speaker.set(1, [one], monotonic());
    await sidecar.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
    const hello = await sidecar.until<Hello>('hello');
    expect(hello.exabgpVersion).toBe(version.startsWith('5') ? '5.0.13' : '4.2.21');
    expect(await sidecar.speaker.release(30_000)).toEqual({ withdrawn: true });
  });

  it('starts ExaBGP again when it dies, and announces again', async () => {
    const fake = await prepared();
    const sidecar = new Sidecar(fake, supervise(fake));
    sidecar.speaker.set(1, [one], monotonic());
    await sidecar.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
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

it('knows a socket that no guard is behind', async () => {
  const fake = await prepared();
  const other = createServer((socket) => socket.end('SSH-2.0-x\r\n')).listen(fake.leaseSocket);
  await once(other, 'listening');
  const sidecar = new Sidecar(fake);
  expect((await sidecar.until<Lost>('disconnected')).code).toBe('GUARD_FOREIGN');
  other.close();
});
