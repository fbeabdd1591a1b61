/** Who is looked at in place of all, what their silence means, and when charon is looked at. */
import { describe, expect, it } from 'vitest';
import { readIkeSa, type IkeSa } from '../../../health/strongswan.ts';
import { beginExodus, type Exodus } from '../../../sidecar/sessions/exodus.ts';
import { nextLook, type Looks } from '../../../sidecar/sessions/look.ts';
import { EMPTY_BOOK, type Session } from '../../../sidecar/sessions/sessions.ts';
import { trafficOf, type Traffic } from '../../../sidecar/sessions/traffic.ts';
import { isWatchStopped, watchOf } from '../../../sidecar/sessions/watch.ts';

const BEGUN = 10_000;
const exodusOf = (change: Partial<Exodus> = {}): Exodus => ({
  ...beginExodus(
    {
      method: 'terminate',
      pinFirst: false,
      to: undefined,
      ratePerSecond: 40,
      prefixes: undefined,
      phase: 'worsening',
      deadlineMs: 60_000,
    },
    BEGUN,
  ),
  ...change,
});

function session(id: number, how: { rate?: number; at?: number; grewAt?: number } = {}): Session {
  const { rate = 0.1, at = BEGUN, grewAt = BEGUN } = how;
  return {
    local: '192.0.2.1',
    family: 4,
    prefix: '192.0.2.1/32',
    isOwn: false,
    id,
    spi: `spi${id}`,
    connection: 'clients',
    identity: `client${id}`,
    eap: false,
    remote: '10.0.1.2',
    state: 'ESTABLISHED',
    since: 0,
    traffic: { packets: 100, at, grewAt, rate, lastingRate: rate, base: { packets: 100, at: 0 } },
    missed: 0,
    redirected: undefined,
    terminated: undefined,
  };
}

const listedAt = (at: number) => ({ book: { ...EMPTY_BOOK, listedAt: at } });
const told = (each: Session): Session => ({ ...each, terminated: { at: BEGUN, tries: 1 } });

describe('watchOf', () => {
  it('takes those who send most, as many as the pace lets go at once', () => {
    const here = Array.from({ length: 30 }, (_, index) => session(index + 1, { rate: 0.3 + index / 100 }));
    expect(watchOf(exodusOf(), here, listedAt(BEGUN))).toEqual([30, 29, 28, 27, 26, 25, 24, 23, 22, 21]);
    expect(watchOf(exodusOf({ ratePerSecond: 1 }), here, listedAt(BEGUN))).toHaveLength(8);
    const [first, ...rest] = here;
    const mute = session(first?.id ?? 0, { rate: 0 });
    expect(watchOf(exodusOf({ ratePerSecond: 1000 }), [mute, ...rest], listedAt(BEGUN))).toHaveLength(29);
  });

  it('takes those alone who send about as much: the silence of one says nothing of who sends far less', () => {
    const here = [session(1, { rate: 0.1 }), session(2, { rate: 0.025 }), session(3, { rate: 0.024 })];
    expect(watchOf(exodusOf(), here, listedAt(BEGUN))).toEqual([1, 2]);
  });

  it('takes nobody who was silent, is not on an anycast address or is told to go, nor without a listing since', () => {
    const late = BEGUN + 5000;
    expect(watchOf(exodusOf(), [session(1, { grewAt: late - 2001 })], listedAt(late))).toEqual([]);
    expect(watchOf(exodusOf(), [session(1, { grewAt: late - 2000 })], listedAt(late))).toEqual([1]);
    // A pause from before the routers were told.
    const silent = session(1, { grewAt: BEGUN - 1 });
    const pinned: Session = { ...session(2), prefix: undefined, isOwn: true };
    const here = [silent, pinned, told(session(3)), session(4)];
    expect(watchOf(exodusOf(), here, listedAt(BEGUN))).toEqual([4]);
    expect(watchOf(exodusOf(), here, listedAt(BEGUN - 1))).toEqual([]);
    expect(watchOf(exodusOf({ method: 'none' }), here, listedAt(BEGUN))).toEqual([]);
  });

  it('stays with them while one of them is left, and takes the next then', () => {
    const [one, two, three] = [session(1), session(2), session(3, { rate: 1 })];
    const exodus = exodusOf({ watched: [1, 2] });
    expect(watchOf(exodus, [told(one), two, three], listedAt(BEGUN))).toEqual([2]);
    expect(watchOf(exodus, [told(one), told(two), three], listedAt(BEGUN))).toEqual([3]);
  });
});

