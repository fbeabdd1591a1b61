/** The book, the pace, the places and stillness, each by itself. */
import { describe, expect, it } from 'vitest';
import type { IkeSa } from '../../../health/strongswan.ts';
import { allowance, record, type Sent } from '../../../sidecar/sessions/pace.ts';
import { accepts, holds, placeOf } from '../../../sidecar/sessions/place.ts';
import {
  beginListing,
  clientOf,
  EMPTY_BOOK,
  hearEvents,
  hearListing,
  note,
  replace,
  type Book,
} from '../../../sidecar/sessions/sessions.ts';
import { inboundOf, isStill } from '../../../sidecar/sessions/stillness.ts';
import { Crowd } from './crowd.ts';
import { mostInASecond } from './crowd-clock.ts';
import { ANYCAST, OWN, policyOf } from './crowd-place.ts';

const policy = policyOf();

function ikeSa(
  id: number,
  change: Partial<IkeSa> & { packets?: number; useIn?: number; age?: number } = {},
): IkeSa {
  const { packets = 0, useIn, age = 10, ...rest } = change;
  const child = {
    ...{ name: 'services', uniqueId: id, reqId: id, state: 'INSTALLED', mode: 'TUNNEL', protocol: 'ESP' },
    ...{ encap: false, spiIn: '', spiOut: '', bytesIn: 0, packetsIn: packets, bytesOut: 0, packetsOut: 0 },
    ...{
      useInSeconds: useIn,
      useOutSeconds: undefined,
      rekeyInSeconds: undefined,
      lifeTimeSeconds: undefined,
    },
    ...{ installedSeconds: age, localTs: [], remoteTs: [] },
  };
  return {
    ...{ connection: 'clients', uniqueId: id, version: 2, state: 'ESTABLISHED', remoteEapId: undefined },
    local: { host: ANYCAST, port: 4500, id: 'gw' },
    remote: { host: '10.0.1.2', port: 4500, id: `c${id}` },
    ...{ initiator: false, initiatorSpi: `i${id}`, responderSpi: `r${id}`, establishedSeconds: age },
    ...{
      rekeyInSeconds: undefined,
      reauthInSeconds: undefined,
      localVips: [],
      remoteVips: [],
      tasksActive: [],
    },
    childSas: [child],
    ...rest,
  };
}

const up = (book: Book, ...sas: IkeSa[]): Book =>
  hearEvents(
    book,
    sas.map((each) => ({ kind: 'ike-up', ikeSa: each })),
    policy,
    1000,
  ).book;

const list = (book: Book, at: number, sas: readonly IkeSa[], total: number | undefined = sas.length): Book =>
  hearListing(beginListing(book), sas, total, at, policy);

