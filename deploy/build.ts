/**
 * Makes what ships, into dist/: two bundles with what they need beside them, and the typed modules behind the
 * exports "./vici" and "./exabgp". Packages in dist/deb stay.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundles, type BuiltFile } from './bundle.ts';

const root = join(import.meta.dirname, '..');

/** @returns the exit code */
async function build(): Promise<number> {
  const dist = join(root, 'dist');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

  if (existsSync(dist))
    for (const name of readdirSync(dist))
      if (name !== 'deb') rmSync(join(dist, name), { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });

  const { files } = await bundles(version);
  for (const { name, contents, mode } of files) writeFileSync(join(dist, name), contents, { mode });

  const types = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'deploy/tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (types.status === 0) process.stdout.write(madeText(version, files));
  return types.status ?? 1;
}

/** One line: the programs, by what of them is run. Pure. */
export function madeText(version: string, files: readonly BuiltFile[]): string {
  const made = files
    .filter(({ name }) => name.endsWith('.cjs'))
    .map(({ name, contents }) => `${name} (${Math.ceil(contents.length / 1024)} KiB)`);
  return `swancast ${version} is in dist/: ${made.join(', ')}, what they need beside them, typed modules\n`;
}

if (import.meta.main) process.exitCode = await build();
