/**
 * Makes what ships, into dist/: two bundles with what they need beside them, and the typed modules behind the
 * exports "./vici" and "./exabgp". Packages in dist/deb stay.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundles } from './bundle.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

if (existsSync(dist))
  for (const name of readdirSync(dist))
    if (name !== 'deb') rmSync(join(dist, name), { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

for (const { name, contents, mode } of (await bundles(version)).files)
  writeFileSync(join(dist, name), contents, { mode });

const types = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'deploy/tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = types.status ?? 1;
