import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Announcement } from '../../bgp/announcement.ts';
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
    forceEnded: ({ intent, why }) => void said.push(`${intent.prefix} ${intent.verb} ${why}`),
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
    expect(said).toEqual(['renew 2', 'renew 2', 'renew 2', 'renew 2']);
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

  it('refuses an effect that dispatches, and goes on working', () => {
    const { sidecar } = setUp({ pace: () => sidecar.dispatch({ type: 'tick' }) });
    const pass = { type: 'result', result: { check: 'charon', verdict: 'pass', at: Date.now() } } as const;
    expect(() => sidecar.dispatch(pass)).toThrow('dispatch(tick) from within an effect');
    sidecar.dispatch({ type: 'stop' });
    expect(sidecar.state.stopping).toBe(true);
  });
});
