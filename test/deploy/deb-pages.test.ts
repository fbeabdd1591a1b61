import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirname, join as joinPosix } from 'node:path/posix';
import { describe, expect, it } from 'vitest';
import { documentation } from '../../deploy/deb/layout.ts';
import { packagedPage, picturesOf, placeOf } from '../../deploy/deb/pages.ts';
import { anchorsOf, linksOf } from '../markdown.ts';

const DOC = 'usr/share/doc/swancast';
/** layout() puts it there; see deb.test.ts. */
const ELSEWHERE = [`${DOC}/changelog.gz`];

const root = join(import.meta.dirname, '../..');
const placed = new Map(documentation(root).map(({ path, contents }) => [path, contents.toString()]));
const pages = [...placed.keys()].filter((path) => path.endsWith('.md'));
const isThere = (path: string): boolean =>
  [...placed.keys(), ...ELSEWHERE].some((each) => each === path || each.startsWith(`${path}/`));

describe('the pages in the package', () => {
  it('are README.md, and all that a gateway needs', () => {
    const wanted = ['README.md', 'sidecar/README.md', 'sidecar/config/README.md', 'health/README.md'];
    const examples = ['examples/prometheus/runbook.md', 'examples/routers/README.md'];
    expect(pages).toEqual(expect.arrayContaining([...wanted, ...examples].map((page) => `${DOC}/${page}`)));
  });

  it('are all pages that README.md names, but for what needs the sources', () => {
    const needSources = new Set(['CHANGELOG.md', 'CONTRIBUTING.md', 'deploy/ansible/README.md']);
    const named = linksOf(readFileSync(join(root, 'README.md'), 'utf8')).map(({ path }) => path);
    const wanted = named.filter((path) => path.endsWith('.md') && !needSources.has(path));
    expect(wanted.length).toBeGreaterThan(8);
    expect(wanted.filter((path) => !pages.includes(`${DOC}/${placeOf(path)}`))).toEqual([]);
  });

  it.each(pages)('%s leads to files that the package has, and to headings that they have', (page) => {
    const dead = linksOf(placed.get(page) ?? '').filter(({ path, anchor }) => {
      const target = path === '' ? page : joinPosix(dirname(page), path);
      if (!isThere(target)) return true;
      return anchor !== undefined && !anchorsOf(placed.get(target) ?? '').has(anchor);
    });
    expect(dead).toEqual([]);
  });

  it('lead on: no page but by a link', () => {
    const reached = new Set<string>();
    const follow = (page: string): void => {
      if (reached.has(page) || !placed.has(page)) return;
      reached.add(page);
      for (const { path } of linksOf(placed.get(page) ?? ''))
        if (path !== '') follow(joinPosix(dirname(page), path));
    };
    follow(`${DOC}/README.md`);
    expect(pages.filter((page) => !reached.has(page))).toEqual([]);
  });

  it('name what the package does not have as what it is', () => {
    const front = placed.get(`${DOC}/README.md`) ?? '';
    expect(front).toContain('CONTRIBUTING.md');
    expect(front).not.toContain('](CONTRIBUTING.md)');
    expect(front).toContain('[changelog](changelog.gz)');
    expect(front).toContain('[deploy/swancast.example.yaml](examples/swancast.example.yaml)');
  });
});

describe('packagedPage', () => {
  const has = ['README.md', 'health/README.md', 'examples/routers/README.md', 'examples/routers/bird.conf'];

  it.each([
    ['README.md', '[a](health/README.md#x)', '[a](health/README.md#x)'],
    ['README.md', '[a](deploy/routers)', '[a](examples/routers)'],
    ['health/README.md', '[a](../deploy/routers/README.md#x-y)', '[a](../examples/routers/README.md#x-y)'],
    ['deploy/routers/README.md', '[a](../../health/README.md)', '[a](../../health/README.md)'],
    ['deploy/routers/README.md', '[a](bird.conf)', '[a](bird.conf)'],
    ['health/README.md', '![a](../examples/routers/bird.conf)', '![a](../examples/routers/bird.conf)'],
    ['README.md', '[a guide](CONTRIBUTING.md)', 'a guide (CONTRIBUTING.md in the sources)'],
    ['README.md', '[`deploy/x`](deploy/x)', '`deploy/x`'],
    ['README.md', '[a](#x) [b](https://example.net/none)', '[a](#x) [b](https://example.net/none)'],
  ])('%s: %s becomes %s', (page, text, expected) => {
    expect(packagedPage(page, text, has)).toBe(expected);
  });
});

describe('picturesOf', () => {
  it('are brought along, but for those of other hosts', () => {
    const text = '[a](b.svg) ![c](d.svg) ![](../e.svg)\n![f](https://example.net/f.svg)';
    expect(picturesOf('health/README.md', text)).toEqual(['health/d.svg', 'e.svg']);
  });
});
