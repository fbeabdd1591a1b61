/** A process that stands in for ExaBGP: a configuration on its command line, SIGUSR1 counted. */
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderExabgpConf } from '../../bgp/exabgp-conf.ts';
import { processStat, type ProcessIdentity } from '../../bgp/procfs.ts';
import { Redialer } from '../../bgp/reconnect.ts';
import { probeRouter } from '../../bgp/router-probe.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const CONF = renderExabgpConf({
  routerId: '10.0.0.1',
  neighbors: ['10.0.0.2', '10.0.0.20'].map((address) => ({
    address,
    localAddress: '10.0.0.1',
    peerAs: 65000,
    localAs: 65001,
    holdSeconds: 9,
    port: 179,
    families: ['ipv4'],
  })),
  guard: ['/bin/true'],
});

async function exabgp(conf: string): Promise<{
  identity: ProcessIdentity;
  file: string;
  directory: string;
  reloads: (count: number) => Promise<number>;
}> {
  const directory = mkdtempSync(join(tmpdir(), 'swancast-reconnect-'));
  const file = join(directory, 'exabgp.conf');
  writeFileSync(file, conf, { mode: 0o600 });
  const script = join(directory, 'exabgp');
  writeFileSync(script, '#!/bin/sh\ntrap "echo reload" USR1\necho ready\nwhile :; do sleep 0.05; done\n');
  const child = spawn('/bin/sh', [script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanups.push(() => {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  await once(child.stdout, 'data');
  const identity = processStat(child.pid ?? 0);
  if (identity === undefined) throw new Error('no process');
  let heard = 0;
  child.stdout.on('data', (chunk: Buffer) => (heard += chunk.toString().split('reload').length - 1));
  const reloads = async (count: number): Promise<number> => {
    while (heard < count) await once(child.stdout, 'data');
    return heard;
  };
  return { identity, file, directory, reloads };
}

describe('redial', () => {
  const logged: string[] = [];
  const obstacles: (string | undefined)[] = [];
  beforeEach(() => {
    logged.length = 0;
    obstacles.length = 0;
  });
  const redialer = (identity: ProcessIdentity | undefined, configText?: string): Redialer =>
    new Redialer({
      exabgp: () => identity,
      configText,
      log: (level, message) => void logged.push(`${level} ${message}`),
      onObstacle: (obstacle) => void obstacles.push(obstacle),
    });

  it('turns one neighbor over, nothing else, and reloads', async () => {
    const { identity, file, reloads } = await exabgp(CONF);
    const one = redialer(identity);
    await one.redial('10.0.0.20', true);
    await reloads(1);
    const [first = '', second = ''] = readFileSync(file, 'utf8').split('neighbor 10.0.0.20 {');
    const [was = '', wasSecond = ''] = CONF.split('neighbor 10.0.0.20 {');
    expect(first).toBe(was);
    expect(second).toBe(wasSecond.replace('auto-flush true;', 'auto-flush false;'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await one.redial('10.0.0.20', true);
    expect(readFileSync(file, 'utf8')).toBe(CONF);
    expect(logged).toContain('info neighbor 10.0.0.20 accepts connections again: ExaBGP connects now');
    expect(obstacles).toEqual([]);
  });

  it('serves with one reload all that ask at once, as the two families of a router do', async () => {
    const { identity, file, reloads } = await exabgp(CONF);
    const one = redialer(identity);
    await Promise.all([one.redial('10.0.0.2', true), one.redial('10.0.0.20', true)]);
    expect(readFileSync(file, 'utf8')).toBe(CONF.replaceAll('auto-flush true;', 'auto-flush false;'));
    expect(logged).toEqual([
      'info neighbor 10.0.0.2 accepts connections again: ExaBGP connects now',
      'info neighbor 10.0.0.20 accepts connections again: ExaBGP connects now',
    ]);
    await one.redial('10.0.0.2', true);
    expect(await reloads(2)).toBe(2);
  });

  it('reloads nothing that somebody else wrote into our file', async () => {
    const { identity, file } = await exabgp(CONF);
    const one = redialer(identity, CONF);
    await one.redial('10.0.0.2', true);
    expect(readFileSync(file, 'utf8')).not.toBe(CONF);
    await one.redial('10.0.0.20', true);
    expect(obstacles).toEqual([]);
    const changed = CONF.replaceAll('hold-time 9', 'hold-time 90');
    writeFileSync(file, changed);
    await one.redial('10.0.0.2', true);
    expect(readFileSync(file, 'utf8')).toBe(changed);
    expect(obstacles).toEqual([
      `${file} is not as swancast wrote it: restart swancast, which writes it anew`,
    ]);
  });

  it('does not reload any more once it was stopped', async () => {
    const { identity, file } = await exabgp(CONF);
    const one = redialer(identity);
    const asked = one.redial('10.0.0.2', true);
    one.stop();
    await asked;
    expect(readFileSync(file, 'utf8')).toBe(CONF);
    expect(logged).toEqual([]);
  });

  it('leaves the file to whom it belongs, and follows a link to it', async () => {
    const { identity, file, directory } = await exabgp(CONF);
    chmodSync(file, 0o640);
    renameSync(file, join(directory, 'real.conf'));
    symlinkSync('real.conf', file);
    await redialer(identity).redial('10.0.0.2', true);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readFileSync(file, 'utf8')).toContain('auto-flush false;');
  });

  it.each<[string, string, RegExp]>([
    ['a configuration of other making', 'neighbor 10.0.0.2 {\n}\n', /has no neighbor 10\.0\.0\.2 as/],
    ['an empty one', '', /has no neighbor 10\.0\.0\.2 as/],
  ])('leaves %s alone', async (_, conf, text) => {
    const { identity, file } = await exabgp(conf);
    await redialer(identity).redial('10.0.0.2', false);
    expect(obstacles).toEqual([expect.stringMatching(text)]);
    expect(readFileSync(file, 'utf8')).toBe(conf);
  });

  it('says why it cannot: no ExaBGP, another program, no file', async () => {
    const { identity, file } = await exabgp(CONF);
    await redialer(undefined).redial('10.0.0.2', false);
    await redialer({ ...identity, startTime: '1' }).redial('10.0.0.2', false);
    rmSync(file);
    await redialer(identity).redial('10.0.0.2', false);
    expect(obstacles).toEqual([
      expect.stringContaining('no guard says which process it is'),
      expect.stringContaining(`process ${identity.pid} is no ExaBGP with the absolute path`),
      expect.stringContaining('ENOENT'),
    ]);
  });

  it('warns beforehand, once, and says when it can again', async () => {
    const { identity, file } = await exabgp('neighbor 10.0.0.2 {\n}\n');
    const one = redialer(identity);
    await one.check(['10.0.0.2']);
    await one.check(['10.0.0.2']);
    await one.redial('10.0.0.2', true);
    expect(logged.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringMatching(/may have to wait for up to a minute.*let ExaBGP run with what `swancast render/),
    ]);
    writeFileSync(file, CONF);
    await one.check(['10.0.0.2', '10.0.0.20']);
    expect(obstacles).toEqual([expect.stringContaining('10.0.0.2'), undefined]);
    expect(readFileSync(file, 'utf8')).toBe(CONF);
  });

  it.skipIf(process.getuid?.() !== 0)('knows beforehand that the file is not ours', async () => {
    const { identity, file, directory } = await exabgp(CONF);
    chownSync(file, 65_533, 65_533);
    chmodSync(file, 0o644);
    chmodSync(directory, 0o777);
    process.seteuid?.(65_534);
    try {
      await redialer(identity).check(['10.0.0.2']);
    } finally {
      process.seteuid?.(0);
    }
    expect(obstacles).toEqual([
      expect.stringMatching(/belongs to another user: run ExaBGP and swancast as one/),
    ]);
  });
});

describe('a probe of a router', () => {
  const never = new AbortController().signal;
  const target = { address: '127.0.0.1', localAddress: '127.0.0.1' };

  it('tells acceptance from refusal, and leaves no connection', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const closed = once(server, 'connection').then(([socket]) =>
      once((socket as NodeJS.ReadableStream).resume(), 'close'),
    );
    expect(await probeRouter({ ...target, port }, 5000, never)).toBe('accepted');
    await closed;
    server.close();
    await once(server, 'close');
    expect(await probeRouter({ ...target, port }, 5000, never)).toBe('refused');
    // An address that is not ours is no reason to wait.
    expect(await probeRouter({ ...target, localAddress: '192.0.2.9', port }, 5000, never)).toBe('refused');
  });

  it('can be ended at any time', async () => {
    expect(await probeRouter({ ...target, port: 1 }, 5000, AbortSignal.abort())).not.toBe('accepted');
  });
});
