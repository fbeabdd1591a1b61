/** What the events of charon come to in the book, and what is not counted at all. */
import { describe, expect, it } from 'vitest';
import { SaBook } from '../../health/sa-book.ts';
import type { IkeSa } from '../../health/strongswan.ts';
import { child, childDown, childUp, count, down, ike, list, up } from './sa-book.fixture.ts';

describe('counting by events', () => {
  it('a login, a CHILD_SA more, a logout', () => {
    const book = new SaBook();
    book.apply(up('ra:1'));
    expect(count(book)).toBe('1/0');
    book.apply(childUp('ra:1+1'));
    book.apply(childUp('ra:1+2'));
    expect(count(book)).toBe('1/2');
    book.apply(childDown('ra:1:DELETING+1+2'));
    expect(count(book)).toBe('1/0');
    book.apply(down('ra:1:DELETING'));
    expect(count(book)).toBe('0/0');
  });

  it('a CHILD_SA that goes down twice (strongSwan #3003) goes once', () => {
    const book = new SaBook();
    book.apply(childUp('ra:1+1+2'));
    book.apply(childDown('ra:1+1'));
    book.apply(childDown('ra:1+1'));
    expect(count(book)).toBe('1/1');
  });

  it('a failed IKE_SA_INIT (our own probe) changes nothing', () => {
    const book = new SaBook();
    book.apply(down('(unnamed):9:CONNECTING'));
    book.apply({ kind: 'ike-moved', ikeSa: ike('(unnamed):9:CONNECTING') });
    expect(count(book)).toBe('0/0');
  });

  it('a rekeyed IKE_SA has another uniqueid and keeps its CHILD_SAs', () => {
    const book = new SaBook();
    book.apply(childUp('ra:1+1'));
    book.apply({ kind: 'ike-rekeyed', old: ike('ra:1:REKEYING'), new: ike('ra:2') });
    expect(count(book)).toBe('1/1');
    book.apply(down('ra:2:DELETING'));
    expect(count(book)).toBe('0/0');
    expect(book.doubtful).toBe(false);
  });

  it('a rekeyed IKE_SA that was unknown is counted, and a listing is due', () => {
    const book = new SaBook();
    book.apply({ kind: 'ike-rekeyed', old: ike('ra:1:REKEYING'), new: ike('ra:2') });
    expect(count(book)).toBe('1/0');
    expect(book.doubtful).toBe(true);
  });

  it('a rekeyed CHILD_SA replaces the old one', () => {
    const book = new SaBook();
    book.apply(childUp('ra:1+1'));
    book.apply({ kind: 'child-rekeyed', ikeSa: ike('ra:1'), old: child(1), new: child(2) });
    book.apply(childDown('ra:1+1'));
    expect(count(book)).toBe('1/1');
    expect(book.doubtful).toBe(false);
  });

  it('a CHILD_SA that both ends rekeyed at once makes a listing due', () => {
    const book = new SaBook();
    book.apply(childUp('ra:1+2'));
    book.apply({ kind: 'child-rekeyed', ikeSa: ike('ra:1'), old: child(2), new: child(4) });
    book.apply({ kind: 'child-rekeyed', ikeSa: ike('ra:1'), old: child(2), new: child(3) });
    expect(book.doubtful).toBe(true);
    list(book, 'ra:1+3');
    expect(count(book)).toBe('1/1');
    expect(book.doubtful).toBe(false);
  });

  it('counts each connection, whatever its name', () => {
    const book = new SaBook();
    for (const each of ['up:1+1', '__proto__:2+2+3', 'up:4']) book.apply(childUp(each));
    const { connections } = book.count({ total: 3, halfOpen: 0 });
    expect([...connections]).toEqual([
      ['up', { ikeSas: 2, childSas: 1, complete: 1 }],
      ['__proto__', { ikeSas: 1, childSas: 2, complete: 1 }],
    ]);
  });
});

it('PASSIVE IKE_SAs, those of the other node of a pair, are never counted', () => {
  const book = new SaBook();
  book.apply({ kind: 'ike-up', ikeSa: ike('ra:1:PASSIVE') });
  book.apply({ kind: 'child-up', ikeSa: ike('ra:1:PASSIVE+1') });
  list(book, 'ra:1:PASSIVE+1', 'ra:2+2');
  expect(count(book)).toBe('1/1');
});

it('a connection says how many of its IKE_SAs have a CHILD_SA', () => {
  const book = new SaBook();
  list(book, 'site:1+1+2', 'site:2', 'other:3+3');
  expect(Object.fromEntries(book.count({ total: 3, halfOpen: 0 }).connections)).toEqual({
    site: { ikeSas: 2, childSas: 2, complete: 1 },
    other: { ikeSas: 1, childSas: 1, complete: 1 },
  });
});

describe('identities that are not counted', () => {
  const as = (text: string, id: string, eap?: string): IkeSa => ({
    ...ike(text),
    remote: { host: '10.0.0.1', port: 500, id },
    remoteEapId: eap,
  });

  it('not by events, by IKE nor by EAP identity; nor are their CHILD_SAs', () => {
    const book = new SaBook(['canary.example.org', 'canary']);
    book.apply({ kind: 'child-up', ikeSa: as('ra:1+1', 'canary.example.org') });
    book.apply({ kind: 'child-up', ikeSa: as('ra:2+2', '10.0.0.1', 'canary') });
    book.apply({ kind: 'child-up', ikeSa: as('ra:3+3', 'client.example.org', 'alice') });
    expect(count(book, 3)).toBe('1/1');
    expect(book.count({ total: 3, halfOpen: 0 }).connections.get('ra')).toEqual({
      ikeSas: 1,
      childSas: 1,
      complete: 1,
    });
  });

  it('nor by a listing, and are not taken for IKE_SAs that a worker holds', () => {
    const book = new SaBook(['canary.example.org']);
    book.beginListing();
    book.listed(as('ra:1+1', 'canary.example.org'));
    book.listed(as('ra:2+2', 'client.example.org'));
    book.endListing();
    expect(book.count({ total: 2, halfOpen: 0 })).toMatchObject({ ikeSas: 1, childSas: 1, unseen: 0 });
  });

  it('still not when they are rekeyed', () => {
    const book = new SaBook(['canary.example.org']);
    book.apply({ kind: 'ike-up', ikeSa: as('ra:1', 'canary.example.org') });
    book.apply({
      kind: 'ike-rekeyed',
      old: as('ra:1', 'canary.example.org'),
      new: as('ra:2', 'canary.example.org'),
    });
    expect(count(book, 1)).toBe('0/0');
  });
});
