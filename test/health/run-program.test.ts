import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTPUT_BYTES, runProgram, type RunOutcome } from '../../health/run-program.ts';

const none = new AbortController().signal;
const sh = async (script: string, deadlineMs = 10_000, signal = none): Promise<RunOutcome> =>
  runProgram(['/bin/sh', '-c', script], { deadlineMs }, signal);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-run-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** True while a process with this id runs; a zombie does not. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const noted = (file: string): number => {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
};

describe('a program that ends by itself', () => {
  it.each([0, 1, 2, 3, 127])('with exit code %d', async (code) => {
    expect(await sh(`echo out; echo err >&2; exit ${String(code)}`)).toEqual({
      kind: 'exited',
      code,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('by a signal of its own', async () => {
    expect(await sh('kill -TERM $$')).toEqual({
      kind: 'signalled',
      signal: 'SIGTERM',
      stdout: '',
      stderr: '',
    });
  });

  it('gets its arguments as they are, without a shell', async () => {
    const odd = '$(id) ; `id` * "';
    expect(await runProgram(['/bin/echo', odd], { deadlineMs: 10_000 }, none)).toMatchObject({
      stdout: `${odd}\n`,
    });
  });

  it('gets nothing of our environment, and nothing to read', async () => {
    process.env['SWANCAST_TEST_SECRET'] = 'hush';
    try {
      const outcome = await sh('echo "[$SWANCAST_TEST_SECRET] $LC_ALL $(pwd)"; cat');
      expect(outcome).toMatchObject({ code: 0, stdout: '[] C /\n' });
    } finally {
      delete process.env['SWANCAST_TEST_SECRET'];
    }
  });

  it('may be cut in the middle of a character', async () => {
    expect(await sh("printf 'gr\\303'")).toMatchObject({ code: 0, stdout: 'gr\uFFFD' });
  });
});

describe('a program that cannot be started', () => {
  it('because it is not there', async () => {
    const outcome = await runProgram([join(folder, 'none')], { deadlineMs: 1000 }, none);
    expect(outcome).toEqual({ kind: 'unstartable', detail: 'ENOENT' });
  });

  it('because it may not be executed', async () => {
    const file = join(folder, 'plain');
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o644);
    const outcome = await runProgram([file], { deadlineMs: 1000 }, none);
    expect(outcome).toEqual({ kind: 'unstartable', detail: 'EACCES' });
  });

  it('because its name cannot be one', async () => {
    const outcome = await runProgram(['/bin/echo\0'], { deadlineMs: 1000 }, none);
    expect(outcome).toMatchObject({ kind: 'unstartable' });
  });
});

describe('a program that does not end', () => {
  /** Hangs, and so does a grandchild, which ignores what can be ignored and holds the output open. */
  const hanging = (file: string): string =>
    `sh -c 'trap "" TERM HUP INT; echo $$ > ${file}; while :; do sleep 60; done' & wait`;

  it('is killed at its deadline with its grandchild', async () => {
    const file = join(folder, 'deadline');
    const outcome = sh(hanging(file), 500);
    await expect.poll(() => noted(file)).toBeGreaterThan(0);
    const grandchild = noted(file);
    expect(runs(grandchild)).toBe(true);
    expect(await outcome).toEqual({ kind: 'timed-out' });
    await expect.poll(() => runs(grandchild)).toBe(false);
  });

  it('is killed with its grandchild when the look is ended', async () => {
    const file = join(folder, 'abort');
    const abort = new AbortController();
    const outcome = sh(hanging(file), 60_000, abort.signal);
    await expect.poll(() => noted(file)).toBeGreaterThan(0);
    abort.abort(new Error('stop'));
    await expect(outcome).rejects.toThrow('stop');
    await expect.poll(() => runs(noted(file))).toBe(false);
  });

  it('leaves nothing of its group behind when it ends itself', async () => {
    const file = join(folder, 'left');
    const outcome = await sh(
      `sh -c 'echo $$ > ${file}; exec sleep 60' & while ! test -s ${file}; do sleep 0.01; done`,
    );
    expect(outcome).toMatchObject({ kind: 'exited', code: 0 });
    await expect.poll(() => runs(noted(file))).toBe(false);
  });

  it('does not hold us up by a process that left the group with the output', async () => {
    const file = join(folder, 'session');
    const outcome = await sh(
      `setsid sh -c 'echo $$ > ${file}; exec sleep 60' & while ! test -s ${file}; do sleep 0.01; done; echo fine`,
    );
    process.kill(noted(file), 'SIGKILL');
    expect(outcome).toMatchObject({ kind: 'exited', code: 0, stdout: 'fine\n' });
  });

  it('is ended when it writes without end', async () => {
    expect(await sh('yes', 60_000)).toEqual({ kind: 'flooded' });
    expect(await sh('yes >&2', 60_000)).toEqual({ kind: 'flooded' });
    const most = await sh(`head -c ${String(OUTPUT_BYTES)} /dev/zero`);
    expect(most).toMatchObject({ kind: 'exited', code: 0 });
  });

  it('is not even started after the end', async () => {
    const aborted = AbortSignal.abort(new Error('over'));
    await expect(sh(`touch ${join(folder, 'never')}`, 1000, aborted)).rejects.toThrow('over');
    expect(noted(join(folder, 'never'))).toBe(0);
  });
});
