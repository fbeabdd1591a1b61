/** A gateway that fails again and again is held degraded, until somebody releases it. */
import type { Status } from '../../../sidecar/status.ts';
import { LabError } from '../lab-error.ts';
import { round } from '../report.ts';
import { PREFIX4, PREFIX6 } from '../topology.ts';
import { gatewayOf, killCharon, startCharon } from './acts.ts';
import { configOf } from './site-config.ts';
import type { RoutingSite, RoutingTrial, Stage } from './trial.ts';
import { expectQuiet, expectUpdate } from './watch.ts';

const LIMIT = 3;
const WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 30_000;
/** Longer than any hold-down of this lab. */
const QUIET_MS = 4000;
const DEGRADED = /^MED 1000\b/u;

const SITE: RoutingSite = {
  label: 'flaps are counted',
  clients: 1,
  sidecar: (gateway, paths, settings) =>
    configOf(gateway, paths, settings, {
      decision: {
        ...{ hold_down_seconds: 0.2, hold_down_max_seconds: 1 },
        ...{ flap_limit: LIMIT, flap_window_seconds: 300, flap_hold_seconds: 600 },
      },
    }),
};

async function held(stage: Stage): Promise<void> {
  const { lab, signal, note } = stage;
  // Not the one that serves when there is a choice: the clients are of no interest here.
  const name = 'gw2';
  const announcement = { kind: 'announce', gateway: name, prefix: PREFIX4 } as const;
  let kills = 0;
  for (let isHeld = false; !isHeld;) {
    if (kills > LIMIT + 1)
      throw new LabError(
        'LAB_DEADLINE',
        `expected: ${name} is held degraded after ${LIMIT} flaps; not after ${kills}`,
      );
    const from = lab.timeline.events.length;
    await killCharon(stage, name);
    kills += 1;
    await expectUpdate(lab, from, { kind: 'withdraw', gateway: name, prefix: PREFIX4 }, WITHIN_MS, signal);
    const back = lab.timeline.events.length;
    await startCharon(stage, name);
    const announced = await expectUpdate(lab, back, announcement, BACK_WITHIN_MS, signal);
    isHeld = announced.kind === 'announce' && DEGRADED.test(announced.detail);
  }
  note({ kills_until_held: kills, flap_limit: LIMIT });
  await expectQuiet(lab, QUIET_MS, { gateway: name, prefix: PREFIX4 }, signal);
  const gateway = gatewayOf(stage, name);
  const status = (await gateway.status(signal)) as Status | undefined;
  const reason = status?.prefixes.find(({ prefix }) => prefix === PREFIX4)?.reason ?? 'no answer';
  note({ reason });

  const from = lab.timeline.events.length;
  const at = lab.timeline.act(`swancast release on ${name}`);
  await gateway.swancast(['release'], signal);
  const freed = await Promise.all(
    [PREFIX4, PREFIX6].map(async (prefix) =>
      expectUpdate(lab, from, { ...announcement, prefix, detail: /^MED 100\b/u }, WITHIN_MS, signal),
    ),
  );
  note({ released_ms: round(Math.max(...freed.map((event) => event.at)) - at) });
}

export const FLAP_TRIALS: readonly RoutingTrial[] = [
  {
    name: 'flaps-held',
    shows: 'charon killed again and again: held degraded after the limit, freed by `swancast release`',
    site: SITE,
    run: held,
  },
];
