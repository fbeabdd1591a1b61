/** Files that are there whole or not at all, for one user alone: ExaBGP's configuration may hold passwords. */
import { open, rename, rm } from 'node:fs/promises';

/** Whose file it is, and who may read it. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** The last write of each file: two at a time would take each other's temporary file away. */
const writing = new Map<string, Promise<void>>();

/**
 * One writer of a file after the other, within this process. Ours and 0600 without `owner`. Rejects with the
 * system's error (EACCES, ENOSPC, …) and leaves the old content then.
 */
export async function writeAtomically(file: string, text: string, owner?: Ownership): Promise<void> {
  const before = writing.get(file) ?? Promise.resolve();
  const ours = before.catch(() => undefined).then(() => write(file, text, owner));
  writing.set(file, ours);
  try {
    await ours;
  } finally {
    if (writing.get(file) === ours) writing.delete(file);
  }
}

async function write(file: string, text: string, owner: Ownership | undefined): Promise<void> {
  const temporary = `${file}.new`;
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'wx', 0o600);
  try {
    if (owner !== undefined) {
      const { uid, gid } = await handle.stat();
      // A sandbox may forbid the call, whatever it is to change.
      if (uid !== owner.uid || gid !== owner.gid) await handle.chown(owner.uid, owner.gid);
      await handle.chmod(owner.mode & 0o777);
    }
    await handle.writeFile(text);
    await handle.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
