/** Whatever happens, in whatever order: the invariants of the design, checked after every single step. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceOf } from '../../sidecar/verdict.ts';
import { FORCE_VERBS } from '../../sidecar/intent.ts';
import { EMPTY, POLICY, Scenario, V4, V6 } from './scenario.ts';

const checks = [...POLICY.checks.keys()];
const reasons = [
  'charon-gone',
  'no-connections',
  'vici-silent',
  'ike-silent',
  'ike-refused',
  'sa-collapse',
  'lagging',
] as const;

type Move = (run: Scenario) => void;
/** What checks, time and the guard do. */
const fate: fc.Arbitrary<Move> = fc.oneof(
  fc.constantFrom(...checks).map(
    (check): Move =>
      (run) =>
        void run.pass(check),
  ),
  fc.tuple(fc.constantFrom(...checks), fc.constantFrom(...reasons), fc.boolean()).map(
    ([check, reason, alive]): Move =>
      (run) =>
        void run.fail(check, reason, alive),
  ),
  fc.constantFrom(...checks).map(
    (check): Move =>
      (run) =>
        void run.unknown(check),
  ),
  fc.integer({ min: 1, max: 4000 }).map(
    (ms): Move =>
      (run) =>
        void run.wait(ms),
  ),
  fc.integer({ min: 1, max: 6 }).map(
    (n): Move =>
      (run) =>
        void run.healthy(n * 500),
  ),
  fc.constantFrom(undefined, EMPTY).map(
    (report): Move =>
      (run) =>
        void run.guard(report),
  ),
);
const lapse = fc.constant<Move>(
  (run) => void run.guard({ lease: 'lapsed', generation: run.state.generation }),
);
/** What a person does: a new order, or a release of all. */
const order: fc.Arbitrary<Move> = fc.oneof(
  fc.tuple(fc.constantFrom(...FORCE_VERBS), fc.constantFrom(V4, V6), fc.integer({ min: 1, max: 20 })).map(
    ([verb, prefix, seconds]): Move =>
      (run) =>
        void run.force(verb, prefix, seconds),
  ),
  fc.constant<Move>((run) => void run.intent()),
);
const unforced = fc.oneof({ weight: 7, arbitrary: fate }, { weight: 1, arbitrary: lapse });
const move = fc.oneof({ weight: 8, arbitrary: unforced }, { weight: 2, arbitrary: order });

const story = (check: (run: Scenario) => void) =>
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const run = new Scenario().guard({});
      for (const each of moves) {
        each(run);
        check(run);
      }
    }),
    { numRuns: 2000 },
  );

describe('invariants', () => {
  it('I1: an announced prefix implies proof that charon lived no longer than max_age ago', () => {
    story((run) => {
      if (run.routes.length === 0) return;
      const evidence = evidenceOf(run.state.checks);
      expect(evidence).toBeDefined();
      expect(run.now - (evidence ?? 0)).toBeLessThanOrEqual(POLICY.lease.maxAgeMs);
    });
  });

  it('I3: a fact of class gone leaves nothing announced in the very same step', () => {
    story((run) => {
      run.fail('charon', 'charon-gone');
      expect(run.routes).toEqual([]);
    });
  });

  it('I4: from anywhere, passing checks bring the prefix back within the longest hold-down', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const run = new Scenario().guard({});
        for (const each of moves) each(run);
        // The longest order of these stories is over before the longest hold-down.
        run.guard({}).healthy(Math.max(POLICY.hold.holdDownMaxMs, 20_000) + 3000);
        expect(run.phase(V4)).toBe('announced (all-pass)');
      }),
      { numRuns: 1000 },
    );
  });

  it('a forced withdrawal is never announced, and a forced announcement never beats gone', () => {
    story((run) => {
      for (const { prefix, verb, endsAt } of run.state.intents.values()) {
        expect(endsAt).toBeGreaterThan(run.now);
        if (verb === 'withdraw') expect(run.routes.filter((route) => route.startsWith(prefix))).toEqual([]);
      }
      if (run.state.checks.get('charon')?.down?.class === 'gone') expect(run.routes).toEqual([]);
    });
  });

  it('an order leaves no trace: afterwards all is as if nobody had given it', () => {
    const orders = fc.array(fc.tuple(fc.nat(59), fc.constantFrom(...FORCE_VERBS), fc.constantFrom(V4, V6)));
    fc.assert(
      fc.property(fc.array(fate, { minLength: 1, maxLength: 60 }), orders, (moves, given) => {
        const [plain, ordered] = [new Scenario().guard({}), new Scenario().guard({})];
        for (const [index, each] of moves.entries()) {
          each(plain);
          for (const [at, verb, prefix] of given) if (at === index) ordered.force(verb, prefix, 7);
          each(ordered);
        }
        ordered.intent();
        plain.send({ type: 'tick' });
        const machine = ({ state }: Scenario) =>
          [...state.prefixes].map(([prefix, { phase, reason, holdUntil, flaps }]) => [
            prefix,
            phase === 'cold' ? 'withdrawn' : phase,
            reason,
            holdUntil,
            flaps,
          ]);
        expect(machine(ordered)).toEqual(machine(plain));
        expect(ordered.routes).toEqual(plain.routes);
      }),
      { numRuns: 1000 },
    );
  });

  it('the last set that was sent is what the state believes, and generations only grow', () => {
    story((run) => {
      const sets = run.effects.flatMap(({ effect }) => (effect.type === 'set' ? [effect] : []));
      expect(sets.at(-1)?.announcements ?? []).toEqual(run.state.announcements);
      expect(sets.map(({ generation }) => generation)).toEqual(
        [...new Set(sets.map(({ generation }) => generation))].toSorted((a, b) => a - b),
      );
    });
  });

  it('stepping up never beats the hold-down, unless a person orders it', () => {
    fc.assert(
      fc.property(fc.array(unforced, { maxLength: 60 }), (moves) => {
        const run = new Scenario().guard({});
        const downAt = new Map<string, number>();
        for (const each of moves) each(run);
        for (const { effect } of run.effects) {
          if (effect.type !== 'journal') continue;
          const { prefix, from, to, at } = effect.transition;
          const down = downAt.get(prefix);
          if (down !== undefined && (to === 'announced' || (from === 'withdrawn' && to === 'degraded'))) {
            expect(at - down).toBeGreaterThanOrEqual(POLICY.hold.holdDownMs);
          }
          if (to === 'withdrawn' || (from === 'announced' && to === 'degraded')) downAt.set(prefix, at);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
