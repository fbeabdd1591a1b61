/** What a listing makes of the book: what it adds, what it may strike, and that charon's own total decides. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SaBook, type Listed } from '../../health/sa-book.ts';
import { childDown, childUp, count, down, ike, list, up } from './sa-book.fixture.ts';

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
