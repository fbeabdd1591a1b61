/** The daemon as a process of a unit: what systemd hears of its start, its life and its end. charon is not there. */
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { hasPython, NotifySocket } from '../fake/notify-socket.ts';
import { DaemonHome, type Daemon } from './daemon.fixture.ts';

const NOTIFY_EXEC = join(import.meta.dirname, '../../deploy/systemd/notify-exec');

let home: DaemonHome;
let socket: NotifySocket;
beforeEach(async ({ skip }) => {
  if (!hasPython) skip('no python3 here');
  home = new DaemonHome();
  socket = await NotifySocket.listen();
  onTestFinished(() => socket.stop());
});

const start = (watchdogUs: number): Daemon =>
  home.start({
    under: NOTIFY_EXEC,
    env: { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: String(watchdogUs) },
  });

describe('swancast run, in a unit', () => {
  it('is ready once it decides, pings, reloads and stops in so many words', async () => {
    home.write();
    const daemon = start(400_000);
    await socket.until(
      /^STATUS=no guard in ExaBGP answers, .*; not announced yet: 192\.0\.2\.1\/32: .*; 0 of 1/,
    );
    expect(socket.heard[0]).toBe('READY=1');
    const pinged = socket.heard.length;
    await socket.until(/^WATCHDOG=1$/, pinged);
    const reloaded = socket.heard.length;
    daemon.child.kill('SIGHUP');
    await socket.until(/^RELOADING=1\nMONOTONIC_USEC=\d+$/, reloaded);
    await socket.until(/^READY=1$/, reloaded);
    daemon.child.kill('SIGTERM');
    // Ten seconds until it kills itself, and a little.
    await socket.until(/^STOPPING=1\nEXTEND_TIMEOUT_USEC=12000000$/);
    expect(await daemon.ended).toBe(0);
  });

  it('says which successor it hands over to', async () => {
    home.write();
    const daemon = start(10_000_000);
    await socket.until(/^READY=1$/);
    daemon.child.kill('SIGUSR2');
    await socket.until(/^STATUS=handing over to a successor$/);
    expect(await daemon.ended).toBe(0);
  });

  it('says why it does not start, and is never ready', async () => {
    home.write('leese: {}');
    const daemon = start(10_000_000);
    expect(await socket.until(/^STATUS=/)).toMatch(/^STATUS=not started: .*leese: is not a known key/);
    expect(await daemon.ended).toBe(1);
    expect(socket.heard).not.toContain('READY=1');
  });
});
