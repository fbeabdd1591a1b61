/** Which of the machine's own Debian packages the virtual machine is made of, and their files. Pure. */

/**
 * What the lab runs and what it runs them with. Everything else comes by their dependencies, or stays outside: the
 * build tools of the machine are no part of a test host.
 */
export const GUEST_PACKAGES: readonly string[] = [
  ...[
    'bash',
    'dash',
    'coreutils',
    'util-linux',
    'mount',
    'grep',
    'sed',
    'findutils',
    'tar',
    'procps',
    'kmod',
  ],
  ...['libc-bin', 'dpkg', 'iproute2', 'nftables', 'tcpdump', 'iputils-ping', 'openssl'],
  ...['charon-systemd', 'strongswan-swanctl', 'strongswan-pki', 'libcharon-extra-plugins'],
  ...['libstrongswan-standard-plugins', 'libstrongswan-extra-plugins', 'exabgp', 'bird2', 'frr'],
  // For Node, which is no Debian package here.
  ...['libstdc++6', 'libgcc-s1'],
];

export interface InstalledPackage {
  /** With the architecture where two are installed: what `dpkg-query -L` takes. */
  readonly binary: string;
  readonly version: string;
  /** Per dependency its alternatives, by name. */
  readonly depends: readonly (readonly string[])[];
}

/** For `dpkg-query -W -f`: one package a line. */
export const QUERY_FORMAT =
  '${Package}|${binary:Package}|${db:Status-Status}|${Version}|${Provides}|${Pre-Depends}, ${Depends}\\n';

/** @param text the answer to QUERY_FORMAT, but for "|" between alternatives @returns by name, provided names included */
export function parseInstalled(text: string): ReadonlyMap<string, InstalledPackage> {
  const packages = new Map<string, InstalledPackage>();
  const provided: [string, InstalledPackage][] = [];
  for (const line of text.split('\n')) {
    const [name = '', binary = '', status, version = '', provides = '', ...rest] = line.split('|');
    if (status !== 'installed') continue;
    const depends = relations(rest.join('|')).map((each) => each.split('|').map(nameOf));
    const found = { binary, version, depends };
    packages.set(name, found);
    for (const each of relations(provides)) provided.push([nameOf(each), found]);
  }
  for (const [name, each] of provided) if (!packages.has(name)) packages.set(name, each);
  return packages;
}

function relations(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** "libc6:any (>= 2.34)" → "libc6" */
function nameOf(relation: string): string {
  return /^[^\s:(]+/.exec(relation.trim())?.[0] ?? '';
}

export interface Closure {
  /** Sorted by name. */
  readonly packages: readonly InstalledPackage[];
  /** Of the roots, those that are not installed. */
  readonly missing: readonly string[];
}

/** The roots and all they depend on. A dependency that is not installed is one that dpkg was told to do without. */
export function closureOf(
  roots: readonly string[],
  installed: ReadonlyMap<string, InstalledPackage>,
): Closure {
  const taken = new Map<string, InstalledPackage>();
  const open = [...roots];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const found = installed.get(name);
    if (found === undefined || taken.has(found.binary)) continue;
    taken.set(found.binary, found);
    for (const alternatives of found.depends) {
      const first = alternatives.find((each) => installed.has(each));
      if (first !== undefined) open.push(first);
    }
  }
  const packages = [...taken.values()].toSorted((a, b) => (a.binary < b.binary ? -1 : 1));
  return { packages, missing: roots.filter((root) => !installed.has(root)) };
}

/** Nobody reads these in the machine; the directories that merged-/usr made links are made as links. */
const LEFT_OUT = /^\/usr\/share\/(doc|man|info|locale|lintian|perl|i18n)\/|^\/(bin|sbin|lib|lib32|lib64|\.)$/;

/** @param text what `dpkg-query -L` says of several packages @returns absolute paths, each once */
export function parseFiles(text: string): string[] {
  // Other lines are blank, or tell of diversions.
  const paths = text.split('\n').filter((line) => line.startsWith('/') && !LEFT_OUT.test(line));
  return [...new Set(paths)];
}
