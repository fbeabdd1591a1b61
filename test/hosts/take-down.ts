/** Takes hosts down, our own or what a dead run left: power, then all that a lab has, then their control groups. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { takeDown } from '../lab/cleanup.ts';
import { patient } from '../lab/dataplane.ts';
import { NETNS_DIRECTORY, deleteNamespaces, processesIn } from '../lab/namespaces.ts';
import { hasEnded, identify, signalProcess } from '../lab/process-identity.ts';
import { runCommand } from '../lab/run-command.ts';
import { initOf } from './host.ts';
import { planHosts } from './plan.ts';

const ENDED_WITHIN_MS = patient(5000);
/**
 * In mounts of its own: the machine may have no cgroup2 mounted. A group goes once nobody is in it, which may take the
 * kernel a moment.
 */
const REMOVE_GROUPS = `set -eu
mount -t cgroup2 cgroup2 /mnt
for machine; do
  tries=50
  while [ -d "/mnt/$machine" ]; do
    find "/mnt/$machine" -depth -type d -exec rmdir {} + 2>/dev/null && break
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { echo "$machine: its control group is still in use" >&2; exit 1; }
    sleep 0.1
  done
done`;

/** For the owner of the lab of this name only. @returns whether there was anything to take down */
export async function takeDownHosts(name: string): Promise<boolean> {
  const signal = AbortSignal.timeout(patient(60_000));
  const { hosts, control } = planHosts(name, 0);
  const exists = (namespace: string): boolean => existsSync(join(NETNS_DIRECTORY, namespace));
  await Promise.all(
    hosts.map(async ({ namespace }) => {
      const init = exists(namespace) ? await initOf(namespace, signal) : undefined;
      // The kernel ends all others of its PID namespace with it.
      if (init !== undefined && signalProcess(init, 'SIGKILL')) await hasEnded(init, ENDED_WITHIN_MS);
    }),
  );
  if (exists(control)) {
    // ansible-playbook is not in the ledger, and ssh connections that are kept open are nobody's children.
    for (const pid of await processesIn(control, signal)) {
      const identity = identify(pid);
      if (identity !== undefined) signalProcess(identity, 'SIGKILL');
    }
    await deleteNamespaces([control], signal);
  }
  const found = await takeDown(name);
  const machines = hosts.map(({ machine }) => machine);
  await runCommand(['unshare', '-m', 'sh', '-c', REMOVE_GROUPS, 'sh', ...machines], signal);
  return found;
}
