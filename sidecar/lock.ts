/** The lock of the run directory, where ExaBGP is ours to run. */
import { SpeakerError } from '../bgp/problem.ts';
import { lockRunDirectory } from '../bgp/run-lock.ts';
import type { Config } from './config/config.ts';
import type { Logger } from './log.ts';

/**
 * Whoever ends our ExaBGP as an orphan must know that it is none. Resolves with the way to unlock; rejects with
 * SpeakerError when another one holds it.
 */
export async function lockIfOurs({ bgp }: Config, log: Logger): Promise<() => Promise<void>> {
  const unlocked = (): Promise<void> => Promise.resolve();
  if (!bgp.supervise) return unlocked;
  try {
    return await lockRunDirectory(bgp.runDirectory);
  } catch (error) {
    if (!(error instanceof SpeakerError) || error.code !== 'RUN_DIRECTORY_DENIED') throw error;
    // A full disk, say. ExaBGP cannot be started there either, and is tried again until it can.
    log.error({ part: 'bgp', code: error.code }, error.message);
    return unlocked;
  }
}
