import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  announcementProblems,
  announcementSetProblems,
  attributeProblems,
  parseAnnouncement,
  routeKey,
  sameAnnouncement,
  type Announcement,
} from '../../bgp/announcement.ts';
import { announceCommand, withdrawCommand } from '../../bgp/command.ts';

const route: Announcement = { prefix: '192.0.2.1/32', nextHop: 'self' };

describe('announcementProblems', () => {
  it.each<[string, Announcement]>([
    ['the least', route],
    ['IPv6', { prefix: '2001:db8::1/128', nextHop: '2001:db8::2' }],
    ['the ends of each range', { ...route, med: 0, localPreference: 0xffffffff, prepend: 16 }],
    ['a path of its own', { ...route, pathId: 4294967295, neighbors: ['10.0.0.1', 'fd00::1'] }],
    [
      'extended communities with a short and a long AS',
      {
        ...route,
        extendedCommunities: ['target:65535:4294967295', 'origin:0:0', 'target:4294967295:65535'],
      },
    ],
    ['communities', { ...route, communities: ['0:0', '65535:65281'], largeCommunities: ['4294967295:0:1'] }],
  ])('accepts %s', (_, announcement) => {
    expect(announcementProblems(announcement)).toEqual([]);
  });

  it.each<[Partial<Announcement>, string]>([
    [{ prefix: '192.0.2.1' }, 'prefix "192.0.2.1": ADDRESS/LENGTH expected, such as 192.0.2.1/32'],
    [{ prefix: '192.0.2.1/24' }, 'prefix "192.0.2.1/24": has host bits set behind its length'],
    [
      { prefix: '192.0.2.1/32\nshutdown' },
      'prefix "192.0.2.1/32\\nshutdown": ADDRESS/LENGTH expected, such as 192.0.2.1/32',
    ],
    [{ nextHop: 'Self' }, 'next-hop "Self": an address or "self" expected'],
    [{ nextHop: '10.0.0.1 med 1' }, 'next-hop "10.0.0.1 med 1": an address or "self" expected'],
    [{ nextHop: '::1' }, 'next-hop ::1: an IPv4 address expected, as the prefix 192.0.2.1/32 is IPv4'],
    [{ med: -1 }, 'med -1: 0 to 4294967295 expected'],
    [{ med: 1.5 }, 'med 1.5: 0 to 4294967295 expected'],
    [{ med: Number.NaN }, 'med null: 0 to 4294967295 expected'],
    [{ localPreference: 2 ** 32 }, 'local preference 4294967296: 0 to 4294967295 expected'],
    [{ prepend: 17 }, 'prepend 17: 0 to 16 expected'],
    [
      { communities: ['no-export'] },
      'community "no-export": AS:VALUE expected, each a number from 0 to 65535',
    ],
    [{ communities: ['65536:1'] }, 'community "65536:1": AS:VALUE expected, each a number from 0 to 65535'],
    [{ communities: ['1:2:3'] }, 'community "1:2:3": AS:VALUE expected, each a number from 0 to 65535'],
    [{ communities: ['1:2\n'] }, 'community "1:2\\n": AS:VALUE expected, each a number from 0 to 65535'],
    [{ communities: ['1: 2'] }, 'community "1: 2": AS:VALUE expected, each a number from 0 to 65535'],
    [
      { largeCommunities: ['1:2'] },
      'large community "1:2": AS:VALUE:VALUE expected, each a number from 0 to 4294967295',
    ],
    [{ communities: new Array(65).fill('1:1') }, '65 community values: at most 64 expected'],
    [{ pathId: 0 }, 'path id 0: 1 to 4294967295 expected'],
    [{ pathId: 2 ** 32 }, 'path id 4294967296: 1 to 4294967295 expected'],
    [{ neighbors: [] }, 'neighbors: at least one address expected, or none of the list at all'],
    [{ neighbors: ['router1'] }, 'neighbor "router1": an address expected'],
    [{ neighbors: ['10.0.0.1 shutdown'] }, 'neighbor "10.0.0.1 shutdown": an address expected'],
    [{ neighbors: ['fd00::1', 'FD00:0::1'] }, 'neighbor FD00:0::1: named twice'],
    [
      { extendedCommunities: ['65001:100'] },
      'extended community "65001:100": target:AS:VALUE or origin:AS:VALUE expected',
    ],
    [
      { extendedCommunities: ['redirect:65001:100'] },
      'extended community "redirect:65001:100": target:AS:VALUE or origin:AS:VALUE expected',
    ],
    [
      { extendedCommunities: ['target:10.0.0.1:100'] },
      'extended community "target:10.0.0.1:100": target:AS:VALUE expected, each a number from 0 to 4294967295',
    ],
    [
      { extendedCommunities: ['origin:1:4294967296'] },
      'extended community "origin:1:4294967296": origin:AS:VALUE expected, each a number from 0 to 4294967295',
    ],
    [
      { extendedCommunities: ['target:65536:65536'] },
      'extended community "target:65536:65536": a VALUE from 0 to 65535 expected behind an AS above 65535 (RFC 5668)',
    ],
    [
      { extendedCommunities: new Array(65).fill('target:1:1') },
      '65 extended community values: at most 64 expected',
    ],
  ])('refuses %j', (change, problem) => {
    expect(announcementProblems({ ...route, ...change })).toEqual([problem]);
  });
});