describe('the book', () => {
  it('takes the EAP identity where there is one, and knows the place', () => {
    const book = up(
      EMPTY_BOOK,
      ikeSa(1, { remoteEapId: 'alice' }),
      ikeSa(2, { local: { host: '10.1.1.2', port: 4500, id: '' } }),
    );
    expect(book.sessions.get(1)).toMatchObject({
      identity: 'alice',
      eap: true,
      prefix: '192.0.2.1/32',
      isOwn: false,
    });
    expect(book.sessions.get(2)).toMatchObject({
      identity: 'c2',
      eap: false,
      prefix: undefined,
      isOwn: true,
    });
  });

  it('does not take a probe or the other node of a pair for a client', () => {
    const book = up(EMPTY_BOOK, ikeSa(1, { connection: '(unnamed)' }), ikeSa(2, { state: 'PASSIVE' }));
    expect(book.sessions.size).toBe(0);
  });

  it('forgets with a down event, and keeps what was done over a rekey', () => {
    let book = note(up(EMPTY_BOOK, ikeSa(1), ikeSa(2)), [1], (session) => ({
      ...session,
      redirected: { at: 5, to: 'x' },
    }));
    book = hearEvents(book, [{ kind: 'ike-rekeyed', old: ikeSa(1), new: ikeSa(7) }], policy, 1000).book;
    book = hearEvents(book, [{ kind: 'ike-down', ikeSa: ikeSa(2) }], policy, 1000).book;
    expect([...book.sessions.keys()]).toEqual([7]);
    expect(book.sessions.get(7)?.redirected).toEqual({ at: 5, to: 'x' });
  });

  it('a missing one is struck out after two listings, and only where charon has too few for it', () => {
    let book = list(up(EMPTY_BOOK, ikeSa(1), ikeSa(2)), 10, [ikeSa(1)], 1);
    expect(book.sessions.size).toBe(2);
    expect(list(book, 20, [ikeSa(1)], 2).sessions.size).toBe(2);
    book = list(book, 20, [ikeSa(1)], 1);
    expect([...book.sessions.keys()]).toEqual([1]);
  });

  it('an event during the listing knows better', () => {
    let book = beginListing(up(EMPTY_BOOK, ikeSa(1)));
    book = hearEvents(
      book,
      [
        { kind: 'ike-down', ikeSa: ikeSa(1) },
        { kind: 'ike-up', ikeSa: ikeSa(2) },
      ],
      policy,
      1,
    ).book;
    book = hearListing(book, [ikeSa(1)], 1, 0, policy);
    expect([...book.sessions.keys()]).toEqual([2]);
    expect(book.sessions.get(2)?.missed).toBe(0);
  });

  it("another charon's IKE_SA under the same id is another one", () => {
    let book = note(up(EMPTY_BOOK, ikeSa(1)), [1], (session) => ({
      ...session,
      redirected: { at: 5, to: 'x' },
    }));
    book = list(book, 10, [ikeSa(1, { initiatorSpi: 'new' })]);
    expect(book.sessions.get(1)).toMatchObject({ spi: 'new', redirected: undefined });
  });

  it('places all anew after a reload', () => {
    const book = replace(up(EMPTY_BOOK, ikeSa(1)), policyOf({ anycast: [] }));
    expect(book.sessions.get(1)?.prefix).toBeUndefined();
  });

  it('two devices of one identity are two clients', () => {
    expect(clientOf({ identity: 'a', remote: '1' })).not.toBe(clientOf({ identity: 'a', remote: '2' }));
  });
});

describe('traffic', () => {
  const after = (...listings: (readonly [at: number, packets: number, age?: number])[]) =>
    listings
      .reduce(
        (book, [at, packets, age = at / 1000]) => list(book, at, [ikeSa(1, { packets, age, useIn: 0 })]),
        EMPTY_BOOK,
      )
      .sessions.get(1);

  it('has not stopped while the number grows, nor when a CHILD_SA was rekeyed', () => {
    expect(isStill(after([10_000, 1000], [10_500, 1050], [11_000, 1100]) ?? never(), 300)).toBe(false);
    const rekeyed = after([10_000, 1000], [10_500, 1050], [11_000, 3]);
    expect(rekeyed?.traffic?.grewAt).toBe(11_000);
  });

  it('has stopped when as many packets are missing as chance does not explain, and not before quietMs', () => {
    const silent = (at: number) => after([10_000, 1000], [10_500, 1050], [at, 1050]) ?? never();
    expect(isStill(silent(10_570), 0)).toBe(false);
    expect(isStill(silent(10_600), 0)).toBe(true);
    expect(isStill(silent(10_600), 300)).toBe(false);
    expect(isStill(silent(10_800), 300)).toBe(true);
  });

  it('takes a pause after a burst for a pause', () => {
    const burst = after([100_000, 100], [100_500, 600], [101_000, 600]) ?? never();
    expect(isStill(burst, 300)).toBe(false);
  });

  it('who never sent has not stopped', () => {
    expect(isStill(up(EMPTY_BOOK, ikeSa(1)).sessions.get(1) ?? never(), 0)).toBe(false);
    expect(inboundOf([...up(EMPTY_BOOK, ikeSa(1)).sessions.values()], 0, 0)).toBe('nobody');
  });

  it('says nothing of who was left out by the last listing, as a worker held it', () => {
    const sending = list(list(EMPTY_BOOK, 10_000, [ikeSa(1, { packets: 100, useIn: 0 })]), 10_500, [
      ikeSa(1, { packets: 150, useIn: 0 }),
    ]);
    const inbound = (book: Book) => inboundOf([...book.sessions.values()], 10_500, book.listedAt ?? 0);
    expect(inbound(list(sending, 11_000, [], 1))).toBe('nobody');
    expect(inbound(list(sending, 11_000, [ikeSa(1, { packets: 150, useIn: 0 })]))).toBe('stopped');
  });

  it("a look at a few takes nothing from another charon's IKE_SA under the same id", () => {
    const crowd = new Crowd();
    crowd.add(1);
    crowd.start().run(1000);
    const [sa] = crowd.live();
    if (sa === undefined) throw new Error('no session');
    const hear = (initiatorSpi: string) => {
      const seen = { ikeSa: { ...crowd.told(sa), initiatorSpi }, from: crowd.now, until: crowd.now };
      crowd.send({ type: 'sample', startedAt: crowd.now, seen: [seen] });
      return crowd.state.book.sessions.get(sa.id)?.traffic;
    };
    const before = crowd.state.book.sessions.get(sa.id)?.traffic;
    expect(hear('another')).toBe(before);
    expect(hear(crowd.told(sa).initiatorSpi)?.packets).toBeGreaterThan(before?.packets ?? NaN);
  });

  it('of all together: flowing while one sends, stopped when they all miss packets, nobody when all were silent long before', () => {
    const many = (...rows: (readonly [at: number, packets: readonly number[]])[]) => [
      ...rows
        .reduce(
          (book, [at, packets]) =>
            list(
              book,
              at,
              packets.map((each, index) => ikeSa(index + 1, { packets: each, age: 10, useIn: 0 })),
            ),
          EMPTY_BOOK,
        )
        .sessions.values(),
    ];
    expect(
      inboundOf(many([10_000, [100, 100]], [10_500, [150, 150]], [10_600, [150, 160]]), 10_500, 10_600),
    ).toBe('flowing');
    expect(
      inboundOf(many([10_000, [100, 100]], [10_500, [150, 150]], [10_541, [150, 150]]), 10_500, 10_541),
    ).toBe('stopped');
    expect(
      inboundOf(many([10_000, [100, 100]], [10_500, [150, 150]], [10_510, [150, 150]]), 10_500, 10_510),
    ).toBe('flowing');
    expect(
      inboundOf(many([10_000, [100, 100]], [10_500, [150, 150]], [20_000, [150, 150]]), 20_000, 20_000),
    ).toBe('nobody');
  });
});

