/** notify-exec and what it hands on, as processes. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SdNotify } from '../../bgp/sd-notify.ts';
import { hasPython, NotifySocket } from '../fake/notify-socket.ts';

const NOTIFY_EXEC = join(import.meta.dirname, '../../deploy/systemd/notify-exec');
const MODULE = join(import.meta.dirname, '../../bgp/sd-notify.ts');

let socket: NotifySocket;
beforeEach(async ({ skip }) => {
  if (!hasPython) skip('no python3 here');
  socket = await NotifySocket.listen();
});
afterEach(() => socket.stop());

/** Starts a program of a few lines, with `notify` in it, through notify-exec. */
function start(lines: string, env: Record<string, string>) {
  const program = `import { SdNotify } from '${MODULE}';\nconst notify = SdNotify.take();\n${lines}`;
  const { NOTIFY_SOCKET: _, ...ours } = process.env;
  const argv = [process.execPath, '--input-type=module-typescript', '-e', program];
  return spawn(NOTIFY_EXEC, argv, { env: { ...ours, ...env }, stdio: 'pipe' });
}

/** Until it ends. */
async function through(lines: string, env: Record<string, string> = {}) {
  const child = start(lines, env);
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await ended;
  return { stdout, stderr, code, pid: child.pid };
}

const heard = () => ({ NOTIFY_SOCKET: socket.path });

describe('what systemd is told', () => {
  it('comes from the process that was started, in whole datagrams', async () => {
    const { stdout, pid } = await through(
      `notify.ready(); notify.status('all\\n is  well\\n'); notify.alive(0); notify.reloading(1.5); notify.stopping(12000); notify.status('end'); console.log(process.pid);`,
      { ...heard(), WATCHDOG_USEC: '10000000' },
    );
    await socket.until(/end/);
    expect(socket.heard).toEqual([
      'READY=1',
      'STATUS=all is well',
      'WATCHDOG=1',
      'RELOADING=1\nMONOTONIC_USEC=1500',
      'STOPPING=1\nEXTEND_TIMEOUT_USEC=12000000',
      'STATUS=end',
    ]);
    expect(stdout).toBe(`${pid}\n`);
  });

  it('is a ping in a quarter of the time it waits, whoever calls how often', async () => {
    const calls = 'for (let at = 0; at <= 10_000; at += 100) notify.alive(at); notify.status("end");';
    await through(calls, { ...heard(), WATCHDOG_USEC: '10000000' });
    await socket.until(/end/);
    expect(socket.heard.filter((message) => message === 'WATCHDOG=1')).toHaveLength(5);
  });

  it('is no ping where no watchdog waits', async () => {
    await through('notify.alive(0); notify.alive(1e9); notify.status("end");', heard());
    await socket.until(/end/);
    expect(socket.heard).toEqual(['STATUS=end']);
  });

  it('is a status only when it is another one', async () => {
    await through('for (const text of ["a", "a", "b", "b", "a"]) notify.status(text);', heard());
    await socket.until(/b/);
    await socket.until(/a/, 2);
    expect(socket.heard).toEqual(['STATUS=a', 'STATUS=b', 'STATUS=a']);
  });

  it('is nothing without its socket, and nothing of it is put together', async () => {
    const { stdout, code } = await through(
      'notify.ready(); console.log(notify.isHeard, notify.watchdogMs);',
      {
        WATCHDOG_USEC: '10000000',
      },
    );
    expect({ stdout, code }).toEqual({ stdout: 'false undefined\n', code: 0 });
    expect(socket.heard).toEqual([]);
  });

  it('gets lost where nobody reads it', async () => {
    socket.freeze();
    // A queue of 10 or so, and then EAGAIN.
    const many = 'for (let k = 0; k < 5000; k += 1) notify.ready(); console.log("through");';
    expect(await through(many, heard())).toMatchObject({ stdout: 'through\n', stderr: '', code: 0 });
    socket.thaw();
    await socket.until(/READY/);
    expect(socket.heard.length).toBeLessThan(5000);
  });

  it('gets lost when systemd is gone', async () => {
    const lines = `notify.ready(); process.stdin.resume().on('end', () => { notify.ready(); console.log('through'); });`;
    const child = start(lines, heard());
    await socket.until(/READY/);
    await socket.end();
    child.stdin.end();
    expect(await text(child.stdout)).toBe('through\n');
  });

  it('is nothing that a child of the program could use', async () => {
    const lines = `
      import { spawnSync } from 'node:child_process';
      const { stdout } = spawnSync('sh', ['-c', 'env; for fd in 3 4 5 6 7 8 9; do ! test -e /proc/self/fd/$fd || readlink /proc/self/fd/$fd; done']);
      notify.ready();
      console.log(String(stdout));`;
    const { stdout } = await through(lines, { ...heard(), WATCHDOG_USEC: '10000000', WATCHDOG_PID: '1' });
    await socket.until(/READY/);
    expect(stdout).toContain('PATH=');
    expect(stdout).not.toMatch(/NOTIFY|WATCHDOG|socket:/);
  });
});

describe('notify-exec', () => {
  it('runs the program where systemd cannot be reached', async () => {
    await socket.end();
    const { stdout, stderr, code } = await through('console.log(notify.isHeard);', heard());
    expect({ stdout, code }).toEqual({ stdout: 'false\n', code: 0 });
    expect(stderr).toMatch(/^notify-exec: systemd is not told anything: .*refused/);
  });

  it('says what it cannot run', () => {
    const { status, stderr } = spawnSync(NOTIFY_EXEC, ['/nowhere/at/all'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'notify-exec: /nowhere/at/all: No such file or directory\n',
    });
    expect(spawnSync(NOTIFY_EXEC).status).toBe(1);
  });
});

describe('SdNotify.take', () => {
  it('takes nothing for a descriptor that is none', () => {
    for (const fd of ['', '0', '2', '-3', '3x', 'no']) {
      const environment = { SWANCAST_NOTIFY_FD: fd, WATCHDOG_USEC: '1000' };
      const notify = SdNotify.take(environment);
      expect([fd, notify.isHeard, notify.watchdogMs]).toEqual([fd, false, undefined]);
      expect(environment).toEqual({});
    }
  });

  it('gives lines of log a priority only where journald reads them', () => {
    expect(SdNotify.take({}).priority('error')).toBe('');
    const notify = SdNotify.take({ SWANCAST_NOTIFY_FD: '7' });
    const levels = ['debug', 'info', 'warn', 'error'] as const;
    expect(levels.map((level) => notify.priority(level))).toEqual(['<7>', '<6>', '<4>', '<3>']);
  });
});
