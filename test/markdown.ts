/** What Markdown pages link to, and which anchors they have, as GitHub makes them. Pure. */

/** Without what stands in fences and code spans: links there are examples. */
const prose = (text: string): string =>
  text
    .replaceAll(/^( *)(`{3,}|~{3,})[^]*?^\1\2 *$/gmu, '')
    .replaceAll(/`[^`\n]+`/gu, (code) => ' '.repeat(code.length));

const withoutFences = (text: string): string => text.replaceAll(/^( *)(`{3,}|~{3,})[^]*?^\1\2 *$/gmu, '');

export interface Link {
  /** Relative to the page; "" for the page itself. */
  readonly path: string;
  /** Without "#"; undefined for the page as a whole. */
  readonly anchor: string | undefined;
}

/** Every link but those to other hosts. */
export function linksOf(text: string): Link[] {
  return [
    ...prose(text).matchAll(
      /\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)|^\[[^\]]+\]: +<?(\S+?)>?$| (?:src|srcset|href)="([^"\s]+)"/gmu,
    ),
  ]
    .map(([, inline, reference, html]) => inline ?? reference ?? html ?? '')
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/iu.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#');
      return { path: decodeURIComponent(path), anchor };
    });
}

/**
 * The anchors of its headings: lower case, without punctuation, "-" for a blank, "-1" for the second of a name. And
 * those that stand there as such, `<a id="charon-gone"></a>`.
 */
export function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = [...withoutFences(text).matchAll(/^#{1,6} +(.+?) *#*$/gmu)].map(
    ([, heading = '']) => heading,
  );
  const slugs = headings.map((heading) => {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  const named = [...withoutFences(text).matchAll(/<a id="([^"]+)"><\/a>/gu)].map(([, id = '']) => id);
  return new Set([...slugs, ...named]);
}
