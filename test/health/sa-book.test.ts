import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SaBook, type Listed } from '../../health/sa-book.ts';
import type { SaEvent } from '../../health/sa-event.ts';
import { readChildSa, readIkeSa, type IkeSa } from '../../health/strongswan.ts';
import { section } from '../../health/vici/index.ts';

/** An IKE_SA "connection:uniqueid:state+child+child", each child "uniqueid" or "uniqueid:state". */
function ike(text: string): IkeSa {
  const [own = '', ...children] = text.split('+');
  const [connection = '', uniqueid = '', state = 'ESTABLISHED'] = own.split(':');
  return {
    ...readIkeSa(connection, Object.assign(section(), { uniqueid, state })),
    childSas: children.map((child) => {
      const [id = '', childState = 'INSTALLED'] = child.split(':');
      return readChildSa('net', Object.assign(section(), { uniqueid: id, state: childState }));
    }),
  };
}

const child = (id: number): ReturnType<typeof readChildSa> =>
  readChildSa('net', Object.assign(section(), { uniqueid: String(id), state: 'INSTALLED' }));
const up = (text: string): SaEvent => ({ kind: 'ike-up', ikeSa: ike(text) });
const down = (text: string): SaEvent => ({ kind: 'ike-down', ikeSa: ike(text) });
const childUp = (text: string): SaEvent => ({ kind: 'child-up', ikeSa: ike(text) });
const childDown = (text: string): SaEvent => ({ kind: 'child-down', ikeSa: ike(text) });

function list(book: SaBook, ...listed: string[]): void {
  book.beginListing();
  for (const each of listed) book.listed(ike(each));
  book.endListing();
}

/** "IKE_SAs/CHILD_SAs", with charon's own total, by default as many as it takes. */
function count(book: SaBook, total = 1000, halfOpen = 0): string {
  const { ikeSas, childSas } = book.count({ total, halfOpen });
  return `${String(ikeSas)}/${String(childSas)}`;
}

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

describe('listings', () => {
  it('count what carries traffic, and nothing else', () => {
    const book = new SaBook();
    list(
      book,
      'ra:1:ESTABLISHED+1:INSTALLED+2:REKEYING+3:UPDATING+4:REKEYED+5:DELETED+6:ROUTED',
      'ra:2:REKEYING+7',
      'ra:3:PASSIVE+8',
      'ra:4:CONNECTING',
      'ra:5:REKEYED+9',
      'ra:6:DELETING',
      '(unnamed):7:CREATED',
    );
    expect(count(book)).toBe('2/4');
  });

  it('what they leave out is kept: a worker may hold it', () => {
    const book = new SaBook();
    list(book, 'ra:1', 'ra:2', 'ra:3');
    list(book, 'ra:1');
    list(book, 'ra:1');
    list(book, 'ra:1');
    expect(count(book, 3)).toBe('3/0');
  });

  it('what two leave out is struck when charon has too few for it, not more than that', () => {
    const book = new SaBook();
    list(book, 'ra:1', 'ra:2', 'ra:3');
    list(book, 'ra:1');
    expect(book.count({ total: 1, halfOpen: 0 }).ikeSas).toBe(1); // charon's total decides at once
    expect(count(book, 3)).toBe('3/0'); // one listing strikes nothing
    list(book, 'ra:1');
    expect(count(book, 2)).toBe('2/0');
    expect(count(book, 1000)).toBe('2/0'); // one was struck for good, the other stayed
  });

  it('are due early when charon has fewer than the book', () => {
    const book = new SaBook();
    list(book, 'ra:1', 'ra:2');
    count(book, 2);
    expect(book.doubtful).toBe(false);
    count(book, 1);
    expect(book.doubtful).toBe(true);
    list(book, 'ra:1');
    expect(book.doubtful).toBe(false);
  });

  it('do not undo what events said meanwhile', () => {
    const book = new SaBook();
    list(book, 'ra:1+1', 'ra:2+2');
    book.beginListing();
    book.listed(ike('ra:1+1'));
    book.listed(ike('ra:2+2'));
    book.apply(down('ra:1:DELETING')); // listed before it went
    book.apply(childUp('ra:3+3')); // came after its place had been passed
    book.apply(childDown('ra:2+2'));
    book.endListing();
    expect(count(book)).toBe('2/1');
  });

  it('given up half way say nothing about the rest', () => {
    const book = new SaBook();
    list(book, 'ra:1', 'ra:2');
    book.beginListing();
    book.listed(ike('ra:3'));
    book.dropListing();
    expect(count(book)).toBe('2/0');
  });

  it('tell how many IKE_SAs of charon nobody has seen', () => {
    const book = new SaBook();
    list(book, 'ra:1', 'ra:2:PASSIVE', 'ra:3:CONNECTING');
    expect(book.count({ total: 10, halfOpen: 4 }).unseen).toBe(3);
    expect(book.count({ total: 3, halfOpen: 4 }).unseen).toBe(0);
  });
});

it('a clean history with complete listings counts exactly what is there', () => {
  const action = fc.record({ kind: fc.constantFrom('up', 'down', 'rekey', 'list'), pick: fc.nat() });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const book = new SaBook();
      const model = new Map<number, number[]>();
      let id = 0;
      for (const { kind, pick } of actions) {
        const ids = [...model.keys()];
        const chosen = ids[pick % Math.max(1, ids.length)];
        if (kind === 'up') {
          id += 1;
          model.set(id, [id]);
          book.apply(up(`ra:${String(id)}`));
          book.apply(childUp(`ra:${String(id)}+${String(id)}`));
        } else if (kind === 'list') {
          list(book, ...[...model].map(([own, kids]) => [`ra:${String(own)}`, ...kids].join('+')));
        } else if (chosen !== undefined) {
          const children = model.get(chosen) ?? [];
          model.delete(chosen);
          if (kind === 'down') {
            book.apply(down(`ra:${String(chosen)}:DELETING`));
          } else {
            id += 1;
            model.set(id, children);
            book.apply({
              kind: 'ike-rekeyed',
              old: ike(`ra:${String(chosen)}`),
              new: ike(`ra:${String(id)}`),
            });
          }
        }
        expect(count(book, model.size)).toBe(
          `${String(model.size)}/${String([...model.values()].flat().length)}`,
        );
      }
    }),
  );
});

it('charon’s total always decides, whatever listings and events say', () => {
  const entry = fc.integer({ min: 1, max: 30 }).map((id): Listed => ike(`ra:${String(id)}`));
  fc.assert(
    fc.property(
      fc.array(fc.array(entry, { maxLength: 20 }), { maxLength: 6 }),
      fc.nat(40),
      (listings, total) => {
        const book = new SaBook();
        for (const listing of listings) {
          book.beginListing();
          for (const each of listing) book.listed(each);
          book.endListing();
          expect(book.count({ total, halfOpen: 0 }).ikeSas).toBeLessThanOrEqual(total);
        }
      },
    ),
  );
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
