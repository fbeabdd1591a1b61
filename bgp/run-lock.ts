/**
 * One sidecar a run directory: a second one would take the first one's ExaBGP for an orphan and end it. The lock
 * is a file that names its holder by pid and start time, so one that a dead process left behind holds nobody up.
 */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from './make-directory.ts';
import { SpeakerError } from './problem.ts';
import { isAlive, isIdentity, processStat, type ProcessIdentity } from './procfs.ts';

const NAME = 'swancast.pid';
/** Each further try means that somebody else took or left the lock in this very moment. */
const TRIES = 5;

/**
 * Resolves with the way to give it back. Rejects with SpeakerError RUN_DIRECTORY_TAKEN when a living process holds
 * it, RUN_DIRECTORY_DENIED when the directory cannot be written.
 */
export async function lockRunDirectory(directory: string): Promise<() => Promise<void>> {
  const file = join(directory, NAME);
  // A name of our own: link(2) puts the lock there whole, and only if there is none.
  const ours = `${file}.${process.pid}`;
  const stat = processStat(process.pid);
  const text = JSON.stringify({ pid: process.pid, startTime: stat?.startTime ?? '' });
  try {
    await makeDirectory(directory);
    await rm(ours, { force: true });
    await writeFile(ours, text, { mode: 0o640 });
    for (let tries = TRIES; tries > 0; tries -= 1) {
      if (await linked(ours, file)) {
        return async () => {
          if ((await content(file)) === text) await rm(file, { force: true });
        };
      }
      await clearStale(file, directory);
    }
    throw taken(directory, 'another swancast that starts at this moment');
  } catch (error) {
    if (error instanceof SpeakerError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    const way = "create it for swancast's user, or set bgp.run_directory to a directory of its own";
    throw new SpeakerError('RUN_DIRECTORY_DENIED', `bgp.run_directory: ${why}: ${way}`, error);
  } finally {
    await rm(ours, { force: true }).catch(() => undefined);
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes a dead holder's lock away; rejects when the holder lives. */
async function clearStale(file: string, directory: string): Promise<void> {
  const held = await content(file);
  if (held === undefined) return;
  const holder = holderOf(held);
  if (holder !== undefined && isAlive(holder)) {
    throw taken(directory, `process ${holder.pid}`);
  }
  // Renamed before it is removed: if it was replaced since we looked, it goes back.
  const aside = `${file}.${process.pid}.old`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await content(aside)) !== held) await linked(aside, file);
  await rm(aside, { force: true });
}

function holderOf(text: string): ProcessIdentity | undefined {
  try {
    const raw: unknown = JSON.parse(text);
    return isIdentity(raw) ? raw : undefined;
  } catch {
    return undefined;
  }
}

async function content(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const taken = (directory: string, who: string): SpeakerError =>
  new SpeakerError(
    'RUN_DIRECTORY_TAKEN',
    `bgp.run_directory: ${directory} is held by ${who}, which runs an ExaBGP there: stop that swancast first, ` +
      'or give this one a bgp.run_directory, lease.socket and control.socket of its own',
  );
