import { spawn } from 'node:child_process';
import { LabError, reasonOf } from './lab-error.ts';

export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a short command to its end. @returns its stdout. @throws LabError LAB_COMMAND with its stderr */
export async function runCommand(
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
  options: CommandOptions = {},
): Promise<string> {
  if (signal.aborted) throw reasonOf(signal);
  const [file, ...args] = argv;
  const child = spawn(file, args, { stdio: 'pipe', env: { ...process.env, ...options.env }, signal });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A command that does not read its input ends with its own error, which says more than EPIPE.
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  child.on('error', (cause) =>
    reject(signal.aborted ? reasonOf(signal) : failure(argv, String(cause), cause)),
  );
  child.on('close', (code, killedBy) => {
    if (code === 0) resolve(stdout);
    else reject(failure(argv, `exit ${code ?? killedBy}: ${(stderr === '' ? stdout : stderr).trim()}`));
  });
  return promise;
}

function failure(argv: readonly string[], what: string, cause?: unknown): LabError {
  return new LabError('LAB_COMMAND', `"${argv.join(' ')}" failed, ${what}`, { cause });
}
