import { LabError } from '../lab/lab-error.ts';
import { assertCanRun, isExecutable } from '../lab/requirements.ts';
import { runCommand } from '../lab/run-command.ts';

const TOOLS: readonly (readonly [program: string, debianPackage: string])[] = [
  ['/usr/bin/systemd-nspawn', 'systemd-container'],
  ['/usr/bin/mmdebstrap', 'mmdebstrap'],
  ['/usr/bin/ansible-playbook', 'ansible-core'],
  ['/usr/bin/ssh', 'openssh-client'],
  ['/usr/bin/nsenter', 'util-linux'],
  ['/usr/bin/dpkg-deb', 'dpkg'],
];

/** In mounts of its own, which go with it. */
const PROBE = `set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/lower /mnt/upper /mnt/work /mnt/root /mnt/cgroup
mount -t overlay overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
mount -t cgroup2 cgroup2 /mnt/cgroup
mkdir "/mnt/cgroup/$1"
rmdir "/mnt/cgroup/$1"`;

/** @throws LabError whose message is one line: why no host can be booted here, and the way out */
export async function assertCanBootHosts(signal: AbortSignal): Promise<void> {
  await assertCanRun('bird', signal);
  const missing = TOOLS.filter(([program]) => !isExecutable(program)).map(([, name]) => name);
  if (missing.length > 0)
    throw new LabError('LAB_TOOL_MISSING', `booting hosts needs ${missing.join(', ')}: run "make setup"`);
  try {
    await runCommand(['unshare', '-m', 'sh', '-c', PROBE, 'sh', `sc-probe-${process.pid}`], signal);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LabError(
      'LAB_TOOL_MISSING',
      `hosts need overlayfs and a writable cgroup2, and one of them cannot be had here (a container?): ${why}`,
    );
  }
}
