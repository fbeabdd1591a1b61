/** Roll-outs and drains: somebody else's beside one, and one of its own that does not come to an end. */
import { allAnnounce, changedOf, drainOf, expectRefused, homeOf, mark, msUntil } from './expect.ts';
import { REDIRECTS_PER_SECOND } from './host-config.ts';
import { expectSame, hostNamed, type Scenario, type Stage } from './scenario.ts';
import { MOVED } from './scenarios-days.ts';
import { pids, roll } from './scenarios-rolling.ts';

/** The last host is drained by somebody while the one before it is changed; earlier, and that one might not go. */
async function drainMeanwhile(stage: Stage): Promise<void> {
  const { ansible, operator, vars, signal } = stage;
  const [before, last] = [hostNamed(stage, 'gw2'), hostNamed(stage, 'gw3')];
  operator.variant = { ...operator.variant, med: operator.variant.med + 20 };
  const moment = mark(stage, 'another MED');
  const drain = async (): Promise<void> => {
    await msUntil(stage, 'announce', before, moment);
    await last.run(['swancast', 'drain', '--as=alice', '--reason=a new disk'], signal);
  };
  const [result] = await Promise.all([ansible.mustPlay('rollout', vars(), signal), drain()]);
  expectSame('gw3 is changed', (changedOf(result)['gw3'] ?? 0) > 0, true);
  expectSame('who drains gw3', (await drainOf(last, signal))?.who, 'alice');
}

/** Clients that leave one by one, and hardly any time for them. */
async function drainTooSlowly(stage: Stage): Promise<void> {
  const { ansible, vars, signal } = stage;
  const host = await homeOf(stage);
  const before = await pids(stage);
  const impatient = { ...vars(), swancast_restart_bgp: true, swancast_drain_seconds: 1 };
  const result = await ansible.play('rollout', impatient, signal, ['--limit', host.plan.name]);
  expectRefused(result, /could not be drained: [^]*is as it was: nothing was touched there/u);
  expectSame('daemons', await pids(stage), before);
  expectSame('the drain', await drainOf(host, signal), null);
  await allAnnounce(stage);
}

async function moveAtRate(stage: Stage, rate: number): Promise<void> {
  stage.operator.variant = { ...stage.operator.variant, rate };
  await roll(stage);
}

export const DRAINS: readonly Scenario[] = [
  {
    name: 'drained-meanwhile',
    shows:
      'somebody drains the last host while the one before is changed: it is changed, too, and stays drained',
    act: drainMeanwhile,
    restore: async (stage) => {
      await hostNamed(stage, 'gw3').run(['swancast', 'undrain'], stage.signal);
      await allAnnounce(stage);
    },
    bounds: MOVED,
  },
  {
    name: 'drain-timed-out',
    shows: 'a drain that takes too long: nothing is touched, and the host announces again',
    arrange: async (stage) => moveAtRate(stage, 1),
    act: drainTooSlowly,
    restore: async (stage) => moveAtRate(stage, REDIRECTS_PER_SECOND),
    bounds: MOVED,
  },
];
