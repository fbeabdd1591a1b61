import { describe, expect, it } from 'vitest';
import { pathNews, type PathView } from '../../../sidecar/sessions/path-news.ts';

const P = '192.0.2.1/32';
const view = (state: string | undefined, yielding = false, preference: number | null = null): PathView => ({
  members: new Map([
    ['gw2', state === undefined ? {} : { word: { prefixes: [{ prefix: P, state, preference, yielding }] } }],
  ]),
});

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
    expect(pathNews(view(before), view(after))).toEqual(isNews ? [{ gateway: 'gw2', prefix: P }] : []);
  });

  it('one that yields no more, or is preferred more, is a better path', () => {
    expect(pathNews(view('announced', true), view('announced'))).toHaveLength(1);
    expect(pathNews(view('announced', false, 2), view('announced', false, 1))).toHaveLength(1);
    expect(pathNews(undefined, view('announced'))).toEqual([]);
  });
});
