/**
 * `mkdir -p` that comes to an end: Node's own goes round for ever where a file system answers ENOENT although the
 * parent is there, as /proc does.
 */
import { mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

const MODE = 0o750;

/** Resolves when there is something of that name; rejects with the error of mkdir(2). */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, MODE);
  } catch (error) {
    if (isThere(error)) return;
    if (!canHelp(error, path)) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path, MODE).catch(unlessThere);
  }
}

/** The same for the guard, which has nothing else to do meanwhile. */
export function makeDirectorySync(path: string): void {
  try {
    mkdirSync(path, MODE);
  } catch (error) {
    if (isThere(error)) return;
    if (!canHelp(error, path)) throw error;
    makeDirectorySync(dirname(path));
    try {
      mkdirSync(path, MODE);
    } catch (again) {
      unlessThere(again);
    }
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

const isThere = (error: unknown): boolean => codeOf(error) === 'EEXIST';

function unlessThere(error: unknown): void {
  if (!isThere(error)) throw error;
}

/** Would its parent help? */
const canHelp = (error: unknown, path: string): boolean =>
  codeOf(error) === 'ENOENT' && dirname(path) !== path;
