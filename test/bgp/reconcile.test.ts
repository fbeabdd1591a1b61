import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Announcement } from '../../bgp/announcement.ts';
import { acknowledged, answer, EMPTY_LEDGER, reconcile, type Ledger } from '../../bgp/reconcile.ts';

const limits = { unackedMaximum: 2, refusalRetryMs: 1000 };
const route = (n: number, med?: number): Announcement => ({
  prefix: `192.0.2.${n}/32`,
  nextHop: 'self',
  ...(med === undefined ? {} : { med }),
});
const words = ({ commands }: ReturnType<typeof reconcile>): string[] =>
  commands.map((part) => ('announcement' in part ? `${part.kind} ${part.announcement.prefix}` : part.kind));

/** Takes `count` answers, all of one kind. */
function answered(ledger: Ledger, verdict: 'done' | 'error' = 'done', now = 0): Ledger {
  const taken = answer(ledger, verdict, now, limits);
  return taken === undefined ? ledger : answered(taken.ledger, verdict, now);
}

describe('reconcile', () => {
  it('announces what is missing, and nothing twice', () => {
    const first = reconcile(EMPTY_LEDGER, [route(1)], 0, limits);
    expect(words(first)).toEqual(['announce 192.0.2.1/32']);
    expect(words(reconcile(first.ledger, [route(1)], 1, limits))).toEqual([]);
    const ledger = answered(first.ledger);
    expect(acknowledged(ledger)).toEqual(['192.0.2.1/32']);
    expect(words(reconcile(ledger, [route(1)], 2, limits))).toEqual([]);
  });

  it('writes withdrawals first', () => {
    const ledger = answered(reconcile(EMPTY_LEDGER, [route(1)], 0, limits).ledger);
    expect(words(reconcile(ledger, [route(2)], 1, limits))).toEqual([
      'withdraw 192.0.2.1/32',
      'announce 192.0.2.2/32',
    ]);
  });

  it('leaves at most so many announcements unanswered, and any number of withdrawals', () => {
    const five = [1, 2, 3, 4, 5].map((n) => route(n));
    let ledger: Ledger = EMPTY_LEDGER;
    for (const expected of [2, 2, 1, 0]) {
      const next = reconcile(ledger, five, 0, limits);
      expect(next.commands).toHaveLength(expected);
      ledger = answered(next.ledger);
    }
    expect(words(reconcile(ledger, [route(9)], 0, limits)).slice(0, 5)).toEqual(
      five.map(({ prefix }) => `withdraw ${prefix}`),
    );
  });

  it('lets a withdrawal overtake an announcement that is not answered yet', () => {
    const { ledger } = reconcile(EMPTY_LEDGER, [route(1)], 0, limits);
    const withdrawal = reconcile(ledger, [route(2)], 1, limits);
    expect(words(withdrawal)).toEqual(['withdraw 192.0.2.1/32', 'announce 192.0.2.2/32']);
    // The late `done` of the announcement does not make it announced again.
    const first = answer(withdrawal.ledger, 'done', 2, limits);
    expect(first?.ledger.routes.get('192.0.2.1/32')?.state).toBe('withdrawing');
    expect(acknowledged(answered(withdrawal.ledger))).toEqual(['192.0.2.2/32']);
  });

  it('announces again only after the withdrawal was answered', () => {
    const announced = answered(reconcile(EMPTY_LEDGER, [route(1)], 0, limits).ledger);
    const { ledger } = reconcile(announced, [], 1, limits);
    expect(acknowledged(ledger)).toEqual(['192.0.2.1/32']);
    expect(words(reconcile(ledger, [route(1)], 2, limits))).toEqual([]);
    expect(words(reconcile(answered(ledger), [route(1)], 3, limits))).toEqual(['announce 192.0.2.1/32']);
  });

  it('changes attributes by announcing, one change at a time', () => {
    const announced = answered(reconcile(EMPTY_LEDGER, [route(1)], 0, limits).ledger);
    const change = reconcile(announced, [route(1, 5)], 1, limits);
    expect(words(change)).toEqual(['announce 192.0.2.1/32']);
    expect(acknowledged(change.ledger)).toEqual(['192.0.2.1/32']);
    expect(words(reconcile(change.ledger, [route(1, 6)], 2, limits))).toEqual([]);
    expect(words(reconcile(answered(change.ledger), [route(1, 6)], 3, limits))).toEqual([
      'announce 192.0.2.1/32',
    ]);
  });

  it('lets a refused announcement rest, unless the words change', () => {
    const refused = answered(reconcile(EMPTY_LEDGER, [route(1)], 0, limits).ledger, 'error', 10);
    expect(acknowledged(refused)).toEqual([]);
    expect(words(reconcile(refused, [route(1)], 500, limits))).toEqual([]);
    expect(words(reconcile(refused, [route(1, 7)], 500, limits))).toEqual(['announce 192.0.2.1/32']);
    expect(words(reconcile(refused, [route(1)], 1010, limits))).toEqual(['announce 192.0.2.1/32']);
    // It may stand in ExaBGP from before, so dropping it is a withdrawal all the same.
    expect(words(reconcile(refused, [route(2)], 500, limits))[0]).toBe('withdraw 192.0.2.1/32');
    expect(words(reconcile(refused, [], 500, limits))).toEqual(['clear']);
  });
});

