import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documented, PAGES, PLACES } from '../deploy/docs.ts';
import { anchorsOf, linksOf } from './markdown.ts';

const root = join(import.meta.dirname, '..');
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

describe.each(PAGES)('%s', (page) => {
  it('has the tables that the code generates: run `npm run docs` after a change', async () => {
    expect(await documented(page, read(page))).toBe(read(page));
  });

  it('is refused without a place for them', async () => {
    await expect(documented(page, 'nothing here')).rejects.toThrow(RangeError);
  });
});

describe('generated tables', () => {
  it('would notice a reason that is only in the text', async () => {
    const { page } = PLACES['reasons'] ?? { page: '' };
    const wrong = read(page).replace('| `charon-gone` |', '| `charon-went` |');
    expect(wrong).not.toBe(read(page));
    expect(await documented(page, wrong)).toBe(read(page));
  });

  it('leave other pages as they are', async () => {
    expect(await documented('README.md', 'nothing here')).toBe('nothing here');
  });
});

/** What is built or installed here is not ours to check. */
const FOREIGN = new Set(['node_modules', 'dist', 'logs', '.git']);
const pages = globSync('**/*.md', { cwd: root, exclude: (name) => FOREIGN.has(name) });

describe('every page', () => {
  it('is looked at', () => {
    expect(pages).toContain('README.md');
    expect(pages).toEqual(expect.arrayContaining([...PAGES, 'CONTRIBUTING.md', 'deploy/routers/README.md']));
  });

  it.each(pages)('%s links only to files that exist, and to headings that they have', (page) => {
    expect(dead(page, read(page))).toEqual([]);
  });

  it.each(pages)('%s has anchors of one meaning: no heading twice', (page) => {
    const headings = [...anchorsOf(read(page))].filter((anchor) => /-\d+$/u.test(anchor));
    const isDouble = (anchor: string): boolean => anchorsOf(read(page)).has(anchor.replace(/-\d+$/u, ''));
    expect(page === 'CHANGELOG.md' ? [] : headings.filter(isDouble)).toEqual([]);
  });

  it('is reached from README.md', () => {
    const reached = new Set<string>();
    const follow = (page: string): void => {
      if (reached.has(page) || !page.endsWith('.md') || !existsSync(join(root, page))) return;
      reached.add(page);
      for (const { path } of linksOf(read(page))) if (path !== '') follow(join(dirname(page), path));
    };
    follow('README.md');
    expect(pages.filter((page) => !reached.has(page))).toEqual([]);
  });
});

describe('README.md', () => {
  it('stays a front page: what grows has a page beside its code', () => {
    expect(read('README.md').split('\n').length).toBeLessThan(450);
  });
});

describe('a link', () => {
  it.each([
    ['[x](health/nowhere.md)', ['health/nowhere.md is not there']],
    ['[x](health/README.md#nowhere)', ['health/README.md has no heading for #nowhere']],
    ['[x](#nowhere)', ['README.md has no heading for #nowhere']],
    [
      '# A `b`, c: d\n[x](#a-b-c-d) [y](https://example.net/none) `[z](none.md)`\n```\n[z](none.md)\n# no\n```',
      [],
    ],
    ['![x](none.svg) <img src="none.png">', ['none.svg is not there', 'none.png is not there']],
    ['[x](deploy/systemd) [y](deploy/docs.ts)', []],
    ['# A\n# A\n[x](#a-1)', []],
    ['| <a id="b"></a>c |\n[x](#b) [y](#c)', ['README.md has no heading for #c']],
  ])('%j: %j', (text, expected) => {
    expect(dead('README.md', text)).toEqual(expected);
  });
});

/** What the links of a page, whose text this is, lead to that is not there. */
function dead(page: string, text: string): string[] {
  return linksOf(text).flatMap(({ path, anchor }) => {
    const target = path === '' ? page : relative(root, join(root, dirname(page), path));
    if (target.startsWith('..') || !existsSync(join(root, target))) return [`${target} is not there`];
    if (anchor === undefined || statSync(join(root, target)).isDirectory()) return [];
    const there = path === '' ? text : read(target);
    return anchorsOf(there).has(anchor) ? [] : [`${target} has no heading for #${anchor}`];
  });
}