describe('pace', () => {
  it('never lets more than the rate into any second, nor more than a quarter of it into 100 ms', () => {
    for (const rate of [1, 3, 7, 100, 1000]) {
      let sent: readonly Sent[] = [];
      const times: number[] = [];
      let now = 0;
      while (times.length < rate * 3) {
        const { count, nextAt } = allowance(sent, rate, now);
        expect(count).toBeLessThanOrEqual(Math.max(1, rate / 4));
        times.push(...Array.from({ length: count }, () => now));
        sent = record(sent, count, now);
        expect(nextAt ?? now + 1).toBeGreaterThan(now);
        now = nextAt ?? now + 1;
      }
      expect(mostInASecond(times)).toBeLessThanOrEqual(rate);
      expect(now).toBeLessThanOrEqual(3000 + 1000);
    }
  });
});

describe('places', () => {
  it.each([
    ['192.0.2.1/32', '192.0.2.1', true],
    ['192.0.2.0/24', '192.0.2.200', true],
    ['192.0.2.0/25', '192.0.2.200', false],
    ['2001:db8:53::1/128', '2001:0db8:0053::1', true],
    ['192.0.2.1/32', '::1', false],
    ['nonsense', '192.0.2.1', false],
  ])('%s holds %s: %s', (prefix, address, expected) => {
    expect(holds(prefix, address)).toBe(expected);
  });

  it.each([
    [['%any'], true],
    [[], true],
    [['192.0.2.1'], false],
    [['192.0.2.1', '10.1.1.2'], true],
    [['10.1.0.0/16'], true],
    [['10.1.1.1-10.1.1.9'], true],
    [['10.1.1.3-10.1.1.9'], false],
    [['gw1.example.org'], undefined],
    [['gw1.example.org', '10.1.1.2'], true],
  ])('local_addrs %j take 10.1.1.2: %s', (localAddrs, expected) => {
    expect(accepts(localAddrs, '10.1.1.2')).toBe(expected);
  });

  it('knows the own unicast address of each family, however it is written', () => {
    expect(placeOf('fd00:1:1:0::2', policy)).toMatchObject({ isOwn: true, family: 6 });
    expect(placeOf(OWN.address ?? '', policy)).toMatchObject({ isOwn: true, family: 4 });
    expect(placeOf('10.9.9.9', policy)).toMatchObject({ isOwn: false, prefix: undefined });
  });
});

function never(): never {
  throw new Error('no session');
}
