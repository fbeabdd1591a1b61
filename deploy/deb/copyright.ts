/** /usr/share/doc/swancast/copyright (DEP-5): the licences of all that is in the package, in full. Pure. */
import type { NpmPackage } from './npm-packages.ts';

export function copyright(own: string, packages: readonly NpmPackage[], node: string): string {
  const stanzas = [
    [
      'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
      'Upstream-Name: swancast',
      'Comment: usr/lib/swancast/swancast.cjs and guard.cjs are bundles. What npm packages contributed to them is named',
      ' by its place in the source tree, below node_modules.',
    ].join('\n'),
    stanza('*', holders(own), 'Expat', own),
    stanza('usr/lib/swancast/node', 'Node.js contributors, and those whom the text names', 'Node.js', node),
    ...packages.map(({ path, version, licence, licenceText }) =>
      stanza(
        `${path}/*`,
        holders(licenceText),
        licence,
        TEXTS[licence] ?? licenceText,
        `Version ${version}.`,
      ),
    ),
  ];
  return `${stanzas.join('\n\n')}\n`;
}

/** Debian has the text itself at hand. */
const TEXTS: Readonly<Record<string, string>> = {
  'Apache-2.0':
    'On Debian systems, the full text of the Apache License, version 2.0, is in\n/usr/share/common-licenses/Apache-2.0.',
};

const stanza = (files: string, holder: string, name: string, text: string, comment?: string): string =>
  [
    `Files: ${files}`,
    `Copyright: ${holder}`,
    ...(comment === undefined ? [] : [`Comment: ${comment}`]),
    `License: ${name}`,
    ...text.trim().split('\n').map(continued),
  ].join('\n');

const continued = (line: string): string => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`);

/** The lines of a licence that say whose it is. */
function holders(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^copyright\s.*\d{4}/iu.test(line) && !/\[yyyy\]/u.test(line))
    .map((line) => line.replace(/^copyright\s*(\(c\)|©)?\s*/iu, ''));
  return lines.length === 0 ? 'its authors (the text names none)' : lines.join('\n ');
}