describe('routes of one prefix', () => {
  const at = (neighbor: string, med?: number): Announcement => ({ ...route(1, med), neighbors: [neighbor] });
  const told = ({ commands }: ReturnType<typeof reconcile>): string[] =>
    commands.map((part) =>
      'announcement' in part
        ? `${part.kind} ${part.announcement.neighbors?.join() ?? 'all'} ${part.announcement.pathId ?? '-'}`
        : part.kind,
    );

  it('stand side by side, each for its neighbors, and count as one prefix', () => {
    const first = reconcile(EMPTY_LEDGER, [at('10.0.0.1'), at('10.0.0.2')], 0, limits);
    expect(told(first)).toEqual(['announce 10.0.0.1 -', 'announce 10.0.0.2 -']);
    const ledger = answered(first.ledger);
    expect(acknowledged(ledger)).toEqual(['192.0.2.1/32']);
    const change = reconcile(ledger, [at('10.0.0.1'), at('10.0.0.2', 5)], 1, limits);
    expect(told(change)).toEqual(['announce 10.0.0.2 -']);
    const less = reconcile(answered(change.ledger), [at('10.0.0.1')], 2, limits);
    expect(told(less)).toEqual(['withdraw 10.0.0.2 -']);
    expect(acknowledged(answered(less.ledger))).toEqual(['192.0.2.1/32']);
  });

  it.each<[string, Announcement, string]>([
    ['path', { ...route(1), pathId: 7 }, 'announce all 7'],
    ['neighbors', at('10.0.0.2'), 'announce 10.0.0.2 -'],
  ])('with another %s: the old one goes, and only then the new one comes', (_, other, announce) => {
    const ledger = answered(reconcile(EMPTY_LEDGER, [route(1)], 0, limits).ledger);
    const change = reconcile(ledger, [other], 1, limits);
    expect(told(change)).toEqual(['withdraw all -']);
    expect(told(reconcile(change.ledger, [other], 2, limits))).toEqual([]);
    expect(told(reconcile(answered(change.ledger), [other], 3, limits))).toEqual([announce]);
  });

  it('that were never taken need no withdrawal, and are forgotten when it is refused', () => {
    const refused = answered(reconcile(EMPTY_LEDGER, [at('10.0.0.9')], 0, limits).ledger, 'error');
    const { ledger } = reconcile(refused, [route(2)], 1, limits);
    expect(ledger.routes.get('192.0.2.1/32 - 10.0.0.9')?.state).toBe('withdrawing');
    expect([...answered(ledger, 'error').routes.keys()]).toEqual(['192.0.2.2/32']);
  });

  it('that were taken while their withdrawal was on its way are remembered as standing', () => {
    const asked = reconcile(EMPTY_LEDGER, [at('10.0.0.9')], 0, limits).ledger;
    const { ledger } = reconcile(asked, [route(2)], 1, limits);
    const taken = answer(ledger, 'done', 2, limits)?.ledger ?? ledger;
    expect([...answered(taken, 'error').routes.keys()]).toContain('192.0.2.1/32 - 10.0.0.9');
  });
});

