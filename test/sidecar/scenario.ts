/** Whole scenarios on a fake clock: lines in, the set of routes after each line out. */
import type { HealthReason } from '../../health/reason.ts';
import type { Announcement } from '../../bgp/announcement.ts';
import type { LeaseReport } from '../../bgp/lease.ts';
import type { PrefixPolicy } from '../../sidecar/prefix.ts';
import { SESSIONS_DEFAULTS } from '../../sidecar/sessions/policy.ts';
import { stepAll, type StepAll } from '../../sidecar/step-all.ts';
import { intentOf, type ForceVerb, type Intent } from '../../sidecar/intent.ts';
import type { CheckPolicy } from '../../sidecar/verdict.ts';
import { initialState, type Event, type Policy, type State } from '../../sidecar/decision.ts';

export const V4 = '192.0.2.1/32';
export const V6 = '2001:db8:53::1/128';

/** One route a state, told apart by its MED. */
export function prefixRule(prefix: string, checks: readonly string[]): PrefixPolicy {
  const route = (med: number): readonly Announcement[] => [{ prefix, nextHop: 'self', med }];
  return {
    prefix,
    checks,
    side: 'outside',
    preempt: true,
    preference: undefined,
    carriers: [prefix.includes(':') ? 'fd00:1:1::1' : '10.1.1.1'],
    routes: { announced: route(100), yielding: route(500), degraded: route(1000), draining: route(10_000) },
  };
}

/** One that proves nothing and is not required. */
export const CHECK: CheckPolicy = {
  rise: 1,
  fall: 1,
  required: false,
  proves: false,
  dependsOn: [],
  maxAgeMs: 60_000,
};

export const POLICY: Policy = {
  checks: new Map([
    ['charon', { rise: 2, fall: 1, required: true, proves: true, dependsOn: [], maxAgeMs: 5000 }],
    ['ike-v4', { rise: 1, fall: 2, required: true, proves: true, dependsOn: [], maxAgeMs: 60_000 }],
    ['ike-v6', { rise: 1, fall: 2, required: true, proves: true, dependsOn: [], maxAgeMs: 60_000 }],
    ['sa-count', { ...CHECK, dependsOn: ['charon'] }],
  ]),
  prefixes: [
    prefixRule(V4, ['charon', 'ike-v4', 'sa-count']),
    prefixRule(V6, ['charon', 'ike-v6', 'sa-count']),
  ],
  // No flap hold unless a test is about it.
  hold: {
    holdDownMs: 2000,
    holdDownMaxMs: 16_000,
    quietMs: 60_000,
    flapLimit: 0,
    flapWindowMs: 600_000,
    flapHoldMs: 60_000,
  },
  lease: { ttlMs: 1000, maxAgeMs: 3000, handoverMs: 5000 },
  sessions: { ...SESSIONS_DEFAULTS, own: { name: 'gw1' }, anycast: [V4, V6] },
  restartGraceMs: 0,
};

export const EMPTY: LeaseReport = {
  generation: 0,
  lease: 'none',
  desired: [],
  acknowledged: [],
  neighbors: {},
  reasons: {},
};

/** A sidecar's decision driven by hand: every call moves the clock first, waking whenever it asked to. */
export class Scenario {
  state: State;
  now = 1000;
  wakeAt: number | undefined;
  readonly effects: { readonly at: number; readonly effect: StepAll['effects'][number] }[] = [];
  policy: Policy;

  constructor(policy: Policy = POLICY) {
    this.policy = policy;
    this.state = initialState(policy, this.now);
  }

  /** Lets `ms` pass; every wake-up in between happens at its time. */
  wait(ms: number): this {
    const until = this.now + ms;
    while (this.wakeAt !== undefined && this.wakeAt <= until) {
      this.now = this.wakeAt;
      this.send({ type: 'tick' });
    }
    this.now = until;
    return this;
  }

  pass(...checks: string[]): this {
    for (const check of checks)
      this.send({ type: 'result', result: { check, verdict: 'pass', at: this.now } });
    return this;
  }

  fail(check: string, reason: HealthReason, provesAlive = false): this {
    const proof = provesAlive ? { provesAlive: true as const } : {};
    return this.send({ type: 'result', result: { check, verdict: 'fail', reason, at: this.now, ...proof } });
  }

  unknown(check: string, reason: HealthReason = 'check-timed-out'): this {
    return this.send({ type: 'result', result: { check, verdict: 'unknown', reason, at: this.now } });
  }

  guard(report: Partial<LeaseReport> | undefined): this {
    return this.send({ type: 'lease', report: report && { ...EMPTY, ...report } });
  }

  reload(policy: Policy, ...changed: string[]): this {
    this.policy = policy;
    return this.send({ type: 'reload', changed: new Set(changed) });
  }

  /** What operators have ordered, all of it. */
  intent(...intents: Intent[]): this {
    return this.send({ type: 'intent', intents });
  }

  /** One more order, by alice. */
  force(verb: ForceVerb, prefix = V4, seconds = 600): this {
    const others = [...this.state.intents.values()].filter((each) => each.prefix !== prefix);
    const order = { prefix, verb, seconds, who: 'alice', reason: 'new kernel' };
    return this.intent(...others, intentOf(order, { now: this.now, time: this.now }));
  }

  stop(): this {
    return this.send({ type: 'stop' });
  }

  send(event: Event): this {
    const { state, effects, wakeAt } = stepAll(this.state, event, this.policy, this.now);
    if (wakeAt !== undefined && wakeAt <= this.now)
      throw new Error(`woken at ${wakeAt}, which is not after ${this.now}`);
    this.state = state;
    this.wakeAt = wakeAt;
    for (const effect of effects) this.effects.push({ at: this.now, effect });
    return this;
  }

  /** Passes of everything, every 500 ms, for so long. */
  healthy(ms: number): this {
    for (let passed = 0; passed < ms; passed += 500) {
      this.pass('charon', 'ike-v4', 'ike-v6', 'sa-count').wait(Math.min(500, ms - passed));
    }
    return this;
  }

  phase(prefix = V4): string {
    const at = this.state.prefixes.get(prefix);
    return `${at?.phase} (${at?.reason})`;
  }

  /** The journal so far, as "prefix from → to: reason". */
  get journal(): string[] {
    return this.effects.flatMap(({ effect }) => {
      if (effect.type !== 'journal') return [];
      const { prefix, from, to, cause } = effect.transition;
      return [`${prefix} ${from} → ${to}: ${cause?.reason ?? 'all-pass'}`];
    });
  }

  /** The routes asked for, as "prefix med". */
  /** How often the others had to be asked anew. */
  get asked(): number {
    return this.effects.filter(({ effect }) => effect.type === 'ask-fleet').length;
  }

  get routes(): string[] {
    return this.state.announcements.map(({ prefix, med }) => `${prefix} ${med}`);
  }
}
