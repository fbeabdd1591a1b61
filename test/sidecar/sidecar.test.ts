import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Announcement } from '../../bgp/announcement.ts';
import type { Judgement } from '../../health/check.ts';
import { Scheduler } from '../../health/scheduler.ts';
import { Sidecar, type Actors } from '../../sidecar/sidecar.ts';
import { EMPTY, POLICY, V4, V6 } from './scenario.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(overrides: Partial<Actors> = {}) {
  const said: string[] = [];
  const actors: Actors = {
    set: (generation, routes: readonly Announcement[]) =>
      void said.push(`set ${generation} [${routes.map((r) => r.prefix).join(' ')}]`),
    renew: (generation) => void said.push(`renew ${generation}`),
    pace: (check, fast) => void said.push(`pace ${check} ${fast}`),
    journal: ({ prefix, from, to }) => void said.push(`${prefix} ${from} → ${to}`),
    sessions: (effect) => void said.push(effect.type),
    forceEnded: ({ intent, why }) => void said.push(`${intent.prefix} ${intent.verb} ${why}`),
    askFleet: () => void said.push('ask fleet'),
    ...overrides,
  };
  const sidecar = new Sidecar(POLICY, actors, () => Date.now());
  const pass = (): void => {
    for (const check of POLICY.checks.keys()) {
      sidecar.dispatch({ type: 'result', result: { check, verdict: 'pass', at: Date.now() } });
    }
  };
  return { sidecar, said, pass };
}

describe('Sidecar', () => {
  it('runs the effects of a step in order, and wakes by itself to renew', () => {
    const { sidecar, said, pass } = setUp();
    sidecar.dispatch({ type: 'lease', report: EMPTY });
    pass();
    vi.advanceTimersByTime(200);
    pass();
    expect(said.filter((line) => !line.startsWith('pace'))).toEqual([
      `set 2 [${V4} ${V6}]`,
      `${V4} cold → announced`,
      `${V6} cold → announced`,
    ]);
    said.length = 0;
    vi.advanceTimersByTime(1100);
    expect(said).toEqual(Array.from({ length: 10 }, () => 'renew 2'));
    sidecar.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has one timer at most, and none when nothing can change by itself', () => {
    const { sidecar, pass } = setUp();
    expect(vi.getTimerCount()).toBe(0);
    sidecar.dispatch({ type: 'lease', report: EMPTY });
    pass();
    pass();
    expect(vi.getTimerCount()).toBe(1);
  });

  it('tells the pace again to the checks that a reload put in the place of others', () => {
    const looks: string[] = [];
    const check = (name: string, judgement: Judgement) => ({
      name,
      dependsOn: [],
      pace: { intervalMs: 1000, fastMs: 100, timeoutMs: 1000 },
      observe: () => {
        looks.push(name);
        return Promise.resolve(judgement);
      },
    });
    const failing = check('charon', { verdict: 'fail', reason: 'vici-silent' });
    const anew = () => check('ike-v4', { verdict: 'pass' });
    const quiet = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: () => undefined,
    };
    const scheduler = new Scheduler({
      checks: [failing, anew()],
      now: () => Date.now(),
      onResult: (result) => sidecar.dispatch({ type: 'result', result }),
      log: quiet,
    });
    const { sidecar } = setUp({ pace: (name, fast) => scheduler.setFast(name, fast) });
    scheduler.start();
    return vi
      .advanceTimersByTimeAsync(1000)
      .then(() => {
        sidecar.reload(POLICY, new Set(['ike-v4']), () => scheduler.replace([failing, anew()]));
        looks.length = 0;
        return vi.advanceTimersByTimeAsync(2000);
      })
      .then(() => {
        expect(looks.filter((name) => name === 'ike-v4').length).toBeGreaterThan(15);
        sidecar.close();
        return scheduler.stop();
      });
  });

  it('refuses an effect that dispatches, and goes on working', () => {
    const { sidecar } = setUp({ pace: () => sidecar.dispatch({ type: 'tick' }) });
    const pass = { type: 'result', result: { check: 'charon', verdict: 'pass', at: Date.now() } } as const;
    expect(() => sidecar.dispatch(pass)).toThrow('dispatch(tick) from within an effect');
    sidecar.dispatch({ type: 'stop' });
    expect(sidecar.state.stopping).toBe(true);
  });
});
