import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../health/canary/report.ts';
import type { TunnelPlan } from '../../../health/canary/round.ts';
import { Canary } from '../../../sidecar/canary/canary.ts';

const plan = (name: string): TunnelPlan => ({
  name,
  connection: name,
  child: 'net',
  timeoutMs: 1000,
  traffic: { kind: 'ping', address: '10.10.0.1', port: 7 },
  trafficTimeoutMs: 1000,
});
const PASS: Outcome = { state: 'pass', detail: 'fine', address: '10.3.1.1' };
const FAIL: Outcome = { state: 'fail', failed: 'no-auth', detail: 'refused' };
const BROKEN: Outcome = { state: 'broken', detail: 'no charon' };

function canary(outcomes: Outcome[], names = ['home']) {
  const clock = { now: 0 };
  const tried: string[] = [];
  const made = new Canary({
    name: 'yellow',
    intervalMs: 30_000,
    tunnels: names.map(plan),
    now: () => clock.now,
    onOutcome: () => undefined,
    round: async ({ name }) => {
      tried.push(`${name} at ${String(clock.now)}`);
      clock.now += 100;
      return Promise.resolve(outcomes.shift() ?? PASS);
    },
  });
  return { canary: made, clock, tried };
}

describe('the rounds of a canary', () => {
  it('counts failures in a row; what it could not try counts neither way', async () => {
    const { canary: yellow } = canary([FAIL, BROKEN, FAIL, PASS, FAIL]);
    const counts: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      await yellow.once(new AbortController().signal);
      counts.push(yellow.report().tunnels[0]?.failures ?? -1);
    }
    expect(counts).toEqual([1, 1, 2, 0, 1]);
  });

  it('tells nothing of a tunnel that it has not tried, and the age of the others', async () => {
    const { canary: yellow, clock } = canary([]);
    expect(yellow.report()).toEqual({ canary: 'yellow', tunnels: [] });
    await yellow.once(new AbortController().signal);
    clock.now += 7000;
    expect(yellow.report().tunnels).toEqual([
      { name: 'home', ...PASS, rounds: 1, failures: 0, age_seconds: 7, duration_ms: 100 },
    ]);
  });

  it('one tunnel after the other, each interval', async () => {
    const { canary: yellow, clock, tried } = canary([], ['home', 'away']);
    const end = new AbortController();
    await yellow.run(end.signal, async (ms) => {
      clock.now += ms;
      if (clock.now >= 60_000) end.abort();
      return Promise.resolve();
    });
    expect(tried).toEqual(['home at 0', 'away at 100', 'home at 30000', 'away at 30100']);
  });

  it('what its own end cuts short says nothing', async () => {
    const end = new AbortController();
    const yellow = new Canary({
      name: 'yellow',
      intervalMs: 1000,
      tunnels: [plan('home')],
      now: () => 0,
      onOutcome: () => expect.unreachable(),
      round: async () => {
        end.abort();
        return Promise.resolve(FAIL);
      },
    });
    await yellow.run(end.signal, () => Promise.resolve());
    expect(yellow.report().tunnels).toEqual([]);
  });

  it('urged, it tries again early, but leaves 5 s between the beginnings of two rounds', async () => {
    const { canary: yellow, clock, tried } = canary([]);
    const end = new AbortController();
    const waits: number[] = [];
    await yellow.run(end.signal, async (ms, signal) => {
      waits.push(ms);
      if (waits.length === 1) {
        clock.now += 1000;
        yellow.urge();
        expect(signal.aborted).toBe(true);
      } else if (waits.length === 2) clock.now += ms;
      else end.abort();
      return Promise.resolve();
    });
    expect(tried).toEqual(['home at 0', 'home at 5000']);
    expect(waits).toEqual([29_900, 3900, 29_900]);
  });
});
