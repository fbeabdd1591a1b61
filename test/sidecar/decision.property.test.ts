/** Whatever happens, in whatever order: the invariants of the design, checked after every single step. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceOf } from '../../sidecar/verdict.ts';
import { EMPTY, POLICY, Scenario, V4 } from './scenario.ts';

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
const move: fc.Arbitrary<Move> = fc.oneof(
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
  fc.constant<Move>((run) => void run.guard({ lease: 'lapsed', generation: run.state.generation })),
);

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
        run.guard({}).healthy(POLICY.hold.holdDownMaxMs + 3000);
        expect(run.phase(V4)).toBe('announced (all-pass)');
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

  it('stepping up never beats the hold-down', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
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
