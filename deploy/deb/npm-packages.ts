/** The npm packages inside the bundles, as package-lock.json and their own package.json describe them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface NpmPackage {
  /** Where it lies, and its key in package-lock.json: "node_modules/@pinojs/redact". */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** SPDX: "MIT". */
  readonly licence: string;
  readonly licenceText: string;
  /** "sha512-…", of the npm package. */
  readonly integrity: string;
  readonly description: string;
  /** Paths of those that it needs and that are in the bundles too. */
  readonly needs: readonly string[];
}

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export const readLock = (root: string): Readonly<Record<string, Locked>> =>
  (JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> })
    .packages;

/** `files`: paths of source files below `root`, as bundles() names them. */
export function npmPackages(root: string, files: readonly string[]): NpmPackage[] {
  const lock = readLock(root);
  const paths = new Set(files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(file)?.[0] ?? file));
  return [...paths].sort().map((path) => {
    const own = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Own;
    const locked = lock[path];
    if (locked?.version !== own.version || locked.integrity === undefined)
      throw new Error(`${path} ${own.version} is not what package-lock.json has: run npm ci`);
    if (typeof own.license !== 'string') throw new Error(`${path}/package.json names no licence`);
    return {
      path,
      name: own.name,
      version: own.version,
      licence: own.license,
      licenceText: licenceText(join(root, path)),
      integrity: locked.integrity,
      description: own.description ?? '',
      needs: Object.keys(locked.dependencies ?? {})
        .flatMap((name) => resolved(path, name, paths) ?? [])
        .sort(),
    };
  });
}

interface Own {
  readonly name: string;
  readonly version: string;
  readonly license?: unknown;
  readonly description?: string;
}

/** As Node looks it up: beside, then further out. */
function resolved(from: string, name: string, paths: ReadonlySet<string>): string | undefined {
  for (let at = from; ; at = at.slice(0, at.lastIndexOf('/node_modules/'))) {
    if (paths.has(`${at}/node_modules/${name}`)) return `${at}/node_modules/${name}`;
    if (!at.includes('/node_modules/')) break;
  }
  return paths.has(`node_modules/${name}`) ? `node_modules/${name}` : undefined;
}

function licenceText(folder: string): string {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)(\.|$)/iu.test(name));
  if (file === undefined)
    throw new Error(`${folder} has no licence file: its text has to go with the bundle`);
  return readFileSync(join(folder, file), 'utf8');
}
