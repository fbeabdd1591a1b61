/** Takes a lab down, its own or what a dead one left: processes by identity, then namespaces by name. */
import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { patient } from './dataplane.ts';
import { labDirectory, readLedger } from './ledger.ts';
import { deleteNamespaces, existingNamespaces, processesIn } from './namespaces.ts';
import { hasTerminal, identify, isAlive, signalProcess, type ProcessIdentity } from './process-identity.ts';
import { unmountBelow } from './small-disk.ts';
import { LARGEST, planTopology } from './topology.ts';

/** How long SIGTERM may take before SIGKILL: withdrawing and closing takes the sidecar well under a second. */
const GRACE_MS = patient(2000);
const KILLED_MS = patient(2000);

/**
 * For the owner of the lab of this name only (Ledger.claim). The logs stay; everything else, keys first of all,
 * is removed. @returns whether there was anything to take down
 */
export async function takeDown(name: string): Promise<boolean> {
  const topology = planTopology(name, 0, LARGEST);
  const signal = AbortSignal.timeout(patient(30_000));
  const namespaces = existingNamespaces(topology);
  const recorded = readLedger(name)?.processes ?? [];
  const found = await Promise.all(namespaces.map((namespace) => processesIn(namespace, signal)));
  const inside = found
    .flat()
    .filter((pid) => !hasTerminal(pid))
    .map(identify);
  const all = [...recorded, ...inside.filter((identity) => identity !== undefined)].filter(isAlive);
  await endAll(all);
  // Those that a dying parent started meanwhile (ExaBGP respawns its guard) were not in the list.
  const late = await Promise.all(
    existingNamespaces(topology).map((namespace) => processesIn(namespace, signal)),
  );
  for (const pid of late.flat())
    if (!hasTerminal(pid)) signalProcess({ pid, startTime: identify(pid)?.startTime ?? '' }, 'SIGKILL');
  await deleteNamespaces(existingNamespaces(topology), signal);
  await unmountBelow(labDirectory(name), signal);
  removeAllButLogs(labDirectory(name));
  return namespaces.length > 0 || all.length > 0;
}

async function endAll(processes: readonly ProcessIdentity[]): Promise<void> {
  for (const process of processes) signalProcess(process, 'SIGTERM');
  await allGone(processes, GRACE_MS);
  for (const process of processes) signalProcess(process, 'SIGKILL');
  await allGone(processes, KILLED_MS);
}

async function allGone(processes: readonly ProcessIdentity[], withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  // Most are not our children (or a predecessor's): there is no event to wait for, only /proc.
  while (processes.some(isAlive) && performance.now() < deadline) await delay(10);
}

function removeAllButLogs(directory: string): void {
  let entries: string[];
  try {
    entries = readdirSync(directory);
  } catch {
    return;
  }
  for (const entry of entries)
    if (entry !== 'logs') rmSync(join(directory, entry), { recursive: true, force: true });
  if (!entries.includes('logs')) rmdirSync(directory);
}
