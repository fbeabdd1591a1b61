/** What each neighbor is told when announcements name their hearers. See exabgp-site.ts for who is there. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Announcement } from '../../bgp/announcement.ts';
import { monotonic } from '../fake/lease-holder.ts';
import { exabgpVersion, LONG_TTL_MS, Site, v4, v6 } from './exabgp-site.ts';

const found = exabgpVersion('exabgp-routes.test.ts');
const [EBGP4, EBGP6, IBGP] = ['127.0.0.1', '::1', '127.0.0.2'];

/** One prefix in the words for eBGP and in those for iBGP. */
const outside: Announcement = {
  prefix: v4.prefix,
  nextHop: 'self',
  med: 100,
  prepend: 2,
  communities: ['65001:100'],
  largeCommunities: ['4294967295:1:2'],
  extendedCommunities: ['target:65001:100', 'origin:4200000000:200'],
  neighbors: [EBGP4, EBGP6],
};
const inside: Announcement = {
  prefix: v4.prefix,
  nextHop: '10.9.9.9',
  localPreference: 250,
  neighbors: [IBGP],
};

describe.skipIf(found === undefined)(`routes for some neighbors, ExaBGP ${found ?? ''}`, () => {
  let site: Site;
  afterEach(async () => {
    await site.close();
  });

  describe('without path identifiers', () => {
    beforeEach(async () => {
      site = await Site.open();
    });

    it('reach those alone, each in its own words', async () => {
      await site.start(LONG_TTL_MS, [outside, inside, { ...v6, neighbors: [EBGP6] }]);
      await site.announced();
      expect([...site.ebgp4.routes.values()]).toEqual([
        {
          prefix: v4.prefix,
          nextHop: '127.0.0.1',
          med: 100,
          asPath: [65001, 65001, 65001],
          communities: ['65001:100'],
          largeCommunities: ['4294967295:1:2'],
          extendedCommunities: ['target:65001:100', 'origin:4200000000:200'],
        },
      ]);
      expect([...site.ibgp.routes.values()]).toEqual([
        {
          prefix: v4.prefix,
          nextHop: '10.9.9.9',
          localPreference: 250,
          asPath: [],
          communities: [],
          largeCommunities: [],
        },
      ]);
      expect([...site.ebgp6.routes.keys()]).toEqual([v6.prefix]);
    });

    it('change and go for one neighbor without a word to the other', async () => {
      const speaker = await site.start(LONG_TTL_MS, [outside, inside, v6]);
      await site.announced();
      const heard = site.ebgp4.updates.length;
      speaker.set(2, [outside, { ...inside, localPreference: 10 }, v6], monotonic());
      await site.ibgp.until(() => site.ibgp.routes.get(v4.prefix)?.localPreference === 10);
      speaker.set(3, [outside, v6], monotonic());
      await site.ibgp.until(() => site.ibgp.routes.size === 0);
      expect(site.ebgp4.updates.length).toBe(heard);
      speaker.set(4, [], monotonic());
      await site.bare();
      const gone = [site.ebgp4, site.ebgp6, site.ibgp].map((each) =>
        each.updates.flatMap(({ withdrawn }) => withdrawn),
      );
      expect(gone).toEqual([[v4.prefix], [v6.prefix], [v4.prefix]]);
      expect([...site.ebgp4.closes, ...site.ebgp6.closes, ...site.ibgp.closes]).toEqual([]);
    });

    it('move from one neighbor to another and to all, and stand where they should every time', async () => {
      const speaker = await site.start(LONG_TTL_MS, [v6]);
      const route = { prefix: v4.prefix, nextHop: 'self' };
      const stops = [[EBGP4], [IBGP], undefined, [EBGP4, IBGP], [IBGP]];
      for (let round = 0; round < 25; round += 1) {
        const neighbors = stops[round % stops.length];
        // What comes along makes ExaBGP group UPDATEs with the same attributes.
        const along = { prefix: `198.51.100.${round}/32`, nextHop: 'self' };
        speaker.set(
          round + 2,
          [v6, along, neighbors === undefined ? route : { ...route, neighbors }],
          monotonic(),
        );
        for (const [address, listener] of [
          [EBGP4, site.ebgp4],
          [IBGP, site.ibgp],
        ] as const) {
          const hears = neighbors === undefined || neighbors.includes(address);
          await listener.until(
            () => listener.routes.has(along.prefix) && listener.routes.has(route.prefix) === hears,
          );
        }
      }
      expect([...site.ebgp4.closes, ...site.ibgp.closes]).toEqual([]);
    });

    it('for a neighbor that ExaBGP does not have are refused, and cost no session when they go', async () => {
      const stray = { prefix: '198.51.100.7/32', nextHop: 'self', neighbors: ['192.0.2.200'] };
      const logged: string[] = [];
      const speaker = await site.start(LONG_TTL_MS, [v4, v6, stray], {
        log: (_, message) => void logged.push(message),
      });
      await site.announced();
      while (!logged.some((line) => line.includes('refused to announce'))) await new Promise(setImmediate);
      speaker.set(2, [v4, v6], monotonic());
      while (!logged.some((line) => line.includes('needed no withdrawal'))) await new Promise(setImmediate);
      speaker.set(3, [{ ...v4, med: 5 }, v6], monotonic());
      await site.ebgp4.until(() => site.ebgp4.routes.get(v4.prefix)?.med === 5);
      expect([...site.ebgp4.closes, ...site.ebgp6.closes, ...site.ibgp.closes]).toEqual([]);
    });
  });

  it('carry a path identifier to neighbors that take one, and none to others', async () => {
    site = await Site.open({}, { addPath: true });
    const options = site.options(LONG_TTL_MS, { addPath: true });
    const six = { ...v6, pathId: 4294967295 };
    const speaker = await site.start(LONG_TTL_MS, [{ ...v4, pathId: 7 }, six], options);
    await site.announced();
    expect(site.ibgp.routes.get(v4.prefix)?.pathId).toBe(7);
    expect(site.ebgp6.routes.get(v6.prefix)?.pathId).toBe(4294967295);
    expect(site.ebgp4.routes.get(v4.prefix)).not.toHaveProperty('pathId');
    // Another path: the old one goes, or the neighbor would have two.
    speaker.set(2, [{ ...v4, pathId: 8 }, six], monotonic());
    await site.ibgp.until(() => site.ibgp.routes.get(v4.prefix)?.pathId === 8);
    expect(site.ibgp.updates.flatMap(({ withdrawn }) => withdrawn)).toEqual([v4.prefix]);
    speaker.set(3, [six], monotonic());
    await site.ibgp.until(() => site.ibgp.routes.size === 0);
    await site.ebgp4.until(() => site.ebgp4.routes.size === 0);
    expect([...site.ebgp4.closes, ...site.ebgp6.closes, ...site.ibgp.closes]).toEqual([]);
  });
});
