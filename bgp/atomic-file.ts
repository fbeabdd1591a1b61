/** Files that are there whole or not at all, for our user alone: ExaBGP's configuration may hold passwords. */
import { open, rename, rm } from 'node:fs/promises';

/** Rejects with the system's error (EACCES, ENOSPC, …) and leaves the old content then. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`;
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
