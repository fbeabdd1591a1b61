import { readlinkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { NETNS_DIRECTORY } from './namespaces.ts';
import { allProcesses, type SeenProcess } from './process-identity.ts';

/** The processes that make up a gateway; the launcher is the shell between ExaBGP and the guard. */
export const PART_NAMES = ['charon', 'sidecar', 'exabgp', 'launcher', 'guard'] as const;
export type PartName = (typeof PART_NAMES)[number];

/**
 * Which part a process is, judged by how it was started.
 * @param parent its parent's, if that still lives
 */
export function partOf(argv: readonly string[], parent: readonly string[] | undefined): PartName | undefined {
  const [program = ''] = argv;
  const names = argv.map((argument) => basename(argument));
  // What `ip netns exec` has not yet become.
  if (basename(program) === 'ip') return undefined;
  if (basename(program) === 'charon-systemd') return 'charon';
  if (argv.includes('--exabgp-pid')) return 'guard';
  if (isLauncher(argv)) {
    // The shell forks before it starts the guard, `date` or `sleep`: for a moment there are two of it.
    return parent !== undefined && isLauncher(parent) ? undefined : 'launcher';
  }
  if (names.includes('exabgp') && names.includes('exabgp.conf')) return 'exabgp';
  if (basename(program) === 'node' && argv.includes('run') && names.includes('swancast.yaml'))
    return 'sidecar';
  return undefined;
}

function isLauncher(argv: readonly string[]): boolean {
  return basename(argv[0] ?? '') === 'sh' && basename(argv[1] ?? '') === 'launch-guard.sh';
}

/** The parts that run in a network namespace, oldest first: also an ExaBGP whose sidecar was killed, so perhaps two of a kind. */
export function partsIn(namespace: string): ReadonlyMap<PartName, readonly SeenProcess[]> {
  // A named namespace is a file of the kernel's own file system, whose inode is what /proc/PID/ns/net shows.
  const link = `net:[${statSync(join(NETNS_DIRECTORY, namespace)).ino}]`;
  const processes = allProcesses();
  const argvs = new Map(processes.map(({ pid, argv }) => [pid, argv]));
  const parts = new Map<PartName, SeenProcess[]>();
  for (const process of processes) {
    const part = partOf(process.argv, argvs.get(process.parent));
    if (part === undefined || namespaceOf(process.pid) !== link) continue;
    parts.set(part, [...(parts.get(part) ?? []), process]);
  }
  return parts;
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}
