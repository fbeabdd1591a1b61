import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcementProblems, type Announcement } from '../../bgp/announcement.ts';
import { announceCommand, withdrawCommand } from '../../bgp/command.ts';

describe('announceCommand', () => {
  it.each<[Announcement, string]>([
    [{ prefix: '192.0.2.1/32', nextHop: 'self' }, 'announce route 192.0.2.1/32 next-hop self'],
    [
      { prefix: '192.0.2.1/32', nextHop: 'self', med: 0, localPreference: 50 },
      'announce route 192.0.2.1/32 next-hop self med 0 local-preference 50',
    ],
    [
      { prefix: '2001:db8::1/128', nextHop: '2001:db8::2', prepend: 2 },
      'announce route 2001:db8::1/128 next-hop 2001:db8::2 as-path [ 65001 65001 65001 ]',
    ],
    [{ prefix: '192.0.2.1/32', nextHop: 'self', prepend: 0 }, 'announce route 192.0.2.1/32 next-hop self'],
    [
      {
        prefix: '192.0.2.1/32',
        nextHop: '10.0.0.1',
        communities: ['65535:0', '65001:100'],
        largeCommunities: ['65001:1:2'],
      },
      'announce route 192.0.2.1/32 next-hop 10.0.0.1 community [ 65535:0 65001:100 ] large-community [ 65001:1:2 ]',
    ],
    [
      {
        prefix: '192.0.2.1/32',
        nextHop: 'self',
        pathId: 7,
        neighbors: ['10.0.0.1', 'fd00::1'],
        extendedCommunities: ['target:65001:100', 'origin:65001:200'],
      },
      'neighbor 10.0.0.1, neighbor fd00::1 announce route 192.0.2.1/32 next-hop self path-information 7' +
        ' extended-community [ target:65001:100 origin:65001:200 ]',
    ],
  ])('%j', (announcement, line) => {
    expect(announceCommand(announcement, 65001)).toBe(line);
  });

  it('throws rather than write what was not checked', () => {
    expect(() =>
      announceCommand({ prefix: '192.0.2.1/32', nextHop: 'self', communities: ['1:1\n'] }, 1),
    ).toThrow(TypeError);
    expect(() => withdrawCommand({ prefix: '192.0.2.1/32 \nshutdown', nextHop: 'self' })).toThrow(TypeError);
  });

  it('is one line of the API and holds one command word, whatever the parts', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '192.0.2.1/32',
        '2001:db8::/32',
        'self',
        '1:1',
        '65535:0',
        '1:2:3',
        '10.0.0.1',
        'target:1:2',
      ),
      fc.string().map((text) => `192.0.2.1/32${text}`),
    );
    const announcement = fc.record(
      {
        prefix: texts,
        nextHop: texts,
        med: fc.double(),
        prepend: fc.integer(),
        communities: fc.array(texts, { maxLength: 3 }),
        largeCommunities: fc.array(texts, { maxLength: 3 }),
        extendedCommunities: fc.array(texts, { maxLength: 3 }),
        neighbors: fc.array(texts, { maxLength: 3 }),
        pathId: fc.integer(),
      },
      { requiredKeys: ['prefix', 'nextHop'] },
    );
    fc.assert(
      fc.property(announcement, (candidate) => {
        if (announcementProblems(candidate).length > 0) return;
        expect(announceCommand(candidate, 65001)).toMatch(
          /^(neighbor [0-9a-f.:]+,? )*announce route [0-9a-f.:/]+ next-hop [0-9a-z.:[\] -]+$/i,
        );
      }),
      { numRuns: 2000 },
    );
  });
});

it('withdraws with the same next-hop, path and neighbors, and nothing else', () => {
  const announcement = { prefix: '192.0.2.1/32', nextHop: '10.0.0.1', med: 5 };
  expect(withdrawCommand(announcement)).toBe('withdraw route 192.0.2.1/32 next-hop 10.0.0.1');
  expect(withdrawCommand({ ...announcement, pathId: 7, neighbors: ['10.0.0.1', '10.0.0.2'] })).toBe(
    'neighbor 10.0.0.1, neighbor 10.0.0.2 withdraw route 192.0.2.1/32 next-hop 10.0.0.1 path-information 7',
  );
});
