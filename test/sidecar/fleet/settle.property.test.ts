/** "Step down only for someone better", shown on whole fleets: whatever they went through, they settle. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLASSES } from '../../../health/reason.ts';
import { runs, TIMEOUT_MS } from '../../model/runs.ts';
import {
  FleetWorld,
  HEALTHS,
  HOLD,
  MAX_AGE_MS,
  ROUND_MS,
  type Fate,
  type Gateway,
  type Health,
} from './fleet-world.ts';

const fates = fc.array(fc.constantFrom<Fate>(0, 0, 0, 100, 900, 2400, 'lost', 'garbage'), { maxLength: 12 });
const order = fc.array(fc.nat(9), { maxLength: 4 });
const health = fc.constantFrom(...HEALTHS);
/** One round: who changes into what, what becomes of the questions, who comes first. */
const round = fc.record({
  changes: fc.array(fc.tuple(fc.nat(3), health), { maxLength: 2 }),
  fates,
  order,
});
const story = fc.record({
  count: fc.integer({ min: 2, max: 4 }),
  rounds: fc.array(round, { maxLength: 40 }),
  last: fc.array(health, { minLength: 4, maxLength: 4 }),
  /** After the verdicts are frozen: no answer is later than the next question, and none in a row is lost for long. */
  calm: fc.array(fc.constantFrom<Fate>(0, 100, 400, 'lost'), { minLength: 13, maxLength: 13 }),
});

const fateOf =
  (list: readonly Fate[]) =>
  (question: number): Fate =>
    list.length === 0 ? 0 : (list[question % list.length] ?? 0);

/** The longest hold, then the longest hold-down up, each seen by the others. */
const SETTLED_MS = HOLD.flapHoldMs + 2 * HOLD.holdDownMaxMs + 2 * MAX_AGE_MS;

function play(
  { count, rounds, last, calm }: typeof story extends fc.Arbitrary<infer T> ? T : never,
  preempt: boolean,
  look: (world: FleetWorld) => void = () => undefined,
): FleetWorld {
  const world = new FleetWorld(count, preempt);
  for (const { changes, fates: list, order: turns } of rounds) {
    for (const [index, to] of changes) {
      const gateway = world.gateways[index];
      if (gateway !== undefined) gateway.health = to;
    }
    world.round(fateOf(list), turns);
    look(world);
  }
  for (const [index, gateway] of world.gateways.entries()) gateway.health = last[index] ?? 'well';
  for (let n = 0, passed = 0; passed < SETTLED_MS; passed += ROUND_MS, n += 1) {
    // Every third round arrives whole, so nobody is unheard of for as long as a word counts.
    world.round(n % 3 === 0 ? () => 0 : (question) => calm[(question + n) % calm.length] ?? 0);
    look(world);
  }
  return world;
}

const canServe = ({ health: is }: Gateway): boolean => is !== 'gone' && is !== 'unproved';
const badness = (is: Health): number => {
  const index = CLASSES.findIndex((each) => each === is);
  return is === 'advisory' || index === -1 ? CLASSES.length : index;
};

describe.each([true, false])('a fleet with preempt: %s', (preempt) => {
  it(
    '(a) comes to rest when the verdicts do: nobody chases anybody',
    () => {
      fc.assert(
        fc.property(story, (given) => {
          const world = play(given, preempt);
          const before = world.gateways.map(({ transitions }) => transitions.length);
          for (let n = 0; n < 30; n += 1) {
            world.round(n % 3 === 0 ? () => 0 : (question) => given.calm[(question + n) % 13] ?? 0);
          }
          expect(world.gateways.map(({ transitions }) => transitions.length)).toEqual(before);
        }),
        runs(150),
      );
    },
    TIMEOUT_MS,
  );

  it(
    '(b) then announces the prefix, if anybody can; and (c) those that are equally well do so alike',
    () => {
      fc.assert(
        fc.property(story, (given) => {
          const world = play(given, preempt);
          const able = world.gateways.filter(canServe);
          expect(world.gateways.filter((each) => !canServe(each) && each.isAnnouncing)).toEqual([]);
          if (able.length === 0) return;
          const best = Math.max(...able.map(({ health: is }) => badness(is)));
          for (const gateway of able) {
            const expected = badness(gateway.health) === best ? 'announced' : outdone(gateway.health);
            // Cold is withdrawn, and was never announced.
            const shown = gateway.phase === 'cold' ? 'withdrawn' : gateway.phase;
            expect(`${gateway.name} ${gateway.health}: ${shown}`).toBe(
              `${gateway.name} ${gateway.health}: ${expected}`,
            );
          }
        }),
        runs(150),
      );
    },
    TIMEOUT_MS,
  );

  it(
    '(d) never delays gone, whatever is known of the others',
    () => {
      fc.assert(
        fc.property(story, fc.nat(3), (given, which) => {
          play(given, preempt, (world) => {
            for (const gateway of world.gateways) {
              if (gateway.health === 'gone') {
                gateway.look();
                expect(gateway.isAnnouncing).toBe(false);
              }
            }
          });
          const world = play(given, preempt);
          const gateway = world.gateways[which % world.gateways.length];
          if (gateway === undefined) return;
          gateway.health = 'gone';
          gateway.look();
          expect(gateway.isAnnouncing).toBe(false);
        }),
        runs(60),
      );
    },
    TIMEOUT_MS,
  );
});

/** Where somebody better announces it. */
const outdone = (is: Health): string => (is === 'not-serving' ? 'withdrawn' : 'degraded');
