/** Other releases of a package: the same files under another version, or with a fault. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../lab/run-command.ts';

export interface DebFields {
  readonly package: string;
  readonly version: string;
  readonly architecture: string;
}

export async function debFields(deb: string, signal: AbortSignal): Promise<DebFields> {
  const text = await runCommand(
    ['dpkg-deb', '--show', '--showformat', '${Package}\\n${Version}\\n${Architecture}\\n', deb],
    signal,
  );
  const [name = '', version = '', architecture = ''] = text.split('\n');
  return { package: name, version, architecture };
}

/**
 * @param change what else is different, in the unpacked package
 * @returns the new package's path
 */
async function repack(
  deb: string,
  directory: string,
  version: string,
  change: (unpacked: string, old: string) => void,
  signal: AbortSignal,
): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const { package: name, version: old, architecture } = await debFields(deb, signal);
  const scratch = mkdtempSync(join(directory, '.unpacked-'));
  try {
    const unpacked = join(scratch, 'package');
    await runCommand(['dpkg-deb', '--raw-extract', deb, unpacked], signal);
    const control = join(unpacked, 'DEBIAN/control');
    // Packages of one source depend on each other in the very same version.
    writeFileSync(control, readFileSync(control, 'utf8').replaceAll(old, version));
    change(unpacked, old);
    const made = join(directory, `${name}_${version}_${architecture}.deb`);
    await runCommand(['dpkg-deb', '--root-owner-group', '-Zzstd', '-z1', '--build', unpacked, made], signal);
    return made;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const BUNDLE = 'usr/lib/swancast/swancast.cjs';
const BUILDER = fileURLToPath(new URL('../../deploy/deb/main.ts', import.meta.url));

/** The package that ships, quickly packed. @returns its path */
export async function buildSwancast(
  version: string,
  directory: string,
  signal: AbortSignal,
): Promise<string> {
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const options = ['--arch', arch, '--version', version, '--level', '1', '--out', directory];
  await runCommand([process.execPath, BUILDER, ...options], signal);
  return join(directory, `swancast_${version}_${arch}.deb`);
}

/** A release that installs, and whose daemon ends with this exit code as soon as it is started. */
export async function brokenSwancast(
  deb: string,
  directory: string,
  release: { readonly version: string; readonly ends: number },
  signal: AbortSignal,
): Promise<string> {
  const change = (unpacked: string, old: string): void => {
    const bundle = join(unpacked, BUNDLE);
    const text = readFileSync(bundle, 'utf8').replaceAll(`"${old}"`, `"${release.version}"`);
    const fault = `if (process.argv[2] === 'run') process.exit(${release.ends});\n`;
    writeFileSync(
      bundle,
      text.replace(/^(?:#!.*\n)?/u, (first) => `${first}${fault}`),
    );
  };
  return repack(deb, directory, release.version, change, signal);
}

/** strongSwan as Debian would give it out after a rebuild: every package, with a suffix to its version. */
export async function strongswanRelease(
  debs: readonly string[],
  directory: string,
  suffix: string,
  signal: AbortSignal,
): Promise<void> {
  for (const deb of debs) {
    const { version } = await debFields(deb, signal);
    await repack(deb, directory, `${version}${suffix}`, () => undefined, signal);
  }
}

/** The index that apt reads of a directory with packages ("flat repository", sources.list(5)). */
export async function writeIndex(directory: string, signal: AbortSignal): Promise<void> {
  const entries: string[] = [];
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.deb'))) {
    const path = join(directory, file);
    const control = (await runCommand(['dpkg-deb', '--field', path], signal)).trimEnd();
    const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
    entries.push(
      `${control}\nFilename: ./${basename(path)}\nSize: ${statSync(path).size}\nSHA256: ${hash}\n`,
    );
  }
  writeFileSync(join(directory, 'Packages'), entries.join('\n'));
}
