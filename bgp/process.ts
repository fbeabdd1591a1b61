/**
 * One run of a supervised child: own process group, no shell, its last words kept, an expected end told apart
 * from a crash. Starting it again is the supervisor's business.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { LineReader } from './line-reader.ts';
import { descendants, isAlive, processStat, signalProcess, type ProcessIdentity } from './procfs.ts';

export interface ChildSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface ChildEnd {
  /** We asked for it. */
  readonly expected: boolean;
  /** Set when it could not even be started (ENOENT, EACCES). */
  readonly error: NodeJS.ErrnoException | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of stdout and stderr together. */
  readonly tail: readonly string[];
}

const TAIL_LINES = 20;
const LINE_MAXIMUM = 8192;
/** A killed process needs this long at most until the kernel has taken it apart. */
const GONE_POLL_MS = 5;
const GONE_DEADLINE_MS = 2000;

export class SupervisedProcess {
  /** Resolves, never rejects, when the child is gone and its output read. */
  readonly ended: Promise<ChildEnd>;
  readonly identity: ProcessIdentity | undefined;
  readonly #child: ChildProcess;
  readonly #tail: string[] = [];
  #expected = false;

  constructor(spec: ChildSpec, onLine: (line: string) => void) {
    // detached: a process group of its own, so that a Ctrl-C meant for us does not reach it before our withdrawal.
    this.#child = spawn(spec.file, spec.args, {
      env: spec.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid } = this.#child;
    const stat = pid === undefined ? undefined : processStat(pid);
    this.identity = stat === undefined ? undefined : { pid: stat.pid, startTime: stat.startTime };
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      const reader = new LineReader(LINE_MAXIMUM);
      stream?.on('data', (chunk: Buffer) => {
        for (const line of reader.push(chunk)) {
          if (line === undefined || line === '') continue;
          this.#tail.push(line);
          if (this.#tail.length > TAIL_LINES) this.#tail.shift();
          onLine(line);
        }
      });
    }
    this.ended = this.#watch();
  }

  /** SIGTERM to the group, SIGKILL to it and to everything it started when it has not ended after `graceMs`. */
  async stop(graceMs: number, signal?: AbortSignal): Promise<void> {
    const family = this.#family();
    this.#expected = true;
    this.#signalGroup('SIGTERM');
    const over = new AbortController();
    await Promise.race([
      this.ended,
      delay(graceMs, undefined, { signal: anyOf(over.signal, signal) }).catch(() => undefined),
    ]);
    over.abort();
    this.#signalGroup('SIGKILL');
    for (const member of family) signalProcess(member, 'SIGKILL');
    await allGone(family);
    await this.ended;
  }

  /** SIGKILL, at once, to the group and everything it started. The end counts as a crash. */
  kill(): void {
    const family = this.#family();
    this.#signalGroup('SIGKILL');
    for (const member of family) signalProcess(member, 'SIGKILL');
  }

  #family(): ProcessIdentity[] {
    const { identity } = this;
    return identity === undefined ? [] : descendants(identity.pid);
  }

  #signalGroup(signal: NodeJS.Signals): void {
    // Not reaped yet means that the pid, and so the group, is still this child's.
    if (this.identity === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null)
      return;
    try {
      process.kill(-this.identity.pid, signal);
    } catch {
      signalProcess(this.identity, signal);
    }
  }

  #watch(): Promise<ChildEnd> {
    return new Promise((resolve) => {
      const end = (error: NodeJS.ErrnoException | undefined): void => {
        const { exitCode: code, signalCode: signal } = this.#child;
        resolve({ expected: this.#expected, error, code, signal, tail: this.#tail });
      };
      this.#child.once('error', end);
      // "exit", not "close": a grandchild that hangs may hold the pipes for ever. One turn more for the last lines.
      this.#child.once('exit', () => setImmediate(end, undefined));
    });
  }
}

/** Waits until none of them runs; gives up after two seconds. */
export async function allGone(processes: readonly ProcessIdentity[], signal?: AbortSignal): Promise<boolean> {
  for (let waited = 0; waited < GONE_DEADLINE_MS; waited += GONE_POLL_MS) {
    if (!processes.some(isAlive)) return true;
    await delay(GONE_POLL_MS, undefined, { signal });
  }
  return false;
}

const anyOf = (a: AbortSignal, b: AbortSignal | undefined): AbortSignal =>
  b === undefined ? a : AbortSignal.any([a, b]);
