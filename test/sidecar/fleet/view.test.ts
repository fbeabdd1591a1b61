import { describe, expect, it } from 'vitest';
import { absorb, isNews, viewOf } from '../../../sidecar/fleet/view.ts';
import { prefixWord, wordFrom } from './peers.ts';

const [GW2, GW3] = [wordFrom('gw2'), wordFrom('gw3')];
const fresh = viewOf(['gw2', 'gw3']);
const heard = absorb(absorb(fresh, 'gw2', { word: GW2 }, 1000), 'gw3', { word: GW3 }, 1100);

describe('the view of a fleet', () => {
  it('is settled once everybody was asked, whatever came of it', () => {
    expect(viewOf([]).settled).toBe(true);
    expect(fresh.settled).toBe(false);
    const one = absorb(fresh, 'gw2', { problem: 'refuses' }, 1000);
    expect(one.settled).toBe(false);
    expect(absorb(one, 'gw3', { word: GW3 }, 1100).settled).toBe(true);
  });

  it('keeps what was said last, and when, beside a problem', () => {
    const view = absorb(heard, 'gw2', { problem: 'refuses' }, 2000);
    expect(view.members.get('gw2')).toEqual({ name: 'gw2', heardAt: 1000, word: GW2, problem: 'refuses' });
    expect(absorb(view, 'gw2', { word: GW2 }, 3000).members.get('gw2')).toEqual({
      name: 'gw2',
      heardAt: 3000,
      word: GW2,
    });
  });

  it('takes no word of somebody who is no member', () => {
    expect(absorb(heard, 'gw9', { word: wordFrom('gw9') }, 2000)).toBe(heard);
  });

  it('changes nothing of the one before', () => {
    absorb(heard, 'gw2', { problem: 'refuses' }, 2000);
    expect(heard.members.get('gw2')?.problem).toBeUndefined();
  });

  it('of another configuration keeps those that stay, and waits for those that are new', () => {
    const view = viewOf(['gw3', 'gw4'], heard);
    expect([...view.members.keys()]).toEqual(['gw3', 'gw4']);
    expect(view.members.get('gw3')).toBe(heard.members.get('gw3'));
    expect(view.settled).toBe(false);
    expect(viewOf(['gw3'], heard).settled).toBe(true);
  });
});

describe('news', () => {
  const again = (word = GW2): typeof heard => absorb(heard, 'gw2', { word }, 2000);

  it.each([
    ['the same word', again(), false],
    ['an equal word', again(wordFrom('gw2')), false],
    ['another load', again(wordFrom('gw2', { load: { ike_sas: 7, half_open: 0 } })), false],
    ['another state', again(wordFrom('gw2', { state: 'withdrawn' })), true],
    ['another class', again(wordFrom('gw2', { prefixes: [prefixWord({ class: 'impaired' })] })), true],
    ['a problem', absorb(heard, 'gw2', { problem: 'refuses' }, 2000), true],
  ])('%s: %s', (_, after, expected) => {
    expect(isNews(heard, after, 'gw2')).toBe(expected);
  });

  it('is that somebody is heard again, and not that he still is not', () => {
    const lost = absorb(heard, 'gw2', { problem: 'refuses' }, 2000);
    expect(isNews(lost, absorb(lost, 'gw2', { problem: 'hangs' }, 3000), 'gw2')).toBe(false);
    expect(isNews(lost, absorb(lost, 'gw2', { word: GW2 }, 3000), 'gw2')).toBe(true);
  });

  it('is that everybody was asked', () => {
    const one = absorb(fresh, 'gw2', { word: GW2 }, 1000);
    expect(isNews(one, absorb(one, 'gw3', { problem: 'refuses' }, 1100), 'gw3')).toBe(true);
  });
});
