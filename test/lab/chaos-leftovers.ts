import { readdirSync, readFileSync } from 'node:fs';
import { labDirectory, readLedger } from './ledger.ts';
import { existingNamespaces } from './namespaces.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';
import { mountsBelow } from './small-disk.ts';
import { planTopology } from './topology.ts';

/** To be looked at before the lab is taken down, which forgets them. */
export function recordedProcesses(name: string): readonly ProcessIdentity[] {
  return readLedger(name)?.processes ?? [];
}

/** What a lab that was taken down has left; the logs may stay. One line each, empty if it is clean. */
export function leftovers(name: string, processes: Iterable<ProcessIdentity>): string[] {
  const directory = labDirectory(name);
  const alive = [...processes].filter(isAlive).map(({ pid }) => `process ${pid} (${commandOf(pid)})`);
  const namespaces = existingNamespaces(planTopology(name, 0)).map((each) => `namespace ${each}`);
  const files = entriesOf(directory)
    .filter((entry) => entry !== 'logs')
    .map((entry) => `file ${directory}/${entry}`);
  const sockets = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${directory}/`))
    .map((line) => `socket ${line.slice(line.indexOf(directory))}`);
  const mounts = mountsBelow(directory).map((each) => `mount ${each}`);
  return [...alive, ...namespaces, ...mounts, ...files, ...sockets];
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '?';
  }
}
