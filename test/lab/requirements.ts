import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LabError } from './lab-error.ts';
import { runCommand } from './run-command.ts';
import type { RouterKind } from './router.ts';

const TOOLS: readonly (readonly [program: string, debianPackage: string])[] = [
  ['ip', 'iproute2'],
  ['sysctl', 'procps'],
  ['/usr/sbin/charon-systemd', 'charon-systemd'],
  ['swanctl', 'strongswan-swanctl'],
  ['pki', 'strongswan-pki'],
  ['exabgp', 'exabgp'],
  ['tcpdump', 'tcpdump'],
  ['nft', 'nftables'],
  ['ping', 'iputils-ping'],
  ['prlimit', 'util-linux'],
];
const ROUTERS: Record<RouterKind, readonly [string, string]> = {
  bird: ['bird', 'bird2'],
  frr: ['/usr/lib/frr/bgpd', 'frr'],
};
const SYSTEM_PATHS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** @throws LabError whose message is one line: what is missing, and the way out */
export async function assertCanRun(router: RouterKind, signal: AbortSignal): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new LabError('LAB_NOT_ROOT', 'the lab needs root (network namespaces): run it as root');
  const missing = [...TOOLS, ROUTERS[router]]
    .filter(([program]) => !isInstalled(program))
    .map(([, name]) => name);
  if (missing.length > 0)
    throw new LabError('LAB_TOOL_MISSING', `the lab misses ${missing.join(', ')}: run "make setup"`);
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    throw new LabError(
      'LAB_TOOL_MISSING',
      'the lab needs /dev/net/tun (for kernel-libipsec): load the module tun',
    );
  }
  const probe = `sc-probe-${process.pid}`;
  try {
    await runCommand(['ip', 'netns', 'add', probe], signal);
    await runCommand(['ip', 'netns', 'delete', probe], signal);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LabError(
      'LAB_TOOL_MISSING',
      `no network namespace can be made here (a container without CAP_SYS_ADMIN?): ${why}`,
    );
  }
}

function isInstalled(program: string): boolean {
  if (program.startsWith('/')) return isExecutable(program);
  const path = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_PATHS];
  return path.some((directory) => isExecutable(join(directory, program)));
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
