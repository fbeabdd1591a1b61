/**
 * Makes a running ExaBGP connect to one neighbor now. It has no command for that: `teardown` takes sessions that
 * are up and no others. But a reload (SIGUSR1) that finds a neighbor's definition changed begins that one anew,
 * pause and pending connection and all, and leaves those alone whose definition is the same: they get their
 * routes told once more, in the same words. So a setting that means nothing is turned over.
 */
import { readFile } from 'node:fs/promises';
import { writeAtomically } from './atomic-file.ts';
import { turnNeighborOver } from './exabgp-conf.ts';
import { isAlive, signalProcess, type ProcessIdentity } from './procfs.ts';

/**
 * Tells ExaBGP to connect to that neighbor, and logs what became of it. `exabgp` undefined: no guard named it.
 * `sure`: the router was seen to accept connections.
 */
export async function redial(
  exabgp: ProcessIdentity | undefined,
  neighbor: string,
  sure: boolean,
  log: (level: 'debug' | 'info' | 'warn', message: string, fields: object) => void,
): Promise<void> {
  const problem = exabgp === undefined ? 'no guard says which process it is' : await reload(exabgp, neighbor);
  const seen = `neighbor ${neighbor} ${sure ? 'accepts connections again' : 'may accept connections again'}`;
  if (problem === undefined) log(sure ? 'info' : 'debug', `${seen}: ExaBGP connects now`, { neighbor });
  else log('warn', `${seen}, but ExaBGP cannot be told, and may wait for a minute: ${problem}`, { neighbor });
}

/** Undefined: ExaBGP was told. Else one line for a person. Never rejects. */
async function reload(exabgp: ProcessIdentity, address: string): Promise<string | undefined> {
  try {
    const command = (await readFile(`/proc/${exabgp.pid}/cmdline`, 'utf8'))
      .split('\0')
      .filter((part) => part !== '');
    const file = command.at(-1) ?? '';
    if (!isAlive(exabgp) || !file.startsWith('/'))
      return `process ${exabgp.pid} is no ExaBGP with a configuration file`;
    const text = turnNeighborOver(await readFile(file, 'utf8'), address);
    if (text === undefined)
      return `${file} has no neighbor ${address} as \`swancast render exabgp\` writes it`;
    await writeAtomically(file, text);
    return signalProcess(exabgp, 'SIGUSR1')
      ? undefined
      : `process ${exabgp.pid} cannot be signalled by this user`;
  } catch (error) {
    return `its configuration cannot be written: ${error instanceof Error ? error.message : String(error)}`;
  }
}
