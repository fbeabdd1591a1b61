import { readdirSync } from 'node:fs';
import { runCommand } from './run-command.ts';
import { canaryNamespace, planNetwork, type Topology } from './topology.ts';

/** Where iproute2 keeps named namespaces. */
export const NETNS_DIRECTORY = '/run/netns';

/** Makes namespaces, links, addresses and routes: one `ip -batch` for the links, then one per namespace at once. */
export async function createNamespaces(topology: Topology, signal: AbortSignal): Promise<void> {
  const plan = planNetwork(topology);
  await runCommand(['ip', '-batch', '-'], signal, { input: `${plan.links.join('\n')}\n` });
  await Promise.all(
    [...plan.inside].map(async ([namespace, { ip, sysctl }]) => {
      if (sysctl.length > 0)
        await runCommand(['ip', 'netns', 'exec', namespace, 'sysctl', '-qw', ...sysctl], signal);
      await runCommand(['ip', '-n', namespace, '-batch', '-'], signal, { input: `${ip.join('\n')}\n` });
    }),
  );
}

/** The namespaces that exist of the lab of this name, by the name they would have, whatever an earlier run recorded. */
export function existingNamespaces(topology: Topology): string[] {
  let present: string[];
  try {
    present = readdirSync(NETNS_DIRECTORY);
  } catch {
    return [];
  }
  const own = [...Object.values(topology.namespaces), canaryNamespace(topology)];
  return own.filter((name) => present.includes(name));
}

/** The processes that are in a namespace now, ours and their children (ExaBGP, guard), whoever started them. */
export async function processesIn(namespace: string, signal: AbortSignal): Promise<number[]> {
  const pids = await runCommand(['ip', 'netns', 'pids', namespace], signal);
  return pids
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

export async function deleteNamespaces(names: readonly string[], signal: AbortSignal): Promise<void> {
  if (names.length === 0) return;
  const input = `${names.map((name) => `netns delete ${name}`).join('\n')}\n`;
  await runCommand(['ip', '-batch', '-'], signal, { input });
}
