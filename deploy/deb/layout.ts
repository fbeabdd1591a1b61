/** What the package puts where. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BuiltFile } from '../bundle.ts';
import { completions } from '../completions.ts';
import { configManpage } from '../manpage-config.ts';
import { manpage } from '../manpage.ts';
import { debianChangelog } from './changelog.ts';
import { copyright } from './copyright.ts';
import type { NodeBinary } from './node-binary.ts';
import type { NpmPackage } from './npm-packages.ts';
import { packagedPage, picturesOf, placeOf } from './pages.ts';

export interface Placed {
  /** Below the root of the gateway: "usr/bin/swancast". A directory ends with a slash. */
  readonly path: string;
  readonly contents: string | Uint8Array;
  readonly mode: number;
}

export interface LayoutInput {
  readonly root: string;
  readonly version: string;
  readonly epoch: number;
  readonly bundled: readonly BuiltFile[];
  readonly packages: readonly NpmPackage[];
  readonly node: NodeBinary;
}

const LIB = 'usr/lib/swancast';
const DOC = 'usr/share/doc/swancast';
const CHANGELOG = 'changelog.gz';
const UNITS = 'usr/lib/systemd/system';

/** Path on the gateway → path in the source tree. */
const COPIED: Readonly<Record<string, string>> = {
  'usr/bin/swancast': 'deploy/deb/swancast',
  [`${UNITS}/swancast.service`]: 'deploy/systemd/swancast.service',
  [`${UNITS}/swancast-bgp.service`]: 'deploy/systemd/swancast-bgp.service',
  [`${UNITS}/swancast-canary.service`]: 'deploy/systemd/swancast-canary.service',
  [`${UNITS}/strongswan.service.d/swancast.conf`]: 'deploy/systemd/strongswan.service.d/swancast.conf',
  'usr/lib/sysusers.d/swancast.conf': 'deploy/systemd/sysusers.conf',
  'usr/lib/tmpfiles.d/swancast.conf': 'deploy/systemd/tmpfiles.conf',
  'usr/share/lintian/overrides/swancast': 'deploy/deb/lintian-overrides',
  'etc/needrestart/conf.d/swancast.conf': 'deploy/deb/needrestart.conf',
};
const EXECUTABLE = new Set(['usr/bin/swancast']);

const EXAMPLES = [
  'deploy/swancast.example.yaml',
  'deploy/swancast-canary.example.yaml',
  'deploy/systemd/drop-ins',
  'deploy/nftables',
  'deploy/routers',
  'deploy/prometheus',
];

/** README.md, and the pages that it leads to; those of EXAMPLES are pages as well. */
const PAGES = [
  'README.md',
  'bgp/README.md',
  'health/README.md',
  'sidecar/README.md',
  'sidecar/config/README.md',
  'sidecar/fleet/README.md',
  'sidecar/sessions/README.md',
  'test/lab/README.md',
];

/** Beside the bundles, as they look for it there. */
const BESIDE = ['swancast.cjs', 'guard.cjs', 'launch-guard.sh', 'notify-exec'];

export function layout({ root, version, epoch, bundled, packages, node }: LayoutInput): Placed[] {
  const missing = [
    ...[...Object.values(COPIED), ...EXAMPLES, ...PAGES].filter((path) => !existsSync(join(root, path))),
    ...BESIDE.filter((name) => !bundled.some((file) => file.name === name)),
  ];
  if (missing.length > 0) throw new Error(`the package would lack: ${missing.join(', ')}`);
  const text = (path: string): string => readFileSync(join(root, path), 'utf8');
  return [
    // The configuration, with the names of credentials: postinst gives it to the group.
    { path: 'etc/swancast/', contents: '', mode: 0o750 },
    { path: `${LIB}/node`, contents: node.binary, mode: 0o755 },
    ...bundled.map(({ name, contents, mode }) =>
      // /usr/bin/swancast runs it, by the Node beside it.
      file(`${LIB}/${name}`, contents, name.endsWith('.cjs') ? 0o644 : mode),
    ),
    ...Object.entries(COPIED).map(([path, from]) =>
      file(path, readFileSync(join(root, from)), EXECUTABLE.has(path) ? 0o755 : 0o644),
    ),
    file('usr/share/man/man8/swancast.8.gz', gzip(manpage())),
    file('usr/share/man/man5/swancast.yaml.5.gz', gzip(configManpage())),
    ...completions().map(({ path, contents }) => file(path, contents)),
    file(`${DOC}/copyright`, copyright(text('LICENSE'), packages, node.licence)),
    file(`${DOC}/${CHANGELOG}`, gzip(debianChangelog(text('CHANGELOG.md'), version, epoch))),
    ...documentation(root),
  ];
}

/** Examples, and pages with their pictures. Not compressed: who follows a link wants to read on. */
export function documentation(root: string): Placed[] {
  const pictures = PAGES.flatMap((page) => picturesOf(page, readFileSync(join(root, page), 'utf8')));
  const paths = [...PAGES, ...new Set(pictures), ...EXAMPLES.flatMap((path) => below(root, path))];
  const has = [...paths.map(placeOf), CHANGELOG];
  return paths.map((path) => {
    const contents = readFileSync(join(root, path));
    const isPage = path.endsWith('.md');
    return file(`${DOC}/${placeOf(path)}`, isPage ? packagedPage(path, contents.toString(), has) : contents);
  });
}

const file = (path: string, contents: string | Uint8Array, mode = 0o644): Placed => ({
  path,
  contents,
  mode,
});

/** Their own tests are no example. */
const below = (root: string, path: string): string[] =>
  statSync(join(root, path)).isDirectory()
    ? readdirSync(join(root, path)).flatMap((name) => below(root, `${path}/${name}`))
    : path.endsWith('_test.yml')
      ? []
      : [path];

/** The program, since the zlib of Node compresses otherwise on another CPU. */
function gzip(text: string): Uint8Array {
  const { status, stdout, stderr } = spawnSync('gzip', ['-9n'], { input: text, maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`gzip fails: ${stderr.toString()}`);
  return stdout;
}
