/** preempt: false: whoever comes back leaves the prefix to the one that has it. */
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../sidecar/decision.ts';
import { POLICY, Scenario, V4 } from '../scenario.ts';
import { statusFor } from '../status.fixture.ts';
import { FleetWorld } from './fleet-world.ts';
import { viewOf, type Said } from './member.fixture.ts';

const policy = (preempt: boolean): Policy => ({
  ...POLICY,
  prefixes: POLICY.prefixes.map((rule) => ({ ...rule, preempt })),
  fleet: { maxAgeMs: 5000, minimumOthers: 1, members: [{ name: 'gw2' }] },
});
const hear = (run: Scenario, gw2: Said | undefined): Scenario =>
  run.send({ type: 'fleet', view: viewOf({ gw2: gw2 && { ...gw2, heardAt: run.now } }) });
const started = (gw2: Said | undefined, preempt = false): Scenario =>
  hear(new Scenario(policy(preempt)).guard({}), gw2).healthy(1000);
const YIELDING = `${V4} 500`;

describe('a gateway that comes back', () => {
  it('yields to one that has the prefix, and takes over when that one is lost', () => {
    const run = started({});
    expect([run.phase(), run.routes[0]]).toEqual(['announced (yielding)', YIELDING]);
    expect(run.journal[0]).toBe(`${V4} cold → announced: yielding`);
    hear(run, undefined);
    expect([run.phase(), run.routes[0]]).toEqual(['announced (all-pass)', `${V4} 100`]);
    expect(run.journal.at(-2)).toBe(`${V4} announced → announced: all-pass`);
    // It has the prefix now: nobody takes it from it again.
    expect(hear(run, {}).routes[0]).toBe(`${V4} 100`);
  });

  it.each<[string, Said | undefined]>([
    ['nobody', undefined],
    ['one that yields itself', { yielding: true }],
    ['one that is degraded', { state: 'degraded' }],
    ['one that is withdrawn', { state: 'withdrawn' }],
  ])('does not yield to %s', (_, gw2) => {
    expect(started(gw2).phase()).toBe('announced (all-pass)');
  });

  it('does not yield with preempt: true', () => {
    expect(started({}, true).phase()).toBe('announced (all-pass)');
  });

  it('yields as long as the others were not asked yet, as one of them may have it', () => {
    const run = new Scenario(policy(false)).guard({}).healthy(1000);
    expect(run.phase()).toBe('announced (yielding)');
    expect(hear(run, undefined).phase()).toBe('announced (all-pass)');
  });

  it('yields after it was degraded or withdrawn, too', () => {
    for (const fails of ['sa-collapse', 'charon-gone'] as const) {
      const run = hear(started(undefined), { state: 'degraded' });
      run.fail(fails === 'charon-gone' ? 'charon' : 'sa-count', fails);
      hear(run.wait(1), {});
      run.healthy(2500);
      expect([fails, run.phase()]).toEqual([fails, 'announced (yielding)']);
    }
  });

  it('takes over when the word of the other becomes too old', () => {
    const run = started({}).healthy(3500);
    expect(run.phase()).toBe('announced (yielding)');
    expect(run.healthy(1000).phase()).toBe('announced (all-pass)');
  });

  it('an order to announce has the normal attributes all the same', () => {
    expect(started({}).force('announce').routes[0]).toBe(`${V4} 100`);
  });

  it('goes on yielding over a restart of the sidecar, and does not begin to', () => {
    const restarted = (which: 'yielding' | 'announced'): Scenario =>
      hear(
        new Scenario(policy(false)).guard({
          lease: 'held',
          generation: 3,
          desired: POLICY.prefixes.flatMap(({ routes }) => routes[which]),
        }),
        {},
      );
    const [yielding, first] = [restarted('yielding'), restarted('announced')];
    expect(statusFor(yielding).prefixes[0]).toMatchObject({ state: 'adopted', yielding: true });
    expect(yielding.healthy(1000).routes[0]).toBe(YIELDING);
    expect(first.healthy(1000).phase()).toBe('announced (all-pass)');
  });
});

describe('two gateways', () => {
  const yields = ({ gateways }: FleetWorld) =>
    gateways.map(({ state }) => [...state.prefixes.values()][0]?.yielding);

  it('the one that comes back yields, and they never yield to each other for good', () => {
    const world = new FleetWorld(2, false);
    world.settle(5000);
    expect([world.phases, yields(world)]).toEqual([
      ['announced', 'announced'],
      [false, false],
    ]);
    const [first] = world.gateways;
    if (first !== undefined) first.health = 'gone';
    world.settle(3000);
    if (first !== undefined) first.health = 'well';
    world.settle(10_000);
    expect([world.phases, yields(world)]).toEqual([
      ['announced', 'announced'],
      [true, false],
    ]);
  });

  it('both return at once: somebody has it', () => {
    const world = new FleetWorld(2, false);
    for (const gateway of world.gateways) gateway.health = 'gone';
    world.settle(3000);
    for (const gateway of world.gateways) gateway.health = 'well';
    world.settle(10_000);
    expect(world.phases).toEqual(['announced', 'announced']);
    expect(yields(world)).toContain(false);
  });
});
