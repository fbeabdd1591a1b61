/**
 * One run of a program, kept on a short lead: no shell, nothing to read, a small fixed environment, a bounded
 * output, and a process group of its own that is killed when its time is up and once more when it has ended.
 *
 *     started ──► exit ──► the rest of its group is killed, the output is read to its end
 *        │ deadline, too much output, or aborted: SIGKILL to the group, then wait for the exit
 *
 * What a program starts in a session of its own (setsid) leaves the group and is not reached.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimer } from './seams.ts';

export type RunOutcome =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string; readonly stderr: string }
  /** Ended by a signal that was not ours. */
  | { readonly kind: 'signalled'; readonly signal: string; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'timed-out' }
  /** It wrote more than OUTPUT_BYTES. */
  | { readonly kind: 'flooded' }
  /** `detail`: the error code, such as ENOENT or EACCES. */
  | { readonly kind: 'unstartable'; readonly detail: string };

/** More than this, on either of its two outputs, ends it. */
export const OUTPUT_BYTES = 64 * 1024;

/** How long the output may stay open after the exit: only a process that left the group still holds it then. */
const DRAIN_MS = 100;

/** Not ours: what stands in the environment of the daemon is nobody else's business. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

export interface RunOptions {
  readonly deadlineMs: number;
}

/**
 * Runs `argv`. Every way in which it can end is an outcome; rejects only when the signal ends it, with its
 * reason. Comes back only when the process itself has gone: one that SIGKILL cannot end (it hangs in the kernel)
 * keeps the caller waiting, so that no second one is started beside it.
 */
export async function runProgram(
  argv: readonly string[],
  { deadlineMs }: RunOptions,
  signal: AbortSignal,
): Promise<RunOutcome> {
  signal.throwIfAborted();
  const [file = '', ...words] = argv;
  let child: ChildProcess;
  try {
    child = spawn(file, words, {
      cwd: '/',
      env: ENVIRONMENT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    return { kind: 'unstartable', detail: codeOf(error) };
  }
  let forced: RunOutcome | undefined;
  const force = (outcome: RunOutcome): void => {
    forced ??= outcome;
    killGroup(child);
  };
  const outputs = [child.stdout, child.stderr].map((stream) => gather(stream, () => force(FLOODED)));
  const onAbort = (): void => {
    force(TIMED_OUT);
  };
  const cancel = setTimer(deadlineMs, onAbort);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const ended = await endOf(child);
    // What it left behind in its group would hold the output, or pile up look by look.
    killGroup(child);
    if ('kind' in ended) return ended;
    const [stdout = '', stderr = ''] = await Promise.all(outputs.map(({ text }) => text()));
    signal.throwIfAborted();
    if (forced !== undefined) return forced;
    return ended.code === null
      ? { kind: 'signalled', signal: ended.signal ?? 'a signal', stdout, stderr }
      : { kind: 'exited', code: ended.code, stdout, stderr };
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

const TIMED_OUT: RunOutcome = { kind: 'timed-out' };
const FLOODED: RunOutcome = { kind: 'flooded' };

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

async function endOf(child: ChildProcess): Promise<Ended | RunOutcome> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
    child.on('error', (error) => {
      // Also told when a signal could not be sent; then the exit is still to come.
      if (child.pid === undefined) resolve({ kind: 'unstartable', detail: codeOf(error) });
    });
  });
}

/** The group carries the id of its first process, which is the child (detached: it leads one of its own). */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nobody is left in it
  }
}

/** Reads what comes, and waits for the end of it no longer than DRAIN_MS after the exit. */
function gather(stream: Readable | null, onFlood: () => void): { readonly text: () => Promise<string> } {
  if (stream === null) return { text: () => Promise.resolve('') };
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= OUTPUT_BYTES) chunks.push(chunk);
    else {
      stream.destroy();
      onFlood();
    }
  });
  const closed = new Promise<void>((resolve) => {
    stream.on('error', () => undefined).once('close', resolve);
  });
  return {
    async text() {
      const cancel = setTimer(DRAIN_MS, () => stream.destroy());
      await closed;
      cancel();
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}