describe('isWatchStopped', () => {
  const exodus = exodusOf({ watched: [1, 2] });
  const both = (at: number, ...grewAts: number[]): Session[] =>
    grewAts.map((grewAt, index) => session(index + 1, { at, grewAt }));

  it('means all of them, and for as long as packets in step may take', () => {
    expect(isWatchStopped(exodus, both(BEGUN + 100, BEGUN + 10, BEGUN + 20))).toBe(true);
    expect(isWatchStopped(exodus, both(BEGUN + 600, BEGUN + 10, BEGUN + 600))).toBe(false);
    const many = exodusOf({ watched: Array.from({ length: 20 }, (_, index) => index + 1) });
    const inStep = (at: number) => both(at, ...many.watched.map(() => BEGUN + 10));
    expect([isWatchStopped(many, inStep(BEGUN + 21)), isWatchStopped(many, inStep(BEGUN + 22))]).toEqual([
      false,
      true,
    ]);
  });

  it('needs as many packets missing, since the last one came, as chance does not explain', () => {
    expect(isWatchStopped(exodus, both(BEGUN + 99, BEGUN - 900, BEGUN + 20))).toBe(false);
    expect(isWatchStopped(exodus, both(BEGUN + 100, BEGUN - 900, BEGUN + 20))).toBe(true);
  });

  it('makes no rate of a few packets that came together', () => {
    const one = exodusOf({ watched: [1] });
    const after = (count: number): Session => {
      const slow = session(1, { rate: 0.01 });
      const base = { packets: 100, at: BEGUN + 9 };
      const traffic = {
        packets: 100 + count,
        at: BEGUN + 100,
        grewAt: BEGUN + 10,
        rate: 0.01,
        lastingRate: 0.01,
      };
      return { ...slow, traffic: { ...traffic, base } };
    };
    expect([3, 4].map((count) => isWatchStopped(one, [after(count)]))).toEqual([false, true]);
  });

  it('says nothing of who paused before the routers were told, nor of others', () => {
    expect(isWatchStopped(exodus, both(BEGUN + 900, BEGUN - 10, BEGUN - 20))).toBe(false);
    const other = session(3, { at: BEGUN + 100, grewAt: BEGUN + 100 });
    expect(isWatchStopped(exodus, [...both(BEGUN + 100, BEGUN + 10, BEGUN + 20), other])).toBe(true);
    expect(isWatchStopped(exodusOf(), [other])).toBe(false);
  });
});

describe('trafficOf', () => {
  it('counts silence from the end of the look that saw packets come, as that may have read it last', () => {
    const at = (packets: number, from: number, until: number, before?: Traffic) =>
      trafficOf(saWith(packets), before, from, until);
    const grew = at(150, 10_100, 10_145, at(100, 10_000, 10_045));
    expect(grew.grewAt).toBe(10_145);
    expect(at(150, 10_190, 10_235, grew)).toMatchObject({ at: 10_190, grewAt: 10_145 });
  });
});

const saWith = (packetsIn: number): IkeSa =>
  readIkeSa('clients', {
    uniqueid: '1',
    state: 'ESTABLISHED',
    'child-sas': {
      'net-1': {
        uniqueid: '1',
        state: 'INSTALLED',
        'packets-in': String(packetsIn),
        'use-in': '0',
        'install-time': '10',
      },
    },
  });

describe('nextLook', () => {
  const looks = (change: Partial<Looks> = {}): Looks => ({
    listed: { endedAt: 1000, tookMs: 40, failed: false },
    listedAt: 960,
    isStale: false,
    sampled: { endedAt: 900, tookMs: 10 },
    ...change,
  });
  const few = { maxAgeMs: 150, urgent: true, watched: [7] };

  it('asks for nothing unless somebody wants it, or the link is new', () => {
    expect(nextLook(looks(), [], 1001)).toBeUndefined();
    expect(nextLook(looks({ isStale: true }), [], 2000)).toEqual({ at: 2000, watched: undefined });
  });

  it('leaves charon as much time as a listing took, or four times that', () => {
    expect(nextLook(looks(), [{ maxAgeMs: 10, urgent: true }], 1001)?.at).toBe(1040);
    expect(nextLook(looks(), [{ maxAgeMs: 10, urgent: false }], 1001)?.at).toBe(1160);
    const listed = { ...looks().listed, failed: true };
    expect(nextLook(looks({ listed }), [{ maxAgeMs: 10, urgent: true }], 1001)?.at).toBe(1500);
    // A deadline that passed was no work of charon's.
    const late = { endedAt: 11_000, tookMs: 10_000, failed: true };
    const stale = looks({ listed: late, isStale: true });
    expect(nextLook(stale, [few], 11_000)).toEqual({ at: 11_500, watched: undefined });
  });

  it('looks at a few at once again, until all are to be listed', () => {
    expect(nextLook(looks(), [few], 1001)).toEqual({ at: 1002, watched: [7] });
    const sampled = { endedAt: 1100, tookMs: 10 };
    expect(nextLook(looks({ sampled }), [few], 1101)).toEqual({ at: 1102, watched: [7] });
    expect(nextLook(looks({ sampled }), [few], 1110)).toEqual({ at: 1110, watched: undefined });
  });
});
