/**
 * Makes what ships, into dist/: two bundles (the sidecar, and the guard alone, which stays small that way)
 * and the typed modules behind the exports "./vici" and "./exabgp".
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

rmSync(dist, { recursive: true, force: true });

/** Old syntax on purpose: it has to run where the rest would not. */
const REFUSE_OLD_NODE = `if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write('swancast needs Node 24, this is ' + process.version + ': use the one in node_modules/.bin\\n');
  process.exit(1);
}`;

/** CommonJS: pino and prom-client `require` node: modules at run time, which an ESM bundle cannot. */
const bundle = (entry: string, out: string) =>
  build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join('dist', out),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    sourcemap: true,
    legalComments: 'linked',
    banner: { js: REFUSE_OLD_NODE },
    define: { SWANCAST_VERSION: JSON.stringify(version), 'import.meta.dirname': '__dirname' },
    logLevel: 'warning',
  });

await bundle('sidecar/main.ts', 'swancast.cjs');
await bundle('bgp/guard.ts', 'guard.cjs');
chmodSync(join(dist, 'swancast.cjs'), 0o755);

const types = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'deploy/tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = types.status ?? 1;
