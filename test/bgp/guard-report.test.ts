/** What each sidecar is told, wherever in a story it came. */
import { describe, expect, it } from 'vitest';
import { Bench, one, two } from './guard-bench.ts';

const both = [one, two];
const comes = (bench: Bench, client: number): Bench => bench.event({ type: 'connected', client });
const goes = (bench: Bench, client: number): Bench => bench.event({ type: 'disconnected', client });

/** The last word to each client. */
function lastTold(bench: Bench): Record<string, string> {
  const told: Record<string, string> = {};
  for (const line of bench.take()) {
    const [, client = '', words = ''] = /^(\d): (?:hello|report) (.*)$/.exec(line) ?? [];
    if (words !== '') told[client] = words;
  }
  return told;
}

/** The set goes and comes back before ExaBGP answers. Its routes were told anew then, and these answers are due. */
const toldAnew = (bench: Bench): Bench =>
  bench
    .set(1, both)
    .set(2, [])
    .set(3, both)
    .says(...dones(3));
const dones = (count: number): string[] => new Array<string>(count).fill('done');

describe('a sidecar that comes between the commands and their answers', () => {
  it.each<{ story: string; play: (bench: Bench) => Bench; told: Record<string, string> }>([
    {
      story: 'hears of the answers, though the others knew it that way before',
      play: (bench) => comes(toldAnew(bench), 2).says(...dones(2)),
      told: { 1: 'held 2/2', 2: 'held 2/2' },
    },
    {
      story: 'hears of them also when it came before the last answer but one',
      play: (bench) => comes(toldAnew(bench).says('done'), 2).says('done'),
      told: { 1: 'held 2/2', 2: 'held 2/2' },
    },
    {
      story: 'hears of them when it is the same one that comes again',
      play: (bench) => comes(goes(toldAnew(bench), 1), 1).says(...dones(2)),
      told: { 1: 'held 2/2' },
    },
    {
      story: 'hears of them when another one came before it',
      play: (bench) => comes(comes(toldAnew(bench), 2).says('done'), 3).says('done'),
      told: { 1: 'held 2/2', 2: 'held 2/2', 3: 'held 2/2' },
    },
    {
      story: 'leaves the others to hear what it knows already: all was refused',
      play: (bench) => comes(toldAnew(bench), 2).says('error', 'error'),
      told: { 1: 'held 2/0', 2: 'held 2/0' },
    },
    {
      story: 'hears of what was refused',
      play: (bench) => comes(toldAnew(bench), 2).says('done', 'error'),
      told: { 1: 'held 2/1', 2: 'held 2/1' },
    },
  ])('$story', ({ play, told }) => {
    expect(lastTold(play(Bench.open()))).toEqual(told);
  });
});

it('that a sidecar came is no news to the others, nor is a renewal after it', () => {
  const bench = Bench.open();
  bench
    .set(1, both)
    .says(...dones(2))
    .take();
  expect(comes(bench, 2).take()).toEqual(['2: hello held 2/2']);
  expect(bench.renew(1).take()).toEqual(['1: renewed 1']);
});
