/**
 * A scripted ExaBGP around the real guard: a real process with its pid, pipes and launcher, whose words and
 * silences the test decides. By default it answers everything as 4.2.21 does.
 */
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { GUARD_NODE_FLAGS, guardCommand, renderExabgpConf } from '../../bgp/exabgp-conf.ts';
import { LineReader } from '../../bgp/line-reader.ts';
import { descendants, isAlive, processStat, signalProcess, type ProcessIdentity } from '../../bgp/procfs.ts';

const root = new URL('../..', import.meta.url).pathname;

export interface FakeExabgpOptions {
  readonly ttlMs?: number;
  readonly maxAgeMs?: number;
  readonly handoverMs?: number;
  /** 4.2.21 unless given. */
  readonly version?: string;
}

export class FakeExabgp {
  /** 0700, gone after `stop`. */
  readonly directory = mkdtempSync(join(tmpdir(), 'swancast-fake-exabgp-'));
  readonly leaseSocket = join(this.directory, 'lease.sock');
  /** A program that can stand in for `exabgp`. */
  readonly program = join(this.directory, 'exabgp');
  readonly configText: string;
  /** All commands heard, oldest first. */
  readonly commands: string[] = [];
  /** What the guard, the launcher and the program wrote to stderr. */
  stderr = '';
  /** How the next commands are answered; the default is 4.2.21's way. */
  answer: (command: string) => readonly string[] = answerLikeExabgp;
  identity: ProcessIdentity | undefined;
  #server: Server;
  #socket: Socket | undefined;
  readonly #heard = new Set<() => void>();

  private constructor({ ttlMs = 1000, maxAgeMs = 3000, handoverMs = 5000, version }: FakeExabgpOptions) {
    this.#server = createServer((socket) => this.#onProgram(socket));
    this.configText = renderExabgpConf({
      routerId: '10.0.0.1',
      neighbors: [
        {
          address: '10.0.0.2',
          localAddress: '10.0.0.1',
          peerAs: 65000,
          localAs: 65001,
          holdSeconds: 9,
          port: 179,
          families: ['ipv4'],
        },
      ],
      guard: guardCommand({
        launcher: join(root, 'deploy/launch-guard.sh'),
        guard: [process.execPath, ...GUARD_NODE_FLAGS, join(root, 'bgp/guard.ts')],
        leaseSocket: this.leaseSocket,
        localAs: 65001,
        ttlMs,
        maxAgeMs,
        handoverMs,
      }),
    });
    const program = version === undefined ? '' : `FAKE_EXABGP_VERSION=${version} `;
    const script = `#!/bin/sh\n${program}FAKE_EXABGP_CONTROL=${this.directory}/control exec ${process.execPath} ${root}/test/fake/exabgp-program.ts "$@"\n`;
    writeFileSync(this.program, script);
    chmodSync(this.program, 0o755);
  }

  /** Ready to be started by a supervisor, through `program`. */
  static async prepare(options: FakeExabgpOptions = {}): Promise<FakeExabgp> {
    const fake = new FakeExabgp(options);
    fake.#server.listen(join(fake.directory, 'control'));
    await once(fake.#server, 'listening');
    return fake;
  }

  /** Running, with the guard's process in it. */
  static async start(options: FakeExabgpOptions = {}): Promise<FakeExabgp> {
    const fake = await FakeExabgp.prepare(options);
    await fake.run();
    return fake;
  }

  async run(): Promise<void> {
    const file = join(this.directory, 'fake.conf');
    writeFileSync(file, this.configText);
    const child = spawn(this.program, [file], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
      this.#wake();
    });
    await this.until(() => this.identity !== undefined);
  }

  /** A line to the guard, as it stands. */
  say(...lines: string[]): void {
    this.#socket?.write(lines.map((line) => `${line}\n`).join(''));
  }

  sayBytes(bytes: Buffer): void {
    this.#socket?.write(bytes);
  }

  neighborEvent(state: 'up' | 'down' | 'connected', address = '10.0.0.2', reason?: string): void {
    const neighbor = {
      address: { local: '10.0.0.1', peer: address },
      asn: { local: 65001, peer: 65000 },
      state,
      reason,
    };
    this.say(JSON.stringify({ exabgp: '4.0.1', time: 1, counter: 1, type: 'state', neighbor }));
  }

  /** Hears commands and answers nothing. */
  hang(): void {
    this.answer = () => [];
  }

  get alive(): boolean {
    return this.identity !== undefined && isAlive(this.identity);
  }

  /** Resolves when the condition holds; looked at whenever something was heard, and every 10 ms. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, 10);
        const heard = this.#heard;
        heard.add(wake);
        function wake(): void {
          clearTimeout(timer);
          heard.delete(wake);
          resolve();
        }
      });
    }
  }

  /** The position after which `since` looks. */
  get mark(): number {
    return this.commands.length;
  }

  since(mark: number): string[] {
    return this.commands.slice(mark).filter((command) => !/^(version|show .*)$/.test(command));
  }

  async stop(): Promise<void> {
    this.#socket?.destroy();
    // The guard and its launcher too: a test that failed may have left one of them frozen.
    const family = this.identity === undefined ? [] : [this.identity, ...descendants(this.identity.pid)];
    for (const member of family) signalProcess(member, 'SIGKILL');
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.directory, { recursive: true, force: true });
  }

  #onProgram(socket: Socket): void {
    const reader = new LineReader(1024 * 1024);
    let greeted = false;
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => this.#wake());
    socket.on('data', (chunk: Buffer) => {
      for (const line of reader.push(chunk)) {
        if (greeted) {
          this.#onCommand(line ?? '');
        } else {
          greeted = true;
          this.identity = processStat(Number(line));
        }
      }
      this.#wake();
    });
  }

  #onCommand(command: string): void {
    this.commands.push(command);
    const lines = this.answer(command);
    if (lines.length > 0) this.say(...lines);
  }

  #wake(): void {
    for (const wake of this.#heard) wake();
  }
}

/** As 5.0 answers a process that was given JSON answers. Words of its source, not of a run. */
export function answerLikeExabgp5(command: string): readonly string[] {
  const words = answerLikeExabgp(command).map((line) => {
    if (line === 'done') return '{ "answer": "done", "message": "command completed" }';
    if (line === 'error')
      return '{ "answer": "error", "message": "this command does not support json output" }';
    return line.startsWith('exabgp ') ? '{"version": "5.0.13", "application": "exabgp"}' : line;
  });
  return words;
}

const LISTING = ['Neighbor 10.0.0.2', '', '   state                           IDLE', ''];

export function answerLikeExabgp(command: string): readonly string[] {
  if (command === 'version') return ['exabgp 4.2.21', 'done'];
  if (/^show neighbor (\S+ )?extensive$/.test(command)) return [...LISTING, 'done'];
  return /^(announce|withdraw) route |^clear adj-rib out$/.test(command) ? ['done'] : ['error'];
}
