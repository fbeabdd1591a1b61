/** A process that stands in for ExaBGP: a configuration on its command line, SIGUSR1 counted. */
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { renderExabgpConf } from '../../bgp/exabgp-conf.ts';
import { processStat, type ProcessIdentity } from '../../bgp/procfs.ts';
import { redial } from '../../bgp/reconnect.ts';
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

async function exabgp(
  conf: string,
): Promise<{ child: ChildProcess; identity: ProcessIdentity; file: string }> {
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
  return { child, identity, file };
}

describe('redial', () => {
  const logged: string[] = [];
  const log = (level: string, message: string): void => void logged.push(`${level} ${message}`);

  it('turns one neighbor over, nothing else, and reloads', async () => {
    const { child, identity, file } = await exabgp(CONF);
    await redial(identity, '10.0.0.20', true, log);
    await once(child.stdout as NodeJS.EventEmitter, 'data');
    const [first = '', second = ''] = readFileSync(file, 'utf8').split('neighbor 10.0.0.20 {');
    const [was = '', wasSecond = ''] = CONF.split('neighbor 10.0.0.20 {');
    expect(first).toBe(was);
    expect(second).toBe(wasSecond.replace('auto-flush true;', 'auto-flush false;'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await redial(identity, '10.0.0.20', true, log);
    expect(readFileSync(file, 'utf8')).toBe(CONF);
    expect(logged).toContain('info neighbor 10.0.0.20 accepts connections again: ExaBGP connects now');
  });

  it.each<[string, string, RegExp]>([
    ['a configuration of other making', 'neighbor 10.0.0.2 {\n}\n', /has no neighbor 10\.0\.0\.2 as/],
    ['an empty one', '', /has no neighbor 10\.0\.0\.2 as/],
  ])('leaves %s alone', async (_, conf, text) => {
    const { identity, file } = await exabgp(conf);
    logged.length = 0;
    await redial(identity, '10.0.0.2', false, log);
    expect(logged).toEqual([expect.stringMatching(text)]);
    expect(readFileSync(file, 'utf8')).toBe(conf);
  });

  it('says why it cannot: no ExaBGP, another program, no file', async () => {
    const { identity, file } = await exabgp(CONF);
    logged.length = 0;
    await redial(undefined, '10.0.0.2', false, log);
    await redial({ ...identity, startTime: '1' }, '10.0.0.2', false, log);
    chmodSync(file, 0o600);
    rmSync(file);
    await redial(identity, '10.0.0.2', false, log);
    expect(logged).toEqual([
      expect.stringContaining('no guard says which process it is'),
      expect.stringContaining(`process ${identity.pid} is no ExaBGP with a configuration file`),
      expect.stringContaining('ENOENT'),
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