describe('answer', () => {
  it('knows a stray one', () => {
    expect(answer(EMPTY_LEDGER, 'done', 0, limits)).toBeUndefined();
  });

  it('to a clear leaves what was announced after it', () => {
    const standing = answered(reconcile(EMPTY_LEDGER, [route(1), route(2)], 0, limits).ledger);
    const cleared = reconcile(standing, [], 1, limits);
    const again = reconcile(cleared.ledger, [route(3)], 2, limits);
    expect([words(cleared), words(again)]).toEqual([['clear'], ['announce 192.0.2.3/32']]);
    const first = answer(again.ledger, 'done', 3, limits);
    expect([...(first?.ledger.routes.keys() ?? [])]).toEqual(['192.0.2.3/32']);
    expect(first?.ledger.pending.map(({ kind }) => kind)).toEqual(['announce']);
  });

  it('to a clear leaves what a later command is to withdraw', () => {
    const standing = answered(reconcile(EMPTY_LEDGER, [route(1)], 0, limits).ledger);
    let { ledger } = reconcile(standing, [], 1, limits);
    ({ ledger } = reconcile(ledger, [route(2), route(3)], 2, limits));
    ({ ledger } = reconcile(ledger, [route(3)], 3, limits));
    expect(ledger.pending.map(({ kind }) => kind)).toEqual(['clear', 'announce', 'announce', 'withdraw']);
    const partly = answer(ledger, 'done', 4, limits)?.ledger;
    expect([...(partly?.routes ?? [])].map(([prefix, { state }]) => `${prefix} ${state}`)).toEqual([
      '192.0.2.2/32 withdrawing',
      '192.0.2.3/32 announcing',
    ]);
    ({ ledger } = reconcile(ledger, [], 4, limits));
    // Two clears on their way: the first one's answer does not stand for the second.
    expect(answer(ledger, 'done', 5, limits)?.ledger.routes.size).toBe(3);
    expect(answered(ledger).routes.size).toBe(0);
  });

  it('is asked for once, however often nothing is desired', () => {
    const standing = answered(reconcile(EMPTY_LEDGER, [route(1)], 0, limits).ledger);
    const { ledger } = reconcile(standing, [], 1, limits);
    expect(words(reconcile(ledger, [], 2, limits))).toEqual([]);
    expect(words(reconcile(EMPTY_LEDGER, [], 2, limits))).toEqual([]);
    // An `error` changes nothing: the guard kills ExaBGP for it.
    expect(answer(ledger, 'error', 3, limits)?.ledger.routes.get('192.0.2.1/32')?.state).toBe('withdrawing');
  });
});

it('reaches what is desired from anywhere, and keeps its bounds on the way', () => {
  const some = fc.uniqueArray(fc.integer({ min: 1, max: 6 }));
  const sets = fc.array(fc.oneof(some, some, fc.constant([])), { minLength: 1, maxLength: 16 });
  const answers = fc.infiniteStream(fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(sets, answers, (wanted, counts) => {
      let ledger: Ledger = EMPTY_LEDGER;
      // ExaBGP's own table, moved by the commands as they are answered.
      const table = new Set<string>();
      const turn = (desired: readonly Announcement[], count: number): void => {
        const next = reconcile(ledger, desired, 0, limits);
        const kinds = next.commands.map(({ kind }) => kind);
        expect(kinds.lastIndexOf('withdraw')).toBeLessThan(
          kinds.includes('announce') ? kinds.indexOf('announce') : 99,
        );
        // A clear is the whole turn, and only an empty set makes one.
        if (kinds.includes('clear')) expect([kinds, desired]).toEqual([['clear'], []]);
        if (desired.length === 0) expect(kinds).not.toContain('withdraw');
        ledger = next.ledger;
        expect(ledger.pending.filter(({ kind }) => kind === 'announce').length).toBeLessThanOrEqual(2);
        for (let n = 0; n < count; n += 1) {
          const taken = answer(ledger, 'done', 0, limits);
          if (taken === undefined) return;
          ledger = taken.ledger;
          if (taken.answered.kind === 'announce') table.add(taken.answered.announcement.prefix);
          if (taken.answered.kind === 'withdraw') table.delete(taken.answered.announcement.prefix);
          if (taken.answered.kind === 'clear') table.clear();
          // What stands in ExaBGP is never forgotten.
          for (const prefix of table) expect([...ledger.routes.keys()]).toContain(prefix);
        }
      };
      for (const numbers of wanted)
        turn(
          numbers.map((n) => route(n)),
          counts.next().value,
        );
      const last = (wanted.at(-1) ?? []).map((n) => route(n));
      for (let round = 0; round < 20; round += 1) turn(last, 10);
      expect([...table].toSorted()).toEqual(last.map(({ prefix }) => prefix).toSorted());
      expect(acknowledged(ledger).toSorted()).toEqual([...table].toSorted());
    }),
    { numRuns: 1000 },
  );
});
