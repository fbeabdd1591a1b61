import { describe, expect, it } from 'vitest';
import {
  announcementProblems,
  announcementSetProblems,
  parseAnnouncement,
  sameAnnouncement,
  type Announcement,
} from '../../bgp/announcement.ts';

const route: Announcement = { prefix: '192.0.2.1/32', nextHop: 'self' };

describe('announcementProblems', () => {
  it.each<[string, Announcement]>([
    ['the least', route],
    ['IPv6', { prefix: '2001:db8::1/128', nextHop: '2001:db8::2' }],
    ['the ends of each range', { ...route, med: 0, localPreference: 0xffffffff, prepend: 16 }],
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
])('sameAnnouncement with %j: %s', (change, same) => {
  expect(sameAnnouncement(route, { ...route, ...change })).toBe(same);
});

it('sameAnnouncement does not mind the order of communities, but their number', () => {
  const two = { ...route, communities: ['1:1', '2:2'] };
  expect(sameAnnouncement(two, { ...route, communities: ['2:2', '1:1'] })).toBe(true);
  expect(sameAnnouncement(two, { ...route, communities: ['1:1', '1:1'] })).toBe(false);
});
