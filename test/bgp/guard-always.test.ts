/** What holds for the guard whatever happens. The model in test/model knows more of it, and less of its books. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { routeKey, type Announcement } from '../../bgp/announcement.ts';
import { announceCommand, withdrawCommand } from '../../bgp/command.ts';
import type { GuardState } from '../../bgp/guard-state.ts';
import { Bench, limits } from './guard-bench.ts';

describe('whatever happens', () => {
  type Action = (bench: Bench) => void;
  // Some for everybody, some split between two neighbors, and two of them with another path or other hearers.
  const plain = Array.from({ length: 9 }, (_, n): Announcement => ({
    prefix: `192.0.2.${n}/32`,
    nextHop: 'self',
  }));
  const split = ['10.0.0.1', '10.0.0.2'].flatMap((neighbor) =>
    [100, 101].map((n): Announcement => ({
      prefix: `192.0.2.${n}/32`,
      nextHop: 'self',
      neighbors: [neighbor],
    })),
  );
  const instead = [
    { prefix: '192.0.2.0/32', nextHop: 'self', pathId: 7 },
    { prefix: '192.0.2.100/32', nextHop: 'self' },
  ];
  const pick = fc
    .tuple(fc.subarray([...plain, ...split]), fc.subarray(instead))
    .map(([routes, others]) => [
      ...routes.filter(({ prefix }) => !others.some((other) => other.prefix === prefix)),
      ...others,
    ]);
  const client = fc.integer({ min: 1, max: 3 });
  const age = fc.constantFrom(0, 0, 0, 100, 2999, 3001, -50);
  const actions: fc.Arbitrary<Action> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.integer({ min: 0, max: 700 }).map(
        (ms): Action =>
          (bench) =>
            bench.pass(ms),
      ),
    },
    {
      weight: 4,
      arbitrary: fc.tuple(pick, age, client).map(
        ([set, old, by]): Action =>
          (bench) =>
            bench.set(bench.state.lease.generation + 1, set, bench.now - old, by),
      ),
    },
    {
      weight: 4,
      arbitrary: fc.tuple(age, client).map(
        ([old, by]): Action =>
          (bench) =>
            bench.renew(Math.max(1, bench.state.lease.generation), bench.now - old, by),
      ),
    },
    {
      weight: 6,
      arbitrary: fc.constantFrom<Action>(
        (bench) => bench.says('done'),
        (bench) => answerAll(bench),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Action>(
        (bench) => bench.says('error'),
        (bench) => bench.says('exabgp 4.2.21', 'done'),
        (bench) => bench.message({ type: 'release' }),
        (bench) => bench.message({ type: 'handover', ms: 3000, viciSocket: '/x' }),
        (bench) => bench.event({ type: 'vici-closed' }),
        (bench) => bench.event({ type: 'disconnected', client: 1 }).event({ type: 'connected', client: 1 }),
      ),
    },
  );

  function answerAll(bench: Bench): void {
    while (bench.state.phase !== 'killing' && bench.state.ledger.pending.length > 0) {
      if (bench.state.ledger.pending[0]?.kind === 'probe') bench.says('exabgp 4.2.21');
      bench.says('done');
    }
  }

  /** Plays the actions and looks at every effect as it comes. */
  function play(
    list: readonly Action[],
    check: (bench: Bench, did: readonly string[], before: GuardState) => void,
  ): void {
    const bench = Bench.open();
    bench.event({ type: 'connected', client: 2 }).event({ type: 'connected', client: 3 }).take();
    const event = bench.event.bind(bench);
    bench.event = (next) => {
      const before = bench.state;
      const from = bench.did.length;
      event(next);
      check(bench, bench.did.slice(from), before);
      return bench;
    };
    for (const action of list) action(bench);
  }

  const runs = { numRuns: 300 };
  const list = fc.array(actions, { maxLength: 60 });

  it('nothing is desired without a live lease, and it lapses by itself', () => {
    fc.assert(
      fc.property(list, (acts) => {
        play(acts, (bench) => {
          const { lease, desired } = bench.state;
          if (desired.length > 0) {
            expect(['held', 'handover']).toContain(lease.kind);
            expect(lease.until).toBeLessThanOrEqual(
              bench.now + (lease.kind === 'held' ? limits.ttlMs : limits.handoverMs),
            );
            expect(bench.state.phase === 'killing' || (bench.wakeAt ?? Infinity) <= (lease.until ?? 0)).toBe(
              true,
            );
          }
        });
      }),
      runs,
    );
  });

  it('nothing is announced that is not desired, and withdrawals are written first', () => {
    fc.assert(
      fc.property(list, (acts) => {
        play(acts, (bench, did) => {
          const written = did.filter((line) => line.startsWith('> '));
          const kinds = written.map((line) => /announce|withdraw|clear/.exec(line)?.[0]);
          expect(kinds.join(' ')).not.toMatch(/announce.* withdraw/);
          const { desired } = bench.state;
          const wanted = new Set(desired.map((route) => announceCommand(route, limits.localAs)));
          const kept = new Set(desired.map((route) => withdrawCommand(route)));
          for (const line of written.map((each) => each.slice(2))) {
            if (/\bannounce /.test(line)) expect(wanted).toContain(line);
            if (/\bwithdraw /.test(line)) expect(kept).not.toContain(line);
          }
          // What goes on the wire goes before what is said.
          expect(did.slice(0, written.length)).toEqual(
            did.some((line) => line.startsWith('kill')) ? did.slice(0, written.length) : written,
          );
        });
      }),
      runs,
    );
  });

  it('a route that is not desired any more is withdrawn in that very step', () => {
    fc.assert(
      fc.property(list, (acts) => {
        play(acts, (bench) => {
          if (bench.state.phase === 'killing') return;
          const wanted = new Set(bench.state.desired.map(routeKey));
          for (const [key, { state }] of bench.state.ledger.routes) {
            expect(wanted.has(key) || state === 'withdrawing').toBe(true);
          }
        });
      }),
      runs,
    );
  });

  it('no announcement is written while a withdrawal of its prefix is unanswered', () => {
    fc.assert(
      fc.property(list, (acts) => {
        play(acts, (bench, did) => {
          const leaving = [...bench.state.ledger.routes.values()].flatMap(({ announcement, state }) =>
            state === 'withdrawing' ? [announcement.prefix] : [],
          );
          const announced = did.flatMap((line) => /^> .*announce route (\S+)/.exec(line)?.slice(1) ?? []);
          expect(announced.filter((prefix) => leaving.includes(prefix))).toEqual([]);
        });
      }),
      runs,
    );
  });

  it('unanswered announcements stay below their bound', () => {
    fc.assert(
      fc.property(list, (acts) => {
        play(acts, (bench) => {
          const announces = bench.state.ledger.pending.filter(({ kind }) => kind === 'announce');
          expect(announces.length).toBeLessThanOrEqual(limits.unackedMaximum);
        });
      }),
      runs,
    );
  });

  it('no evidence outside its age ever adds or renews anything', () => {
    const stale = fc.tuple(pick, fc.constantFrom(3001, 10_000, -5)).map(([set, old]): Action => (bench) => {
      const before = bench.state;
      if (set.length > 0) bench.set(before.lease.generation + 1, set, bench.now - old);
      const had = new Set(before.desired.map(routeKey));
      expect(bench.state.desired.every((route) => had.has(routeKey(route)))).toBe(true);
      expect(bench.state.lease.until).toBe(before.lease.until);
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(actions, stale), { maxLength: 40 }), (acts) =>
        play(acts, () => undefined),
      ),
      runs,
    );
  });

  it('a set with fresh evidence is announced in full once ExaBGP answers', () => {
    fc.assert(
      fc.property(list, pick, (acts, set) => {
        const bench = Bench.open();
        for (const action of acts) action(bench);
        if (bench.state.phase === 'killing') return;
        for (const id of [1, 2, 3]) bench.event({ type: 'disconnected', client: id });
        bench.event({ type: 'connected', client: 9 });
        // Long enough for a refused announcement to be tried again.
        for (let n = 0; n < 10; n += 1) {
          answerAll(bench);
          bench.pass(100);
        }
        for (let n = 0; n < 8; n += 1) {
          bench.set(bench.state.lease.generation + 1, set, bench.now, 9);
          answerAll(bench);
        }
        const standing = [...bench.state.ledger.routes].filter(([, { state }]) => state === 'announced');
        expect(standing.map(([key]) => key).toSorted()).toEqual(set.map(routeKey).toSorted());
      }),
      runs,
    );
  });
});
