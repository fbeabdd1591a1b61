/** Announcing, withdrawing, leaving and coming back, against real ExaBGP. See exabgp-site.ts for who is there. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Announcement } from '../../bgp/announcement.ts';
import { descendants, isAlive } from '../../bgp/procfs.ts';
import { Speaker, type SpeakerReport } from '../../bgp/speaker.ts';
import { monotonic } from '../fake/lease-holder.ts';
import { exabgpVersion, LONG_TTL_MS, root, Site, v4, v6, type Hello } from './exabgp-site.ts';

const found = exabgpVersion('exabgp.test.ts');

describe.skipIf(found === undefined)(`ExaBGP ${found ?? ''}`, () => {
  let site: Site;
  beforeEach(async () => {
    site = await Site.open();
  });
  afterEach(async () => {
    await site.close();
  });

  it('announces both families with the attributes as configured', async () => {
    await site.start(LONG_TTL_MS, [v4, v6]);
    await site.announced();
    const seen = {
      prefix: v4.prefix,
      nextHop: '127.0.0.1',
      med: 100,
      communities: ['65001:100', '65535:0'],
      largeCommunities: ['65001:1:2'],
    };
    // Our own AS once for eBGP, and no local preference; none and the local preference for iBGP.
    expect(site.ebgp4.routes.get(v4.prefix)).toEqual({ ...seen, asPath: [65001] });
    expect(site.ibgp.routes.get(v4.prefix)).toEqual({ ...seen, asPath: [], localPreference: 250 });
    expect(site.ebgp6.routes.get(v6.prefix)).toEqual({
      prefix: v6.prefix,
      nextHop: '::1',
      med: 7,
      asPath: [65001, 65001, 65001],
      communities: [],
      largeCommunities: [],
    });
  });

  it('withdraws on set, and changes attributes without a withdrawal', async () => {
    const speaker = await site.start(LONG_TTL_MS, [v4, v6]);
    await site.announced();
    speaker.set(2, [{ ...v4, med: 1000, communities: [] }, v6], monotonic());
    await site.ebgp4.until(() => site.ebgp4.routes.get(v4.prefix)?.med === 1000);
    expect(site.ebgp4.updates.flatMap(({ withdrawn }) => withdrawn)).toEqual([]);
    speaker.set(3, [], monotonic());
    await site.bare();
    expect(site.ebgp4.updates.at(-1)?.withdrawn).toEqual([v4.prefix]);
    expect(site.ebgp6.updates.at(-1)?.withdrawn).toEqual([v6.prefix]);
    expect([...site.ebgp4.closes, ...site.ebgp6.closes]).toEqual([]);
  });

  it('tells a router that comes back what stands, and only that', async () => {
    const speaker = await site.start(LONG_TTL_MS, [v4, v6]);
    await site.announced();
    speaker.set(2, [v4], monotonic());
    await site.ebgp6.until(() => site.ebgp6.routes.size === 0);
    site.ebgp4.reset();
    site.ebgp6.reset();
    await site.ebgp4.until(() => site.ebgp4.sessions === 2 && site.ebgp4.routes.has(v4.prefix));
    await site.ebgp6.until(() => site.ebgp6.sessions === 2);
    expect(site.ebgp6.routes.size).toBe(0);
  });

  it('withdraws when the lease is not renewed, by UPDATE, with the sessions up', async () => {
    await site.start(1500, [v4, v6]);
    await site.announced();
    site.stopRenewing();
    await site.bare();
    expect(site.ebgp4.closes).toEqual([]);
  });

  it('withdraws more than a pipe holds from an ExaBGP that does not read', async () => {
    // 3000 withdrawals are 130 KB, a pipe takes 64: a guard that blocked on it could not kill ExaBGP. (All of
    // them would be one clear.)
    const many = Array.from({ length: 3000 }, (_, n): Announcement => ({
      prefix: `10.${n >> 8}.${n & 255}.0/24`,
      nextHop: 'self',
    }));
    const speaker = await site.start(LONG_TTL_MS, many);
    await site.ebgp4.until(() => site.ebgp4.routes.size === many.length);
    process.kill(site.exabgp.pid, 'SIGSTOP');
    speaker.set(2, [v4], monotonic());
    await site.bare();
    expect(site.ebgp4.closes).toHaveLength(1);
  });

  it('withdraws everything by one clear, from every neighbor, with the sessions up', async () => {
    const more = ['192.0.2.9/32', '198.51.100.0/24'].map((prefix) => ({ ...v4, prefix, med: 9 }));
    const speaker = await site.start(LONG_TTL_MS, [v4, v6, ...more]);
    await site.announced();
    await site.ebgp4.until(() => site.ebgp4.routes.size === 3);
    speaker.set(2, [], monotonic());
    await site.bare();
    const all = [v4.prefix, ...more.map(({ prefix }) => prefix)].toSorted();
    for (const listener of [site.ebgp4, site.ibgp]) {
      expect(listener.updates.flatMap(({ withdrawn }) => withdrawn).toSorted()).toEqual(all);
    }
    expect(site.ebgp6.updates.flatMap(({ withdrawn }) => withdrawn)).toEqual([v6.prefix]);
    expect([...site.ebgp4.closes, ...site.ebgp6.closes, ...site.ibgp.closes]).toEqual([]);
  });

  it('keeps what is announced right after a clear, the same prefix or another', async () => {
    const speaker = await site.start(LONG_TTL_MS, [v4, v6]);
    await site.announced();
    for (let round = 0; round < 20; round += 1) {
      const other = { ...v4, prefix: `198.51.100.${round}/32` };
      speaker.set(round * 2 + 2, [], monotonic());
      speaker.set(round * 2 + 3, [{ ...v4, med: round }, v6, other], monotonic());
      await site.ebgp4.until(
        () => site.ebgp4.routes.get(v4.prefix)?.med === round && site.ebgp4.routes.has(other.prefix),
      );
    }
    await site.announced();
    expect(site.ebgp4.routes.size).toBe(2);
    expect(site.ebgp6.routes.size).toBe(1);
  });

  it('withdraws what was told to announce a moment before', async () => {
    const speaker = await site.start(LONG_TTL_MS, []);
    for (let round = 0; round < 20; round += 1) {
      const many = Array.from({ length: 12 }, (_, n) => ({ ...v4, prefix: `10.${round}.${n}.0/24` }));
      speaker.set(round * 3 + 2, [...many, v6], monotonic());
      speaker.set(round * 3 + 3, [], monotonic());
      // What comes after it has arrived: so would everything that came before.
      const last = { ...v4, prefix: `192.0.2.${round}/32` };
      speaker.set(round * 3 + 4, [last], monotonic());
      await site.ebgp4.until(() => site.ebgp4.routes.has(last.prefix));
      expect([...site.ebgp4.routes.keys()]).toEqual([last.prefix]);
    }
    await site.ebgp6.until(() => site.ebgp6.routes.size === 0);
    expect(site.ebgp4.closes).toEqual([]);
  });

  it('puts nothing on the wire when a sidecar leaves and the next adopts its lease', async () => {
    await site.start(LONG_TTL_MS, [v4, v6]);
    await site.announced();
    const seen = [site.ebgp4.updates.length, site.ebgp6.updates.length];
    const successor = new Speaker({
      ...site.options(LONG_TTL_MS),
      supervise: false,
      now: monotonic,
      log: () => undefined,
      onReport: (report) => {
        site.reports.push(report);
        if (report.type === 'hello') successor.renew(report.generation, monotonic());
      },
    });
    // The first one is gone, its ExaBGP is not: the way it is with a unit of its own.
    site.speakers.push(successor);
    const before = site.reports.length;
    successor.start();
    while (!site.reports.slice(before).some(({ type }) => type === 'hello')) await new Promise(setImmediate);
    const hello = site.reports.slice(before).find((report): report is Hello => report.type === 'hello');
    expect(hello).toMatchObject({ lease: 'held', generation: 1 });
    expect(hello?.acknowledged.toSorted()).toEqual([v4.prefix, v6.prefix]);
    expect([site.ebgp4.updates.length, site.ebgp6.updates.length]).toEqual(seen);
  });

  it('withdraws on release, and leaves no process behind', async () => {
    const speaker = await site.start(LONG_TTL_MS, [v4, v6]);
    await site.announced();
    const { exabgp } = site;
    const family = [exabgp, ...descendants(exabgp.pid)];
    expect(family).toHaveLength(3);
    site.stopRenewing();
    expect(await speaker.release(30_000)).toEqual({ withdrawn: true });
    await site.bare();
    await speaker.stop();
    expect(family.filter(isAlive)).toEqual([]);
  });

  it('withdraws when the sidecar is killed; ExaBGP lives on until the successor ends it', async () => {
    const given = { ...site.options(1500), announcements: [v4, v6] };
    const sidecar = spawn(
      process.execPath,
      [join(root, 'test/fake/sidecar-program.ts'), JSON.stringify(given)],
      {
        stdio: 'ignore',
      },
    );
    await site.up();
    await site.announced();
    const orphan = site.exabgp;
    const family = [orphan, ...descendants(orphan.pid)];
    sidecar.kill('SIGKILL');
    await site.bare();
    // By UPDATE, not by its death.
    expect(site.ebgp4.closes).toEqual([]);
    expect(family.every(isAlive)).toBe(true);
    await site.start(LONG_TTL_MS, [v4, v6]);
    await site.up(2);
    await site.announced();
    expect(family.filter(isAlive)).toEqual([]);
    expect(site.exabgp.pid).not.toBe(orphan.pid);
  });

  it('says what ExaBGP has against a configuration', async () => {
    const { supervise } = site.options(1000);
    if (supervise === false) throw new Error('supervised');
    const reports: SpeakerReport[] = [];
    const speaker = new Speaker({
      ...site.options(1000),
      supervise: { ...supervise, configText: supervise.configText.replace('hold-time 9', 'hold-time 1') },
      now: monotonic,
      log: () => undefined,
      onReport: (report) => reports.push(report),
    });
    site.speakers.push(speaker);
    speaker.start();
    while (!reports.some(({ type }) => type === 'disconnected')) await new Promise(setImmediate);
    expect(reports[0]).toMatchObject({ type: 'disconnected', code: 'EXABGP_CONFIG' });
    expect(reports[0]).toMatchObject({
      detail: expect.stringContaining('holdtime must be zero or at least three seconds'),
    });
  });

  it.each([
    ['only the router', 'graceful-restart disable;', []],
    ['both ends', 'graceful-restart 120;', ['127.0.0.1']],
  ])('says so when graceful restart is advertised by %s', async (_, setting, expected) => {
    await site.close();
    site = await Site.open({ gracefulRestart: true });
    const { supervise } = site.options(LONG_TTL_MS);
    if (supervise === false) throw new Error('supervised');
    const configText = supervise.configText.replaceAll('graceful-restart disable;', setting);
    const speaker = await site.start(LONG_TTL_MS, [v4, v6], { supervise: { ...supervise, configText } });
    await site.announced();
    // The first answer leaves the guard idle, so it asks about the sessions; the second comes after that answer.
    for (const med of [2, 3]) {
      speaker.set(med, [{ ...v4, med }, v6], monotonic());
      await site.ibgp.until(() => site.ibgp.routes.get(v4.prefix)?.med === med);
    }
    speaker.set(4, [], monotonic());
    const newest = (): Extract<SpeakerReport, { type: 'report' }> | undefined =>
      site.reports.findLast((report) => report.type === 'report');
    while (newest()?.generation !== 4 || newest()?.acknowledged.length !== 0) await new Promise(setImmediate);
    expect(Object.values(newest()?.neighbors ?? {})).toEqual(['up', 'up', 'up']);
    expect(newest()?.gracefulRestart).toEqual(expected);
  });

  it('a guard that was started anew learns which sessions are up', async () => {
    await site.start(LONG_TTL_MS / 4, [v4, v6]);
    await site.announced();
    process.kill(site.guard.pid, 'SIGKILL');
    const killedAt = site.reports.length;
    const known = (): boolean =>
      site.reports.slice(killedAt).some((report) => {
        if (report.type !== 'report') return false;
        return Object.values(report.neighbors).filter((state) => state === 'up').length === 3;
      });
    while (!known()) await new Promise(setImmediate);
    // Without any session having gone.
    expect([...site.ebgp4.closes, ...site.ebgp6.closes, ...site.ibgp.closes]).toEqual([]);
  });

  it.each<[string, readonly Announcement[]]>([
    ['one clear', []],
    ['one withdraw route each, something else stays', [{ prefix: '203.0.113.1/32', nextHop: 'self' }]],
  ])('measures from set to UPDATE, %s (printed, not judged)', async (way, stays) => {
    const some = [v4, ...Array.from({ length: 4 }, (_, n) => ({ ...v4, prefix: `198.51.100.${n}/32` }))];
    const speaker = await site.start(LONG_TTL_MS, [...some, ...stays]);
    const count = some.length + stays.length;
    await site.ebgp4.until(() => site.ebgp4.routes.size === count);
    const times: number[] = [];
    for (let generation = 2; generation < 82; generation += 2) {
      const began = monotonic();
      speaker.set(generation, stays, monotonic());
      await site.ebgp4.until(() => site.ebgp4.routes.size === stays.length);
      times.push((site.ebgp4.updates.at(-1)?.at ?? Infinity) - began);
      speaker.set(generation + 1, [...some, ...stays], monotonic());
      await site.ebgp4.until(() => site.ebgp4.routes.size === count);
    }
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2);
    process.stderr.write(
      `set → last UPDATE of ${some.length} prefixes, ${way}, ms: min ${at(0)} median ${at(0.5)} p95 ${at(0.95)} max ${at(1)}\n`,
    );
    expect(times.every(Number.isFinite)).toBe(true);
  });
});
