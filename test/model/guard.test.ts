/** The guard and its lease, the same way; decision.test.ts says how it is done. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardCommands, holdOn, openUp, pasts } from './guard-commands.ts';
import { GuardWorld } from './guard-world.ts';
import { brokenRule } from './guard-rules.ts';
import { runs, TIMEOUT_MS } from './runs.ts';

describe('the guard', () => {
  it(
    'keeps every rule in every story, and serves a new sidecar wherever it ended',
    () => {
      fc.assert(
        fc.property(pasts, guardCommands, ({ past, isOpen }, commands) => {
          const world = new GuardWorld((each) => {
            const broken = brokenRule(each);
            if (broken !== undefined)
              throw new Error(`${broken}, at ${each.happened?.event.type}, ${each.now} ms`);
          }, past);
          if (isOpen) openUp(world);
          fc.modelRun(() => ({ model: world, real: world }), commands);
          if (world.killed) return;
          for (const client of world.clients) world.send({ type: 'disconnected', client });
          for (let n = 0; n < 100 && !world.open; n += 1) {
            world.exabgpWorksOff();
            world.wait(100);
          }
          expect(world.open).toBe(past.acknowledges);
          if (!world.open) return;
          // Whoever comes next can announce, and ExaBGP ends up with just that.
          world.exabgpWorksOff();
          world.send({ type: 'connected', client: 9 });
          const announcements = [7, 8, 9].map((n) => ({ prefix: `192.0.2.${n}/32`, nextHop: 'self' }));
          const generation = world.lease.generation + 1;
          world.message(9, { type: 'set', generation, evidence: world.now, announcements });
          holdOn(world, 9, 8);
          expect([...world.exabgp.rib.keys()].toSorted()).toEqual(announcements.map(({ prefix }) => prefix));
          expect(world.killed).toBe(false);
        }),
        runs(8000),
      );
    },
    TIMEOUT_MS,
  );
});
