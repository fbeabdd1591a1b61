/**
 * Where images are kept between runs, outside the project: `swancast-lab` in the user's cache directory (XDG Base
 * Directory Specification). An image's name says what it was made of, so one that is there is the right one.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** What nobody used for so long goes when something new is made. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const set = env['XDG_CACHE_HOME'];
  const base = set !== undefined && isAbsolute(set) ? set : join(homedir(), '.cache');
  return join(base, 'swancast-lab');
}

/** @param ingredients whatever changes the content, as text */
export function digestOf(...ingredients: readonly string[]): string {
  return createHash('sha256').update(ingredients.join('\0')).digest('hex').slice(0, 16);
}

/**
 * A directory in the cache, made once. Two that make it at the same time both succeed, one copy stays; an
 * interrupted one leaves nothing that could be taken for whole.
 * @param make fills the empty directory that it is given
 * @returns its path
 */
export async function cached(
  kind: string,
  digest: string,
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const cache = cacheDirectory();
  const path = join(cache, `${kind}-${digest}`);
  if (!existsSync(path)) {
    mkdirSync(cache, { recursive: true });
    forgetUnused(cache);
    const scratch = mkdtempSync(join(cache, `new-${kind}-`));
    try {
      await make(scratch);
      if (!existsSync(path)) renameSync(scratch, path);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  const now = new Date();
  utimesSync(path, now, now);
  return path;
}

/** Directories only: a file here is what was downloaded. */
function forgetUnused(cache: string): void {
  for (const entry of readdirSync(cache, { withFileTypes: true })) {
    const path = join(cache, entry.name);
    if (!entry.isDirectory() || Date.now() - statSync(path).mtimeMs < KEPT_MS) continue;
    rmSync(path, { recursive: true, force: true });
  }
}
