/**
 * The hosts' root file system: Debian with systemd, strongSwan, ExaBGP, FRR (for BFD) and sshd, and no swancast. Made
 * once by mmdebstrap, and kept in the cache; hosts put an overlay on it, so it must never change.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../lab/run-command.ts';
import { cached, digestOf } from '../lab/vm/cache.ts';

const SUITE = 'bookworm';
const PACKAGES = [
  ...[
    'systemd',
    'systemd-sysv',
    'dbus',
    'iproute2',
    'iputils-ping',
    'procps',
    'kmod',
    'nftables',
    'ca-certificates',
  ],
  ...['strongswan-swanctl', 'charon-systemd', 'libcharon-extra-plugins'],
  ...['libstrongswan-standard-plugins', 'libstrongswan-extra-plugins', 'exabgp', 'frr'],
  // Ansible needs Python, and python3-apt to install packages.
  ...['openssh-server', 'sudo', 'python3', 'python3-apt'],
] as const;
/** Downloaded once more, to be given out as a newer release. */
const STRONGSWAN = [
  ...[
    'libstrongswan',
    'libstrongswan-standard-plugins',
    'libstrongswan-extra-plugins',
    'libcharon-extra-plugins',
  ],
  ...['strongswan-libcharon', 'strongswan-swanctl', 'charon-systemd'],
] as const;
/** To be raised when the way of making it changes. */
const FORMAT = '1';
const WITHOUT = ['/usr/share/man/*', '/usr/share/locale/*', '/usr/share/doc/*', '/usr/share/info/*'];

export interface RootImage {
  /** Read-only by agreement: overlays lie on it. */
  readonly root: string;
  /** Packages of strongSwan, as they are installed there. */
  readonly strongswan: readonly string[];
}

/** Takes a minute the first time. */
export async function rootImage(progress: (line: string) => void, signal: AbortSignal): Promise<RootImage> {
  const digest = digestOf(FORMAT, SUITE, ...PACKAGES, ...STRONGSWAN);
  const directory = await cached('hosts', digest, async (scratch) => {
    progress('making the root file system of the hosts (a minute, once)');
    await make(scratch, signal);
  });
  const debs = join(directory, 'debs');
  return { root: join(directory, 'root'), strongswan: readdirSync(debs).map((file) => join(debs, file)) };
}

async function make(directory: string, signal: AbortSignal): Promise<void> {
  const root = join(directory, 'root');
  const debs = join(directory, 'debs');
  mkdirSync(debs);
  const hook = `chroot "$1" sh -ec 'systemctl -q disable frr exabgp; mkdir /debs; cd /debs; apt-get -qq -o APT::Sandbox::User=root download ${STRONGSWAN.join(' ')}'`;
  await runCommand(
    [
      // In mounts of its own: who is interrupted while /dev is mounted in there would remove the machine's.
      ...(['unshare', '-m', '--propagation', 'private', 'mmdebstrap'] as const),
      ...['--quiet', '--mode=root', '--variant=minbase', `--include=${PACKAGES.join(',')}`],
      ...WITHOUT.map((path) => `--dpkgopt=path-exclude=${path}`),
      `--customize-hook=${hook}`,
      `--customize-hook=mv "$1"/debs/*.deb '${debs}'/; rmdir "$1"/debs`,
      ...[SUITE, root],
    ],
    signal,
  );
  // Each host has its own; an empty one would be filled with the machine's.
  writeFileSync(join(root, 'etc/machine-id'), '');
}
