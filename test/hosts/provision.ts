/** What a host has before anybody installs swancast there: name, keys, strongSwan's configuration, where packages come from. */
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Authority, Credentials } from '../lab/pki.ts';
import { strongswanConf } from '../lab/strongswan-conf.ts';
import { CONTROL_ADDRESS, REPOSITORY_PORT, type HostPlan, type HostsPlan } from './plan.ts';

export interface Provision {
  readonly plan: HostsPlan;
  readonly authority: Authority;
  readonly credentials: Credentials;
  readonly swanctlConf: string;
  /** Who may log in as root. */
  readonly sshKey: string;
}

/**
 * Debian's own list of plugins stays in the file, but is not what is loaded: kernel-libipsec has to come before
 * kernel-netlink. All clients come at once from one address.
 */
export function hostStrongswanConf(): string {
  const text = strongswanConf('/run/charon.vici', '/var/log/charon.log', { crowd: true });
  return text
    .replace('charon-systemd {\n', 'charon-systemd {\n  load_modular = no\n')
    .replace(
      'plugins {\n',
      'plugins {\n    # Debian ships it switched off, which counts whatever is listed.\n    kernel-libipsec { load = yes }\n',
    );
}

/** @param upper the host's layer over the image. @returns the id of the machine, also for its power */
export function provision(host: HostPlan, upper: string, { plan, ...given }: Provision): string {
  const write = (path: string, text: string, mode = 0o644): void => {
    const file = join(upper, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, text, { mode });
  };
  // An empty id would become the machine's own, the same for all hosts.
  const id = randomBytes(16).toString('hex');
  write('etc/machine-id', `${id}\n`);
  write('etc/hostname', `${host.name}\n`);
  const names = plan.hosts.map(({ name, management }) => `${management} ${name}\n`);
  write('etc/hosts', `127.0.0.1 localhost\n::1 localhost\n${CONTROL_ADDRESS} control\n${names.join('')}`);
  write('etc/apt/sources.list', `deb [trusted=yes] http://${CONTROL_ADDRESS}:${REPOSITORY_PORT} ./\n`);
  write('etc/strongswan.d/lab.conf', hostStrongswanConf());
  write('etc/swanctl/swanctl.conf', given.swanctlConf, 0o640);
  for (const [file, from] of [
    ['x509ca/ca.pem', given.authority.certificate],
    ['x509/gateway.pem', given.credentials.certificate],
    ['private/gateway.pem', given.credentials.key],
  ] as const) {
    mkdirSync(join(upper, 'etc/swanctl', dirname(file)), { recursive: true });
    copyFileSync(from, join(upper, 'etc/swanctl', file));
  }
  mkdirSync(join(upper, 'root'), { mode: 0o700 });
  mkdirSync(join(upper, 'root/.ssh'), { mode: 0o700 });
  write('root/.ssh/authorized_keys', given.sshKey, 0o600);
  return id;
}