it('refuses one prefix twice in a set, however it is spelled', () => {
  const set = [
    { prefix: '2001:db8::1/128', nextHop: 'self' },
    { prefix: '2001:DB8:0::1/128', nextHop: 'self' },
  ];
  expect(announcementSetProblems(set)).toEqual([
    'prefix 2001:DB8:0::1/128: already in the set as 2001:db8::1/128',
  ]);
});

it('takes one prefix several times in a set, each time for other neighbors', () => {
  const at = (...neighbors: string[]): Announcement => ({ ...route, neighbors });
  expect(announcementSetProblems([at('10.0.0.1'), at('10.0.0.2', 'fd00::1')])).toEqual([]);
  expect(announcementSetProblems([at('10.0.0.1'), at('10.0.0.2', 'fd00::1'), at('FD00:0::1')])).toEqual([
    'prefix 192.0.2.1/32: already in the set as 192.0.2.1/32 for neighbor FD00:0::1',
  ]);
  const already = 'prefix 192.0.2.1/32: already in the set as 192.0.2.1/32';
  expect(announcementSetProblems([at('10.0.0.1'), route])).toEqual([already]);
  expect(
    announcementSetProblems([
      { ...route, pathId: 1 },
      { ...route, pathId: 2 },
    ]),
  ).toEqual([already]);
});

it('routeKey is the prefix, and what else makes it a route of its own', () => {
  const neighbors = ['10.0.0.2', '10.0.0.1'];
  expect(routeKey({ ...route, med: 5, communities: ['1:1'] })).toBe(route.prefix);
  expect(routeKey({ ...route, neighbors })).toBe(routeKey({ ...route, neighbors: neighbors.toReversed() }));
  const keys = [
    route,
    { ...route, pathId: 1 },
    { ...route, pathId: 2 },
    { ...route, neighbors },
    { ...route, neighbors: ['10.0.0.1'] },
    { ...route, neighbors, pathId: 1 },
  ].map(routeKey);
  expect(new Set(keys).size).toBe(keys.length);
});

