import { describe, expect, it } from 'vitest';
import { differingTopics, driftLines, parseDetails } from '../../../sidecar/fleet/drift.ts';
import { DriftWatch, type DriftWatchOptions } from '../../../sidecar/fleet/drift-watch.ts';
import type { Brought } from '../../../sidecar/fleet/member-client.ts';
import { digestsOf, type SetUp } from '../../../sidecar/fleet/set-up.ts';
import { absorb, viewOf } from '../../../sidecar/fleet/view.ts';
import { wordFrom } from './peers.ts';

describe('topics that differ', () => {
  it('are those that both know', () => {
    expect(differingTopics({ a: '1', b: '2', c: '3' }, { a: '1', b: 'x', d: '4' })).toEqual(['b']);
    expect(differingTopics({ a: '1' }, {})).toEqual([]);
  });
});

describe('what differs', () => {
  const items = (of: Record<string, string>): Map<string, string> => new Map(Object.entries(of));

  it('is one line for each item, with the words that differ', () => {
    const ours = items({ ra: 'dpd=30 version=2', here: 'x', same: 'x', bare: 'a=1' });
    const theirs = items({ ra: 'dpd=60 version=2', there: 'x', same: 'x', bare: 'a=1 b=2' });
    expect(driftLines('connections', ours, theirs, 'gw2')).toEqual([
      'connections: bare is unset here and b=2 on gw2',
      'connections: here is here and not on gw2',
      'connections: ra is dpd=30 here and dpd=60 on gw2',
      'connections: there is on gw2 and not here',
    ]);
  });

  it('is a few lines, however much it is', () => {
    const many = items(Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`c${n}`, 'x'])));
    const lines = driftLines('connections', many, new Map(), 'gw2');
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('connections: and 980 more');
    expect(driftLines('x', items({ a: 'y'.repeat(9999) }), items({ a: '' }), 'gw2')[0]?.length).toBeLessThan(
      200,
    );
  });
});

describe('the details of another gateway', () => {
  it('are read', () => {
    const read = parseDetails({ gateway: 'gw2', set_up: { pools: { vips: 'x' } }, more: 1 });
    expect(read).toEqual(new Map([['pools', new Map([['vips', 'x']])]]));
  });

  it.each([
    ['null', null],
    ['a list', []],
    ['without set_up', {}],
    ['with a topic that is a text', { set_up: { pools: 'x' } }],
    ['with a setting that is a number', { set_up: { pools: { vips: 1 } } }],
    ['that talk to the terminal', { set_up: { pools: { vips: '\u001b[2J' } } }],
    ['with an item that does', { set_up: { pools: { '\u001b[2J': 'x' } } }],
  ])('are not %s', (_, raw) => {
    expect(parseDetails(raw)).toMatch(/^set_up: /u);
  });
});

describe('watching for drift', () => {
  const setUp = (base: string): SetUp =>
    new Map([
      ['pools', new Map([['vips', base]])],
      ['strongswan', new Map([['version', '5.9.8']])],
    ]);
  const details = (of: SetUp): Brought => ({
    body: Buffer.from(
      JSON.stringify({
        set_up: Object.fromEntries([...of].map(([t, items]) => [t, Object.fromEntries(items)])),
      }),
    ),
  });

  function watching(): {
    watch: DriftWatch;
    asked: string[];
    ours: { value: SetUp | undefined };
    theirs: { value: SetUp; brought?: Brought };
  } {
    const asked: string[] = [];
    const ours = { value: setUp('10.3.0.0') as SetUp | undefined };
    const theirs: { value: SetUp; brought?: Brought } = { value: setUp('10.4.0.0') };
    const watch = new DriftWatch({
      gateway: 'gw1',
      view: () =>
        absorb(viewOf(['gw2']), 'gw2', { word: wordFrom('gw2', { set_up: digestsOf(theirs.value) }) }, 0),
      askCharon: (() =>
        Promise.resolve(
          ours.value === undefined
            ? ({ kind: 'gone', detail: 'no socket' } as const)
            : ({ kind: 'answered', answer: ours.value } as const),
        )) as DriftWatchOptions['askCharon'],
      askMember: (name, path) => {
        asked.push(`${name} ${path}`);
        return Promise.resolve(theirs.brought ?? details(theirs.value));
      },
    });
    return { watch, asked, ours, theirs };
  }

  it('knows nothing before charon was asked', () => {
    const { watch } = watching();
    expect(watch.digests).toEqual({});
    expect(watch.driftOf('gw2')).toEqual({ topics: [], lines: [] });
  });

  it('finds the topics by their digests and the lines by asking once', async () => {
    const { watch, asked } = watching();
    await watch.look();
    await watch.look();
    expect(watch.driftOf('gw2')).toEqual({
      topics: ['pools'],
      lines: ['pools: vips is 10.3.0.0 here and 10.4.0.0 on gw2'],
    });
    expect(asked).toEqual(['gw2 /status?view=drift']);
    expect(watch.details).toMatchObject({ gateway: 'gw1', set_up: { pools: { vips: '10.3.0.0' } } });
  });

  it('asks nobody who is alike, and asks again when something changed', async () => {
    const { watch, asked, theirs } = watching();
    theirs.value = setUp('10.3.0.0');
    await watch.look();
    expect(asked).toEqual([]);
    theirs.value = setUp('10.5.0.0');
    await watch.look();
    theirs.value = setUp('10.6.0.0');
    // The lines are of another state: none is better than a wrong one.
    expect(watch.driftOf('gw2')).toEqual({ topics: ['pools'], lines: [] });
    await watch.look();
    expect(watch.driftOf('gw2').lines).toEqual(['pools: vips is 10.3.0.0 here and 10.6.0.0 on gw2']);
    expect(asked).toHaveLength(2);
  });

  it.each<[string, Brought]>([
    ['no answer', { problem: 'refuses' }],
    ['garbage', { body: Buffer.from('{') }],
    ['something else', { body: Buffer.from('{}') }],
  ])('still names the topics with %s, and asks again', async (_, brought) => {
    const { watch, asked, theirs } = watching();
    theirs.brought = brought;
    await watch.look();
    expect(watch.driftOf('gw2')).toEqual({ topics: ['pools'], lines: [] });
    await watch.look();
    expect(asked).toHaveLength(2);
  });

  it('keeps what it knows while charon is gone', async () => {
    const { watch, ours } = watching();
    await watch.look();
    const before = watch.digests;
    ours.value = undefined;
    await watch.look();
    expect(watch.digests).toBe(before);
  });
});
