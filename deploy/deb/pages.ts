/** The pages of the repository as the package has them: below /usr/share/doc/swancast, with links that lead somewhere. Pure. */
import { dirname, join, relative } from 'node:path/posix';

/** In the package, examples/ has what deploy/ has in the repository. */
const IN_PACKAGE = [
  [/^deploy\//u, 'examples/'],
  [/^CHANGELOG\.md$/u, 'changelog.gz'],
] as const;

/** Path in the repository → path below the directory of documentation. */
export const placeOf = (path: string): string =>
  IN_PACKAGE.reduce((place, [from, to]) => place.replace(from, to), path);

/** Paths in the repository of what a page shows. */
export const picturesOf = (page: string, text: string): string[] =>
  [...text.matchAll(/!\[[^\]]*\]\((?![a-z]+:)([^)\s]+)\)/gu)].map(([, target = '']) =>
    join(dirname(page), target),
  );

/**
 * A page whose links fit the package. What the package does not have is named instead, as a path in the sources.
 *
 * @param page its path in the repository, "health/README.md"
 * @param has what the package has below its directory of documentation: "examples/swancast.example.yaml"
 */
export function packagedPage(page: string, text: string, has: readonly string[]): string {
  const here = dirname(placeOf(page));
  return text.replaceAll(
    /\[((?:[^[\]`]|`[^`\n]*`)*)\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)/gu,
    (_, label: string, target: string, anchor = '') => {
      const source = join(dirname(page), target);
      const place = placeOf(source);
      if (!has.some((each) => each === place || each.startsWith(`${place}/`)))
        return label.includes(source) ? label : `${label} (${source} in the sources)`;
      return `[${label}](${relative(here, place)}${anchor})`;
    },
  );
}
