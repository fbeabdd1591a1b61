import { describe, expect, it } from 'vitest';
import { pathNews, type Path, type PathView } from '../../../sidecar/sessions/path-news.ts';

const P = '192.0.2.1/32';
const view = (state: string | undefined, yielding = false, preference: number | null = null): PathView => ({
  members: new Map([
    ['gw2', state === undefined ? {} : { word: { prefixes: [{ prefix: P, state, preference, yielding }] } }],
  ]),
});

const own = (preference: number | null = null, state = 'announced', yielding = false): Path[] => [
  { prefix: P, state, preference, yielding },
];

describe('pathNews', () => {
  it.each([
    ['withdrawn', 'announced', true],
    ['drained', 'announced', true],
    ['draining', 'announced', true],
    ['degraded', 'announced', true],
    ['cold', 'degraded', true],
    ['announced', 'announced', false],
    ['adopted', 'announced', false],
    ['announced', 'degraded', false],
    ['announced', 'withdrawn', false],
    ['withdrawn', 'cold', false],
    [undefined, 'announced', false],
    ['announced', undefined, false],
  ])('%s → %s: %s', (before, after, isNews) => {
    const news = pathNews(view(before), view(after), own(null, 'degraded'));
    expect(news).toEqual(isNews ? [{ gateway: 'gw2', prefix: P }] : []);
  });

  it('one that yields no more, or is preferred more, is a better path', () => {
    expect(pathNews(view('announced', true), view('announced'), own())).toHaveLength(1);
    expect(pathNews(view('announced', false, 2), view('announced', false, 1), own(1))).toHaveLength(1);
    expect(pathNews(undefined, view('announced'), own())).toEqual([]);
  });

  it.each([
    ['a later choice than ours', 2, own(1), 0],
    ['the same choice', 1, own(1), 1],
    ['an earlier choice', 1, own(2), 1],
    ['a later choice, while ours is degraded', 2, own(1, 'degraded'), 1],
    ['a later choice, while ours yields', 2, own(1, 'announced', true), 1],
    ['a prefix that is not ours', 1, [], 0],
  ])('the path of %s: %d', (_, preference, ours, count) => {
    const [before, after] = [view('cold', false, preference), view('announced', false, preference)];
    expect(pathNews(before, after, ours)).toHaveLength(count);
  });
});
