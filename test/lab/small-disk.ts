/**
 * A file system of its own for a gateway's state and log, which can be full at will: a tmpfs, whose size can be
 * changed while it is in use. Mounted for the whole machine, in the lab's directory, so that whoever cleans up after
 * a lab finds it.
 */
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from './lab-error.ts';
import { runCommand } from './run-command.ts';

/** A debug log of many hours; it takes memory only as it is written. */
const SIZE = '256m';
/** Somebody may write between the look and the change of the size, which is refused then. */
const TRIES = 20;

export class SmallDisk {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** @param directory made here */
  static async mount(directory: string, signal: AbortSignal): Promise<SmallDisk> {
    mkdirSync(directory);
    await runCommand(['mount', '-t', 'tmpfs', '-o', `size=${SIZE},mode=755`, 'tmpfs', directory], signal);
    return new SmallDisk(directory);
  }

  /** From now on no page more can be written: what there is fills it. */
  async fill(signal: AbortSignal): Promise<void> {
    for (let left = TRIES; ; left -= 1) {
      const { blocks, bfree, bsize } = await statfs(this.directory);
      try {
        await this.#resize(String(Math.max(1, blocks - bfree) * bsize), signal);
        return;
      } catch (error) {
        if (!(error instanceof LabError) || left === 0) throw error;
      }
    }
  }

  async free(signal: AbortSignal): Promise<void> {
    await this.#resize(SIZE, signal);
  }

  async #resize(size: string, signal: AbortSignal): Promise<void> {
    await runCommand(['mount', '-o', `remount,size=${size}`, this.directory], signal);
  }
}

/** What is mounted below this directory now. */
export function mountsBelow(directory: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((mountPoint) => mountPoint.startsWith(`${directory}/`));
}

/** Nobody may use them any more. Logs that are links to there become files. */
export async function unmountBelow(directory: string, signal: AbortSignal): Promise<void> {
  const mounts = mountsBelow(directory);
  if (mounts.length === 0) return;
  keepLogs(join(directory, 'logs'));
  for (const mountPoint of mounts) await runCommand(['umount', '-l', mountPoint], signal);
}

function keepLogs(logs: string): void {
  for (const file of readdirSync(logs).map((name) => join(logs, name))) {
    if (!lstatSync(file).isSymbolicLink()) continue;
    const target = readlinkSync(file);
    rmSync(file);
    if (existsSync(target)) copyFileSync(target, file);
  }
}
