/** What is in the package, as CycloneDX 1.6 (JSON), for scanners. Pure but for `process.versions`. */
import { createHash } from 'node:crypto';
import type { Arch, NodeBinary } from './node-binary.ts';
import type { NpmPackage } from './npm-packages.ts';

export interface SbomInput {
  readonly version: string;
  readonly arch: Arch;
  /** Seconds since 1970. */
  readonly epoch: number;
  readonly packages: readonly NpmPackage[];
  readonly node: NodeBinary;
  readonly deb: Uint8Array;
}

/** What process.versions has besides libraries. */
const NO_LIBRARY = new Set(['node', 'modules', 'napi', 'unicode']);

export function sbom({ version, arch, epoch, packages, node, deb }: SbomInput): string {
  const own = `pkg:generic/swancast@${version}?arch=${arch}`;
  const nodeRef = purl(node.name, node.version);
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(deb)}`,
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': own,
        name: 'swancast',
        version,
        description: `swancast_${version}_${arch}.deb`,
        hashes: [{ alg: 'SHA-256', content: digest('sha256', deb) }],
        licenses: [{ license: { id: 'MIT' } }],
        purl: own,
      },
    },
    components: [
      {
        type: 'platform',
        'bom-ref': nodeRef,
        name: 'node',
        version: node.version,
        description: `usr/lib/swancast/node, from the npm package ${node.name}`,
        hashes: [{ alg: 'SHA-256', content: digest('sha256', node.binary) }],
        licenses: [{ license: { id: 'MIT' } }],
        cpe: `cpe:2.3:a:nodejs:node.js:${node.version}:*:*:*:*:*:*:*`,
        purl: nodeRef,
        components: librariesOf(node),
      },
      ...packages.map((each) => ({
        type: 'library',
        'bom-ref': purl(each.name, each.version),
        name: each.name,
        version: each.version,
        description: each.description,
        hashes: [
          { alg: 'SHA-512', content: Buffer.from(base64Of(each.integrity), 'base64').toString('hex') },
        ],
        licenses: [licence(each.licence)],
        purl: purl(each.name, each.version),
      })),
    ],
    dependencies: [
      { ref: own, dependsOn: [nodeRef, ...packages.map(({ name, version }) => purl(name, version))] },
      { ref: nodeRef },
      ...packages.map((each) => ({ ref: purl(each.name, each.version), dependsOn: needs(each, packages) })),
    ],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

/** Compiled into Node. The one that builds has to be the one that ships, or the list would be of another. */
function librariesOf({ version }: NodeBinary) {
  if (process.versions.node !== version)
    throw new Error(
      `build it with Node ${version}, which it ships (this is ${process.version}): npm run deb`,
    );
  return Object.entries(process.versions)
    .filter(([name, found]) => found !== undefined && found !== '' && !NO_LIBRARY.has(name))
    .map(([name, found]) => ({ type: 'library', name, version: found }));
}

const needs = ({ needs: paths }: NpmPackage, packages: readonly NpmPackage[]): string[] =>
  packages.filter(({ path }) => paths.includes(path)).map(({ name, version }) => purl(name, version));

/** A name with a scope: its @ is written %40. */
const purl = (name: string, version: string): string => `pkg:npm/${name.replace('@', '%40')}@${version}`;

const licence = (spdx: string) =>
  /^[\w.+-]+$/u.test(spdx) ? { license: { id: spdx } } : { expression: spdx };

const base64Of = (integrity: string): string => integrity.replace(/^sha512-/u, '');

const digest = (algorithm: string, bytes: Uint8Array): string =>
  createHash(algorithm).update(bytes).digest('hex');

/** A name-based UUID (RFC 9562, version 8) of the package. */
function uuidOf(bytes: Uint8Array): string {
  const hex = digest('sha256', bytes);
  const variant = ((parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
