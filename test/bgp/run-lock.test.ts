import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SpeakerError } from '../../bgp/problem.ts';
import { processStat } from '../../bgp/procfs.ts';
import { lockRunDirectory } from '../../bgp/run-lock.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swancast-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (): string => join(directory, 'swancast.pid');
const refused = async (): Promise<SpeakerError> => {
  const error: unknown = await lockRunDirectory(directory).catch((reason: unknown) => reason);
  if (!(error instanceof SpeakerError)) throw new Error('not refused');
  return error;
};

describe('the lock of a run directory', () => {
  it('names its holder, and is gone after it was given back', async () => {
    const unlock = await lockRunDirectory(join(directory, 'new'));
    const lock = readFileSync(join(directory, 'new/swancast.pid'), 'utf8');
    expect(JSON.parse(lock)).toMatchObject({ pid: process.pid });
    await unlock();
    expect(readdirSync(join(directory, 'new'))).toEqual([]);
  });

  it('refuses while its holder lives, says who that is, and changes nothing', async () => {
    const holder = spawn('sleep', ['300'], { stdio: 'ignore' });
    const { pid, startTime } = processStat(holder.pid ?? 0) ?? { pid: 0, startTime: '' };
    const lock = JSON.stringify({ pid, startTime });
    writeFileSync(file(), lock);
    const { code, message } = await refused();
    expect(code).toBe('RUN_DIRECTORY_TAKEN');
    expect(message).toContain(`held by process ${pid}`);
    expect(message).toContain('stop that swancast first, or give this one a bgp.run_directory');
    expect(readFileSync(file(), 'utf8')).toBe(lock);
    expect(readdirSync(directory)).toEqual(['swancast.pid']);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await (
      await lockRunDirectory(directory)
    )();
  });

  it.each([
    ['a stranger who has the pid now', () => JSON.stringify({ pid: process.pid, startTime: '1' })],
    ['a process that is no more', () => JSON.stringify({ pid: 4_194_305, startTime: '1' })],
    ['garbage', () => '{"pid":'],
    ['nothing', () => ''],
  ])('is taken from %s', async (_, text) => {
    writeFileSync(file(), text());
    await lockRunDirectory(directory);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ pid: process.pid });
    expect(readdirSync(directory)).toEqual(['swancast.pid']);
  });

  it('is refused to its own holder, too', async () => {
    writeFileSync(file(), JSON.stringify({ pid: process.pid, startTime: '1' }));
    const first = await lockRunDirectory(directory);
    expect((await refused()).code).toBe('RUN_DIRECTORY_TAKEN');
    await first();
  });

  it('does not take away the lock of a successor', async () => {
    const unlock = await lockRunDirectory(directory);
    writeFileSync(file(), 'of another');
    await unlock();
    expect(readFileSync(file(), 'utf8')).toBe('of another');
  });

  it('says what is wrong with a directory that cannot be one', async () => {
    writeFileSync(join(directory, 'plain'), '');
    const error: unknown = await lockRunDirectory(join(directory, 'plain/run')).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'RUN_DIRECTORY_DENIED' });
    expect((error as Error).message).toMatch(
      /^bgp\.run_directory: .*ENOTDIR.*: create it for swancast's user/,
    );
  });
});
