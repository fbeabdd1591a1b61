/**
 * DOC: deploy/deb makes the Debian packages: `make deb`, or
 *
 *     node deploy/deb/main.ts [--arch amd64|arm64]… [--out dist/deb] [--version 1.2.3] [--level 8]
 *
 *   main.ts         options; one package an architecture, its bill of materials, SHA256SUMS
 *   package.ts      a tree of files → .deb, the same bytes wherever and whenever it is made
 *   layout.ts       what lies where on the gateway
 *   control.ts      control, conffiles, md5sums
 *   node-binary.ts  the Node of an architecture, as package-lock.json pins it
 *   npm-packages.ts what is in the bundles, with versions, licences, hashes
 *   sbom.ts         the same as CycloneDX       copyright.ts  the same as machine-readable copyright file
 *   changelog.ts    CHANGELOG.md for Debian     epoch.ts      the one time stamp in all of it
 *   wrapped.ts      text in lines
 *   preinst, postinst, prerm, postrm, lintian-overrides, needrestart.conf, swancast   as they are
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundles } from '../bundle.ts';
import { sourceDateEpoch } from './epoch.ts';
import { layout } from './layout.ts';
import { isArch, nodeBinary, ARCHITECTURES, type Arch } from './node-binary.ts';
import { npmPackages } from './npm-packages.ts';
import { buildPackage } from './package.ts';
import { sbom } from './sbom.ts';

const root = join(import.meta.dirname, '../..');

export interface DebOptions {
  readonly architectures: readonly Arch[];
  readonly out: string;
  readonly version: string;
  /** Of zstd, 1 to 22: 8 makes 38 MB in 5 s, 19 makes 33 MB in a minute. */
  readonly level: number;
}

/** Returns the paths of what it made. Throws an Error with a sentence for people. */
export async function makeDebs(options: DebOptions): Promise<string[]> {
  const { architectures, out, level } = options;
  // "1.0.0-rc.1" comes before "1.0.0" for Debian too.
  const version = options.version.replaceAll('-', '~');
  const epoch = sourceDateEpoch(root);
  const bundled = await bundles(options.version);
  const packages = npmPackages(root, bundled.packaged);
  mkdirSync(out, { recursive: true });
  const made: string[] = [];
  for (const arch of architectures) {
    const work = mkdtempSync(join(tmpdir(), 'swancast-deb-'));
    try {
      const node = nodeBinary(root, arch, work);
      const files = layout({ root, version, epoch, bundled: bundled.files, packages, node });
      const deb = join(out, `swancast_${version}_${arch}.deb`);
      buildPackage({ files, arch, version, epoch, level, work, deb });
      const bill = deb.replace(/deb$/u, 'cdx.json');
      writeFileSync(bill, sbom({ version, arch, epoch, packages, node, deb: readFileSync(deb) }));
      made.push(deb, bill);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  const sums = join(out, 'SHA256SUMS');
  writeFileSync(sums, made.map((path) => `${sha256(path)}  ${basename(path)}\n`).join(''));
  return [...made, sums];
}

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

async function main(): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const { values } = parseArgs({
    options: {
      arch: { type: 'string', multiple: true, default: [...ARCHITECTURES] },
      out: { type: 'string', default: join(root, 'dist/deb') },
      version: { type: 'string', default: version },
      level: { type: 'string', default: '8' },
    },
  });
  const wrong = values.arch.find((arch) => !isArch(arch));
  if (wrong !== undefined) throw new Error(`--arch ${wrong}: ${ARCHITECTURES.join(' or ')} expected`);
  if (!/^\d+\.\d+\.\d+([-+~][0-9A-Za-z.+~-]+)?$/u.test(values.version))
    throw new Error(`--version ${values.version}: a version such as 1.2.3 or 1.2.3-rc.1 expected`);
  const level = Number(values.level);
  if (!Number.isInteger(level) || level < 1 || level > 22)
    throw new Error(`--level ${values.level}: from 1 to 22 expected`);
  const architectures = values.arch.filter(isArch);
  for (const path of await makeDebs({ architectures, out: values.out, version: values.version, level }))
    process.stdout.write(`${path}\n`);
}

if (import.meta.main) {
  // For dpkg-deb and what it calls.
  process.umask(0o022);
  try {
    await main();
  } catch (error) {
    process.stderr.write(`deb: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