describe('the length of a command', () => {
  const longest = {
    med: 4294967295,
    localPreference: 4294967295,
    prepend: 16,
    communities: new Array<string>(64).fill('65535:65535'),
    largeCommunities: new Array<string>(64).fill('4294967295:4294967295:4294967295'),
  };
  const six = (n: number): string => `2001:db8:1111:2222:3333:4444:5555:${(0x1000 + n).toString(16)}`;

  it('leaves room for 64 communities and 64 large ones, the longest path, and a dozen neighbors by name', () => {
    const neighbors = Array.from({ length: 12 }, (_, n) => six(n));
    const fullest = { ...longest, prefix: `${six(0)}/128`, nextHop: six(1), pathId: 4294967295, neighbors };
    expect(announcementProblems(fullest)).toEqual([]);
    expect(`${announceCommand(fullest, 4294967294)}\n`.length).toBeLessThanOrEqual(4096);
    expect(`${withdrawCommand(fullest)}\n`.length).toBeLessThanOrEqual(4096);
  });

  it('is bounded, by the attributes alone and by all of it', () => {
    expect(
      attributeProblems({ ...longest, extendedCommunities: new Array<string>(64).fill('target:65001:1') }),
    ).toEqual([
      "attributes of up to 4139 bytes in ExaBGP's command: fewer communities expected, 3300 bytes are possible",
    ]);
    const neighbors = Array.from({ length: 30 }, (_, n) => six(n));
    expect(announcementProblems({ ...route, ...longest, neighbors })).toEqual([
      expect.stringMatching(/^prefix 192\.0\.2\.1\/32: a command of up to \d+ bytes, 4095 are possible: /),
    ]);
  });

  it('is never above what a pipe takes in one piece, whatever the parts', () => {
    const text = fc.nat(0xffff).map((n) => six(n & 0xfff));
    const announcement = fc.record({
      prefix: fc.constant(route.prefix),
      nextHop: fc.constant('self'),
      pathId: fc.integer({ min: 1, max: 0xffffffff }),
      neighbors: fc.uniqueArray(text, { minLength: 1, maxLength: 80 }),
      prepend: fc.nat(16),
      communities: fc.array(fc.constantFrom('65535:65535', '1:1'), { maxLength: 64 }),
      largeCommunities: fc.array(fc.constant('4294967295:4294967295:4294967295'), { maxLength: 64 }),
      extendedCommunities: fc.array(fc.constant('origin:4294967295:65535'), { maxLength: 64 }),
    });
    let written = 0;
    fc.assert(
      fc.property(announcement, (candidate) => {
        if (announcementProblems(candidate).length > 0) return;
        written += 1;
        expect(announceCommand(candidate, 4294967294).length).toBeLessThan(4096);
      }),
    );
    expect(written).toBeGreaterThan(0);
  });
});

describe('parseAnnouncement', () => {
  it('takes what JSON brought, once it is checked', () => {
    expect(parseAnnouncement({ ...route, communities: ['1:1'] })).toEqual({
      announcement: { ...route, communities: ['1:1'] },
    });
  });

  it.each<[unknown, string[]]>([
    [null, ['an announcement is an object, not null']],
    [[], ['an announcement is an object, not []']],
    [{ prefix: '192.0.2.1/32' }, ['an announcement needs nextHop']],
    [{ ...route, med: '5' }, ['med: number expected, not "5"']],
    [{ ...route, communities: '1:1' }, ['communities: list of strings expected, not "1:1"']],
    [{ ...route, communities: [1] }, ['communities: list of strings expected, not [1]']],
    [{ ...route, neighbors: '10.0.0.1' }, ['neighbors: list of strings expected, not "10.0.0.1"']],
    [{ ...route, pathId: '1' }, ['pathId: number expected, not "1"']],
    [{ ...route, colour: 'red' }, ['unknown key "colour" in an announcement']],
    [
      JSON.parse('{"prefix":"192.0.2.1/32","nextHop":"self","__proto__":1}'),
      ['unknown key "__proto__" in an announcement'],
    ],
    [{ ...route, prefix: 'x' }, ['prefix "x": ADDRESS/LENGTH expected, such as 192.0.2.1/32']],
  ])('refuses %j', (raw, problems) => {
    expect(parseAnnouncement(raw)).toEqual({ problems });
  });
});

it.each<[Partial<Announcement>, boolean]>([
  [{}, true],
  [{ prepend: 0 }, true],
  [{ communities: [] }, true],
  [{ med: 0 }, false],
  [{ prepend: 1 }, false],
  [{ nextHop: '10.0.0.1' }, false],
  [{ communities: ['1:1'] }, false],
  [{ largeCommunities: ['1:1:1'] }, false],
  [{ localPreference: 1 }, false],
  [{ extendedCommunities: ['target:1:1'] }, false],
  [{ pathId: 1 }, false],
  [{ neighbors: ['10.0.0.1'] }, false],
])('sameAnnouncement with %j: %s', (change, same) => {
  expect(sameAnnouncement(route, { ...route, ...change })).toBe(same);
});

it('sameAnnouncement does not mind the order of communities, but their number', () => {
  const two = { ...route, communities: ['1:1', '2:2'] };
  expect(sameAnnouncement(two, { ...route, communities: ['2:2', '1:1'] })).toBe(true);
  expect(sameAnnouncement(two, { ...route, communities: ['1:1', '1:1'] })).toBe(false);
});
