/** The guard in a unit of systemd: started by its launcher, by way of notify-exec beside it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { guardCommand } from '../../bgp/exabgp-conf.ts';
import { answerLikeExabgp } from '../fake/exabgp.ts';
import { hasPython, NotifySocket } from '../fake/notify-socket.ts';

const ROOT = join(import.meta.dirname, '../..');

let directory: string;
let socket: NotifySocket;
let child: ChildProcess | undefined;
beforeEach(async ({ skip }) => {
  if (!hasPython) skip('no python3 here');
  directory = mkdtempSync(join(tmpdir(), 'swancast-guard-notify-'));
  for (const file of ['launch-guard.sh', 'systemd/notify-exec']) {
    copyFileSync(join(ROOT, 'deploy', file), join(directory, file.split('/').at(-1) ?? ''));
  }
  socket = await NotifySocket.listen();
});
afterEach(async () => {
  child?.stdin?.end();
  if (child !== undefined && child.exitCode === null) await once(child, 'exit');
  child = undefined;
  await socket.stop();
  rmSync(directory, { recursive: true });
});

/** Under a shell in ExaBGP's place: a guard that gets no answers kills whoever stands there. */
function start(
  env: Record<string, string>,
  answer: (command: string) => readonly string[] = answerLikeExabgp,
) {
  const command = guardCommand({
    launcher: join(directory, 'launch-guard.sh'),
    guard: [process.execPath, join(ROOT, 'bgp/guard.ts')],
    leaseSocket: join(directory, 'lease.sock'),
    localAs: 65001,
    ttlMs: 1000,
    maxAgeMs: 3000,
    handoverMs: 5000,
  });
  const { NOTIFY_SOCKET: _, ...ours } = process.env;
  const shell = ['-c', `exec 4<&0; ${command.join(' ')} <&4 & exec 4<&-; wait`];
  const started = spawn('/bin/sh', shell, { env: { ...ours, ...env }, stdio: ['pipe', 'pipe', 'ignore'] });
  child = started;
  started.stdin.on('error', () => undefined);
  createInterface({ input: started.stdout }).on('line', (line) => {
    if (line === '') return;
    for (const words of answer(line)) started.stdin.write(`${words}\n`);
  });
}

describe('the guard, in a unit', () => {
  it('is ready when its socket is there, and pings by and by', async () => {
    start({ NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '800000', WATCHDOG_PID: '1' });
    await socket.until(/^READY=1$/);
    expect(existsSync(join(directory, 'lease.sock'))).toBe(true);
    for (let pings = 0; pings < 3; pings += 1) await socket.until(/^WATCHDOG=1$/, socket.heard.length);
    expect(new Set(socket.heard)).toEqual(new Set(['READY=1', 'WATCHDOG=1']));
  });

  it('is not ready while ExaBGP does not clear, but lives', async () => {
    start({ NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '800000' }, (command) =>
      command.startsWith('clear') ? ['error'] : answerLikeExabgp(command),
    );
    for (let pings = 0; pings < 3; pings += 1) await socket.until(/^WATCHDOG=1$/, socket.heard.length);
    expect(socket.heard).not.toContain('READY=1');
  });

  it('runs as ever where no unit is', async () => {
    start({});
    while (!existsSync(join(directory, 'lease.sock'))) await new Promise((resolve) => setImmediate(resolve));
    expect(socket.heard).toEqual([]);
  });
});
