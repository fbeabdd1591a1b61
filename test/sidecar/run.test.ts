/** The daemon as a process: what it does with signals and with addresses it cannot have. charon is not there. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { processStat } from '../../bgp/procfs.ts';
import { DaemonHome } from './daemon.fixture.ts';

let home: DaemonHome;
beforeEach(() => {
  home = new DaemonHome();
});

describe('swancast run', () => {
  it('ends with 1 and one line when its port is taken, and leaves no socket behind', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    home.write('', `127.0.0.1:${port}`);
    const daemon = home.start();
    const line = await daemon.says(/cannot listen/);
    expect(line).toContain(`cannot listen on 127.0.0.1 port ${port}: the port is taken`);
    expect(await daemon.ended).toBe(1);
    expect(existsSync(home.at('control.sock'))).toBe(false);
    other.close();
  });

  it('refuses to run twice', async () => {
    home.write();
    const first = home.start();
    await first.says(/"msg":"started"/);
    const second = home.start();
    expect(await second.says(/another swancast/)).toContain('control.sock');
    expect(await second.ended).toBe(1);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
  });

  it('refuses to share a run directory whose ExaBGP another one runs', async () => {
    const owner = { pid: process.pid, startTime: processStat(process.pid)?.startTime };
    writeFileSync(home.at('swancast.pid'), JSON.stringify(owner));
    home.write();
    writeFileSync(
      home.configFile,
      readFileSync(home.configFile, 'utf8').replace('supervise: false', 'supervise: true'),
    );
    const daemon = home.start();
    expect(await daemon.says(/run_directory/)).toContain(
      `${home.directory} is held by process ${process.pid}`,
    );
    expect(await daemon.ended).toBe(1);
    expect(existsSync(home.at('control.sock'))).toBe(false);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGUSR2'] as const)(
    'ends with 0 on %s when nothing is announced',
    async (signal) => {
      home.write();
      const daemon = home.start();
      await daemon.says(/"msg":"started"/);
      daemon.child.kill(signal);
      await daemon.says(/told to stop/);
      expect(await daemon.ended).toBe(0);
    },
  );

  it('ends with 0 on SIGTERM, and says why no order can be kept, where no state directory can be made', async () => {
    home.write();
    const text = readFileSync(home.configFile, 'utf8');
    writeFileSync(home.configFile, text.replace(/state_directory: \S+ /, 'state_directory: /proc/nope '));
    const daemon = home.start();
    expect(await daemon.says(/state_directory/)).toContain('/proc/nope: it is not there and cannot be made');
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  it('kills itself when stopping waits for a disk that does not answer, and names it', async () => {
    home.write();
    const daemon = home.start();
    await daemon.says(/"msg":"started"/);
    // Nobody reads it, so whoever opens it to write waits for ever, as on a dead network disk.
    execFileSync('mkfifo', [home.at('intent.json.new')]);
    const order = JSON.stringify({
      prefix: '192.0.2.1/32',
      verb: 'withdraw',
      seconds: 60,
      reason: 'x',
      who: 'x',
    });
    const socketPath = home.at('control.sock');
    const asked = request({ socketPath, path: '/force', method: 'POST' }).end(order);
    asked.on('error', () => undefined);
    // Answered after the order was read: it has begun.
    await once(request({ socketPath, path: '/healthz' }).end(), 'response');
    daemon.child.kill('SIGTERM');
    expect(await daemon.says(/killing this process/)).toContain(
      'waiting for the disk of control.state_directory',
    );
    expect(await daemon.ended).toBe('SIGKILL');
  });

  it('says once why nothing is announced, with the way out', async () => {
    home.write();
    const daemon = home.start();
    const line = JSON.parse(await daemon.says(/is not announced/)) as Record<string, unknown>;
    expect(line).toMatchObject({
      level: 'warn',
      reason: 'charon-gone',
      check: 'charon',
      prefix: '192.0.2.1/32',
    });
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(daemon.lines.filter((each) => each.includes('is not announced'))).toHaveLength(1);
  });

  it('takes a good file over on SIGHUP, refuses a bad one and what needs a restart, and lives on', async () => {
    home.write();
    const daemon = home.start();
    await daemon.says(/"msg":"started"/);
    home.write('checks: [{ name: charon, type: charon, rise: 3 }]');
    daemon.child.kill('SIGHUP');
    expect(await daemon.says(/configuration reloaded/)).toContain('checks made anew: charon');
    home.write('checks: [{ name: charon, type: charon, rise: "3x" }]');
    daemon.child.kill('SIGHUP');
    expect(await daemon.says(/configuration refused/)).toContain('checks[0].rise');
    home.write('gateway: { name: other }');
    daemon.child.kill('SIGHUP');
    expect(await daemon.says(/a reload cannot/)).toContain('gateway.name: restart swancast');
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});
