/**
 * The two bundles: the sidecar, and the guard alone, which stays small that way. In memory, and the same bytes
 * whatever directory they are made in: paths in them begin at the root of the source tree.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** One file that lies beside the others in dist/, or in /usr/lib/swancast. */
export interface BuiltFile {
  readonly name: string;
  readonly contents: Uint8Array;
  readonly mode: number;
}

export interface Bundles {
  readonly files: readonly BuiltFile[];
  /** Source files of npm packages that went in: "node_modules/pino/lib/tools.js", sorted. */
  readonly packaged: readonly string[];
}

/** Old syntax on purpose: it has to run where the rest would not. */
const REFUSE_OLD_NODE = `if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write('swancast needs Node 24, this is ' + process.version + ': use the one in node_modules/.bin\\n');
  process.exit(1);
}`;

/** What the bundles look for beside themselves. */
const BESIDE = ['deploy/launch-guard.sh', 'deploy/systemd/notify-exec'];

/** `version`: what `swancast version` will say. */
export async function bundles(version: string): Promise<Bundles> {
  const built = [
    await bundle('sidecar/main.ts', 'swancast.cjs', version),
    await bundle('bgp/guard.ts', 'guard.cjs', version),
  ];
  const beside = BESIDE.map((path) => ({
    name: basename(path),
    contents: readFileSync(join(root, path)),
    mode: 0o755,
  }));
  return {
    files: [...built.flatMap(({ files }) => files), ...beside],
    packaged: [...new Set(built.flatMap(({ inputs }) => inputs))].sort(),
  };
}

/** CommonJS: pino and prom-client `require` node: modules at run time, which an ESM bundle cannot. */
async function bundle(entry: string, out: string, version: string) {
  const { outputFiles, metafile } = await build({
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
    // A node_modules that is a link would leave its own path in the source map.
    preserveSymlinks: true,
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  return {
    files: outputFiles.map(({ path, contents }) => ({
      name: basename(path),
      contents,
      mode: basename(path) === 'swancast.cjs' ? 0o755 : 0o644,
    })),
    inputs: Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs)
        .filter(([path, { bytesInOutput }]) => path.startsWith('node_modules/') && bytesInOutput > 0)
        .map(([path]) => path),
    ),
  };
}
