/** What may happen to the clients of a gateway, and what an operator orders about them, one command each. */
import fc from 'fast-check';
import { drainIntentOf } from '../../sidecar/sessions/drain-intent.ts';
import { act } from './decision-act.ts';
import { ANYCAST, OWN } from './decision-charon.ts';
import { OTHERS, PREFIXES } from './decision-policy.ts';

const come = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom(...ANYCAST, ...ANYCAST, ...OWN))
  .map(([count, local]) =>
    act(`${count} clients come on ${local}`, ({ charon }) => charon.come(count, local)),
  );

const leave = fc
  .integer({ min: 1, max: 3 })
  .map((nth) =>
    act(`every client whose number ${nth} divides goes`, ({ charon }) =>
      [...charon.sas.keys()].filter((id) => id % nth === 0).forEach((id) => charon.leave(id)),
    ),
  );

const link = fc
  .constantFrom(true, true, true, false)
  .map((isUp) => act(`the link to charon is ${isUp ? 'up' : 'down'}`, ({ charon }) => charon.link(isUp)));

const betterPath = fc
  .tuple(fc.constantFrom(...PREFIXES), fc.constantFrom(...OTHERS))
  .map(([prefix, gateway]) =>
    act(`${gateway} has a better path to ${prefix}`, (driver) =>
      driver.session({ type: 'better-path', prefix, gateway }),
    ),
  );

const drain = fc
  .record({
    move: fc.constantFrom(
      'auto' as const,
      'redirect' as const,
      'terminate' as const,
      'terminate' as const,
      'none' as const,
    ),
    seconds: fc.constantFrom(undefined, undefined, 2, 10),
    deadlineMs: fc.constantFrom(1000, 5000, 20_000),
    ratePerSecond: fc.constantFrom(1, 10, 100),
    resumed: fc.constantFrom(false, false, false, true),
  })
  .map(({ resumed, ...order }) =>
    act(
      `${resumed ? 'kept from before a restart: ' : ''}drain ${JSON.stringify(order)}`,
      (driver) => {
        const told = { who: 'somebody', reason: 'test', to: undefined };
        const intent = drainIntentOf({ ...told, ...order }, { now: driver.now, time: driver.now });
        driver.session({ type: 'drain', intent, resumed });
      },
      ({ stopped }) => !stopped,
    ),
  );

export const undrain = act(
  'undrain',
  (driver) => driver.session({ type: 'drain', intent: undefined, resumed: false }),
  ({ stopped }) => !stopped,
);

export const sessions = [come, come, leave, link, betterPath];
export const drains = [drain, fc.constant(undrain)];
