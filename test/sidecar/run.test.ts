/** The daemon as a process: what it does with signals and with addresses it cannot have. charon is scripted. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { processStat } from '../../bgp/procfs.ts';

// Processes are started: a busy machine needs its time.
vi.setConfig({ testTimeout: 30_000 });
const MAIN = join(import.meta.dirname, '../../sidecar/main.ts');

let directory: string;
let running: ChildProcess[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swancast-run-'));
  running = [];
});
afterEach(async () => {
  for (const child of running) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(directory, { recursive: true });
});

const configFile = (): string => join(directory, 'swancast.yaml');
const write = (extra: string): void =>
  writeFileSync(
    configFile(),
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
${extra}
`,
  );

interface Daemon {
  readonly child: ChildProcess;
  /** Resolves with the first line that matches. */
  readonly says: (what: RegExp) => Promise<string>;
  readonly ended: Promise<number | null>;
  readonly lines: readonly string[];
}

function start(): Daemon {
  const child = spawn(process.execPath, [MAIN, 'run', '-c', configFile()], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const look of waiting) look();
    });
  }
  const says = (what: RegExp): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        const line = lines.find((each) => what.test(each));
        if (line === undefined) return;
        waiting.delete(look);
        resolve(line);
      };
      waiting.add(look);
      look();
    });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, says, ended, lines };
}

describe('swancast run', () => {
  it('ends with 1 and one line when its port is taken, and leaves no socket behind', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    write(`http: { listen: "127.0.0.1:${port}" }`);
    const daemon = start();
    const line = await daemon.says(/cannot listen/);
    expect(line).toContain(`cannot listen on 127.0.0.1 port ${port}: the port is taken`);
    expect(await daemon.ended).toBe(1);
    expect(existsSync(join(directory, 'control.sock'))).toBe(false);
    other.close();
  });

  it('refuses to run twice', async () => {
    write('http: { listen: "off" }');
    const first = start();
    await first.says(/"msg":"started"/);
    const second = start();
    expect(await second.says(/another swancast/)).toContain('control.sock');
    expect(await second.ended).toBe(1);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
  });

  it('refuses to share a run directory whose ExaBGP another one runs', async () => {
    const owner = { pid: process.pid, startTime: processStat(process.pid)?.startTime };
    writeFileSync(join(directory, 'swancast.pid'), JSON.stringify(owner));
    write('http: { listen: "off" }');
    writeFileSync(
      configFile(),
      readFileSync(configFile(), 'utf8').replace('supervise: false', 'supervise: true'),
    );
    const daemon = start();
    expect(await daemon.says(/run_directory/)).toContain(`${directory} is held by process ${process.pid}`);
    expect(await daemon.ended).toBe(1);
    expect(existsSync(join(directory, 'control.sock'))).toBe(false);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGUSR2'] as const)(
    'ends with 0 on %s when nothing is announced',
    async (signal) => {
      write('http: { listen: "off" }');
      const daemon = start();
      await daemon.says(/"msg":"started"/);
      daemon.child.kill(signal);
      await daemon.says(/told to stop/);
      expect(await daemon.ended).toBe(0);
    },
  );

  it('ends with 0 on SIGTERM, and says why no order can be kept, where no state directory can be made', async () => {
    write('http: { listen: "off" }');
    const text = readFileSync(configFile(), 'utf8');
    writeFileSync(configFile(), text.replace(/state_directory: \S+ /, 'state_directory: /proc/nope '));
    const daemon = start();
    expect(await daemon.says(/state_directory/)).toContain('/proc/nope: it is not there and cannot be made');
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  it('kills itself when stopping waits for a disk that does not answer, and names it', async () => {
    write('http: { listen: "off" }');
    const daemon = start();
    await daemon.says(/"msg":"started"/);
    // Nobody reads it, so whoever opens it to write waits for ever, as on a dead network disk.
    execFileSync('mkfifo', [join(directory, 'intent.json.new')]);
    const order = JSON.stringify({
      prefix: '192.0.2.1/32',
      verb: 'withdraw',
      seconds: 60,
      reason: 'x',
      who: 'x',
    });
    const socketPath = join(directory, 'control.sock');
    const asked = request({ socketPath, path: '/force', method: 'POST' }).end(order);
    asked.on('error', () => undefined);
    // Answered after the order was read: it has begun.
    await once(request({ socketPath, path: '/healthz' }).end(), 'response');
    daemon.child.kill('SIGTERM');
    expect(await daemon.says(/killing this process/)).toContain(
      'waiting for the disk of control.state_directory',
    );
    await daemon.ended;
    expect(daemon.child.signalCode).toBe('SIGKILL');
  });

  it('says once why nothing is announced, with the way out', async () => {
    write('http: { listen: "off" }');
    const daemon = start();
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
    write('http: { listen: "off" }');
    const daemon = start();
    await daemon.says(/"msg":"started"/);
    write('http: { listen: "off" }\nchecks: [{ name: charon, type: charon, rise: 3 }]');
    daemon.child.kill('SIGHUP');
    expect(await daemon.says(/configuration reloaded/)).toContain('checks made anew: charon');
    write('http: { listen: "off" }\nchecks: [{ name: charon, type: charon, rise: "3x" }]');
    daemon.child.kill('SIGHUP');
    expect(await daemon.says(/configuration refused/)).toContain('checks[0].rise');
    write('http: { listen: "off" }\ngateway: { name: other }');
    daemon.child.kill('SIGHUP');
    expect(await daemon.says(/only a restart/)).toContain('can change gateway.name');
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});
