/** Files → one .deb. Nothing of the machine gets into it: owner, modes, times and order are set. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { control } from './control.ts';
import type { Placed } from './layout.ts';
import type { Arch } from './node-binary.ts';

export interface PackageInput {
  readonly files: readonly Placed[];
  readonly version: string;
  readonly arch: Arch;
  /** Seconds since 1970. */
  readonly epoch: number;
  readonly level: number;
  /** An empty directory to work in. */
  readonly work: string;
  /** Where to write it. */
  readonly deb: string;
}

const SCRIPTS = ['preinst', 'postinst', 'prerm', 'postrm'];
const KIB = 1024;

export function buildPackage({ files, version, arch, epoch, level, work, deb }: PackageInput): void {
  const tree = join(work, 'tree');
  const placed = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path, contents, mode } of [...controlFiles(placed, version, arch), ...placed]) {
    const target = join(tree, path);
    mkdirSync(path.endsWith('/') ? target : dirname(target), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(target, contents);
    chmodSync(target, mode);
  }
  settle(tree, epoch, new Set(placed.map(({ path }) => join(tree, path))));
  const made = join(work, 'made.deb');
  const built = spawnSync(
    'dpkg-deb',
    // The number of threads would show in the bytes.
    ['--root-owner-group', '-Zzstd', `-z${level}`, '--threads-max=1', '--build', tree, made],
    { encoding: 'utf8', env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) } },
  );
  if (built.error !== undefined)
    throw new Error(`dpkg-deb does not run (${built.error.message}): it is in the Debian package dpkg`);
  if (built.status !== 0) throw new Error(`dpkg-deb fails: ${built.stderr}`);
  // Whole or not at all.
  copyFileSync(made, `${deb}.new`);
  renameSync(`${deb}.new`, deb);
}

function controlFiles(placed: readonly Placed[], version: string, arch: Arch): Placed[] {
  const regular = placed.filter(({ path }) => !path.endsWith('/'));
  const folders = new Set(placed.flatMap(({ path }) => parents(path)));
  // As dpkg-gencontrol counts: whole KiB a file, and one for each directory.
  const installedSize = regular.reduce(
    (sum, { contents }) => sum + Math.ceil(Buffer.byteLength(contents) / KIB),
    folders.size,
  );
  const made = {
    control: control({ version, arch, installedSize }),
    conffiles: regular
      .filter(({ path }) => path.startsWith('etc/'))
      .map(({ path }) => `/${path}\n`)
      .join(''),
    md5sums: regular
      .filter(({ path }) => !path.startsWith('etc/'))
      .map(({ path, contents }) => `${createHash('md5').update(contents).digest('hex')}  ${path}\n`)
      .join(''),
  };
  return [
    ...Object.entries(made).map(([name, contents]) => ({ path: `DEBIAN/${name}`, contents, mode: 0o644 })),
    ...SCRIPTS.map((name) => ({
      path: `DEBIAN/${name}`,
      contents: readFileSync(join(import.meta.dirname, name)),
      mode: 0o755,
    })),
  ];
}

/** "a/b/c" → "a/", "a/b/". */
const parents = (path: string): string[] =>
  [...path.matchAll(/\//gu)].map(({ index }) => path.slice(0, index + 1));

/** Directories that came by themselves are 0755, and everything is as old as the sources. */
function settle(path: string, epoch: number, given: ReadonlySet<string>): void {
  if (statSync(path).isDirectory()) {
    if (!given.has(`${path}/`)) chmodSync(path, 0o755);
    for (const name of readdirSync(path)) settle(join(path, name), epoch, given);
  }
  utimesSync(path, epoch, epoch);
}
