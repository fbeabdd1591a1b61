/** The daemon as a process of a unit: what systemd hears of its start, its life and its end. charon is not there. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasPython, NotifySocket } from '../fake/notify-socket.ts';

const ROOT = join(import.meta.dirname, '../..');

let directory: string;
let socket: NotifySocket;
let child: ChildProcess | undefined;
beforeEach(async ({ skip }) => {
  if (!hasPython) skip('no python3 here');
  directory = mkdtempSync(join(tmpdir(), 'swancast-notify-run-'));
  socket = await NotifySocket.listen();
});
afterEach(async () => {
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  child = undefined;
  await socket.stop();
  rmSync(directory, { recursive: true });
});

const write = (extra = ''): void =>
  writeFileSync(
    join(directory, 'swancast.yaml'),
    `
strongswan: { vici_socket: ${join(directory, 'charon.vici')} }
prefixes: [{ prefix: 192.0.2.1/32 }]
bgp:
  supervise: false
  local_as: 65001
  router_id: 10.1.1.2
  run_directory: ${directory}
  neighbors: [{ address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }]
lease: { socket: ${join(directory, 'lease.sock')} }
control: { socket: ${join(directory, 'control.sock')}, state_directory: ${directory} }
http: { listen: "off" }
${extra}
`,
  );

function start(watchdogUs: number): ChildProcess {
  const argv = [process.execPath, 'sidecar/main.ts', 'run', '-c', join(directory, 'swancast.yaml')];
  const env = { ...process.env, NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: String(watchdogUs) };
  child = spawn(join(ROOT, 'deploy/systemd/notify-exec'), argv, { cwd: ROOT, env, stdio: 'ignore' });
  return child;
}

describe('swancast run, in a unit', () => {
  it('is ready once it decides, pings, reloads and stops in so many words', async () => {
    write();
    const daemon = start(400_000);
    const ended = once(daemon, 'exit');
    await socket.until(
      /^STATUS=no guard in ExaBGP answers, .*; not announced yet: 192\.0\.2\.1\/32: .*; 0 of 1/,
    );
    expect(socket.heard[0]).toBe('READY=1');
    const pinged = socket.heard.length;
    await socket.until(/^WATCHDOG=1$/, pinged);
    const reloaded = socket.heard.length;
    daemon.kill('SIGHUP');
    await socket.until(/^RELOADING=1\nMONOTONIC_USEC=\d+$/, reloaded);
    await socket.until(/^READY=1$/, reloaded);
    daemon.kill('SIGTERM');
    // Ten seconds until it kills itself, and a little.
    await socket.until(/^STOPPING=1\nEXTEND_TIMEOUT_USEC=12000000$/);
    expect(await ended).toEqual([0, null]);
  });

  it('says which successor it hands over to', async () => {
    write();
    const daemon = start(10_000_000);
    const ended = once(daemon, 'exit');
    await socket.until(/^READY=1$/);
    daemon.kill('SIGUSR2');
    await socket.until(/^STATUS=handing over to a successor$/);
    expect(await ended).toEqual([0, null]);
  });

  it('says why it does not start, and is never ready', async () => {
    write('leese: {}');
    const ended = once(start(10_000_000), 'exit');
    expect(await socket.until(/^STATUS=/)).toMatch(/^STATUS=not started: .*leese: is not a known key/);
    expect(await ended).toEqual([1, null]);
    expect(socket.heard).not.toContain('READY=1');
  });
});
