/** Several gateways on one fake clock, each the real decision, who hear of each other late, at times not at all. */
import type { HealthReason } from '../../../health/reason.ts';
import type { LeaseReport } from '../../../bgp/lease.ts';
import { initialState, step, type Policy, type State, type Transition } from '../../../sidecar/decision.ts';
import type { Member } from '../../../sidecar/fleet/view.ts';
import type { FleetWord } from '../../../sidecar/fleet/word.ts';
import { statusOf } from '../../../sidecar/status.ts';
import { EMPTY, POLICY, prefixRule } from '../scenario.ts';

export const PREFIX = '192.0.2.1/32';

/** What its checks find: nothing, or something of each class; `unproved`: charon is not heard of at all. */
export const HEALTHS = ['well', 'advisory', 'impaired', 'not-serving', 'gone', 'unproved'] as const;
export type Health = (typeof HEALTHS)[number];

const FAILURES: Partial<Readonly<Record<Health, HealthReason>>> = {
  advisory: 'lagging',
  impaired: 'sa-collapse',
  'not-serving': 'canary-no-traffic',
};

export const HOLD = {
  holdDownMs: 1000,
  holdDownMaxMs: 4000,
  quietMs: 10_000,
  flapLimit: 4,
  flapWindowMs: 20_000,
  flapHoldMs: 6000,
};
export const MAX_AGE_MS = 3000;
/** How often every gateway looks and asks. */
export const ROUND_MS = 500;
const TICK_MS = 100;

export const fleetPolicy = (self: string, names: readonly string[], preempt: boolean): Policy => ({
  checks: new Map([
    ['charon', { rise: 2, fall: 1, required: true, proves: true, dependsOn: [], maxAgeMs: 60_000 }],
    ['service', { rise: 1, fall: 1, required: false, proves: false, dependsOn: [], maxAgeMs: 60_000 }],
  ]),
  prefixes: [{ ...prefixRule(PREFIX, ['charon', 'service']), preempt }],
  hold: HOLD,
  lease: { ttlMs: 1000, maxAgeMs: 2000, handoverMs: 3000 },
  sessions: { ...POLICY.sessions, own: { name: self }, anycast: [PREFIX] },
  restartGraceMs: 0,
  fleet: {
    maxAgeMs: MAX_AGE_MS,
    minimumOthers: 1,
    members: names.filter((name) => name !== self).map((name) => ({ name })),
  },
});

export class Gateway {
  readonly name: string;
  readonly policy: Policy;
  health: Health = 'well';
  readonly transitions: Transition[] = [];
  wantsToAsk = false;
  state: State;
  now: number;
  #wakeAt: number | undefined;
  #members = new Map<string, Member>();
  /** What was asked of the guard by its last report: it acknowledges only that. */
  #asked: readonly string[] = [];

  constructor(name: string, policy: Policy, now: number) {
    this.name = name;
    this.policy = policy;
    this.now = now;
    this.state = initialState(policy, now);
    for (const { name: other } of policy.fleet?.members ?? []) this.#members.set(other, { name: other });
  }

  send(event: Parameters<typeof step>[1]): void {
    const { state, effects, wakeAt } = step(this.state, event, this.policy, this.now);
    this.state = state;
    this.#wakeAt = wakeAt;
    for (const effect of effects) {
      if (effect.type === 'journal') this.transitions.push(effect.transition);
      if (effect.type === 'ask-fleet') this.wantsToAsk = true;
    }
  }

  advance(now: number): void {
    while (this.#wakeAt !== undefined && this.#wakeAt <= now) {
      this.now = this.#wakeAt;
      this.send({ type: 'tick' });
    }
    this.now = now;
  }

  look(): void {
    const at = this.now;
    if (this.health === 'unproved') return;
    if (this.health === 'gone') {
      this.send({ type: 'result', result: { check: 'charon', verdict: 'fail', reason: 'charon-gone', at } });
      return;
    }
    this.send({ type: 'result', result: { check: 'charon', verdict: 'pass', at } });
    const reason = FAILURES[this.health];
    this.send({
      type: 'result',
      result:
        reason === undefined
          ? { check: 'service', verdict: 'pass', at }
          : { check: 'service', verdict: 'fail', reason, at },
    });
  }

  /** The guard reports what was asked of it the last time. */
  acknowledge(): void {
    const report: LeaseReport = {
      ...EMPTY,
      lease: 'held',
      generation: this.state.generation,
      desired: this.state.announcements,
      acknowledged: this.#asked,
    };
    this.#asked = this.state.announcements.map(({ prefix }) => prefix);
    this.send({ type: 'lease', report: this.state.generation === 0 ? EMPTY : report });
  }

  get word(): FleetWord {
    const identity = { version: '1', gateway: this.name, startedAt: 0, neighbors: [] };
    const { gateway, version, state, prefixes } = statusOf(this.state, this.policy, identity, [], this.now);
    return {
      gateway,
      version,
      state,
      prefixes: prefixes.map(({ prefix, state: phase, verdict, preference, yielding, acknowledged }) => ({
        prefix,
        state: phase,
        class: verdict,
        preference,
        yielding,
        acknowledged,
      })),
      drain: null,
      load: { ike_sas: null, half_open: null },
      set_up: {},
    };
  }

  hear(member: Member): void {
    this.#members = new Map(this.#members).set(member.name, member);
    const settled = [...this.#members.values()].every(
      ({ word, problem }) => word !== undefined || problem !== undefined,
    );
    this.send({ type: 'fleet', view: { members: this.#members, settled } });
  }

  get phase(): string {
    return this.state.prefixes.get(PREFIX)?.phase ?? 'none';
  }

  get isAnnouncing(): boolean {
    return this.state.announcements.length > 0;
  }
}

/** What becomes of one question from one gateway to another. */
export type Fate = 'lost' | 'garbage' | number;

export class FleetWorld {
  readonly gateways: readonly Gateway[];
  now = 1000;
  #mail: { readonly at: number; readonly to: Gateway; readonly member: Member }[] = [];

  constructor(count: number, preempt = true) {
    const names = Array.from({ length: count }, (_, index) => `gw${index + 1}`);
    this.gateways = names.map((name) => new Gateway(name, fleetPolicy(name, names, preempt), this.now));
  }

  /** One round: everybody looks, hears its guard and asks all others. `fate(n)`: of the n-th question. */
  round(fate: (question: number) => Fate, order: readonly number[] = []): void {
    let question = 0;
    const askAll = (gateway: Gateway): void => {
      for (const other of this.gateways) {
        if (other === gateway) continue;
        const what = fate(question);
        question += 1;
        const { name } = other;
        const known = { word: other.word, heardAt: this.now };
        if (typeof what === 'number') this.#post(gateway, { name, ...known }, what);
        else this.#post(gateway, { name, problem: what }, 0);
      }
    };
    const turns = this.gateways.map((gateway, index) => ({ gateway, key: order[index] ?? index }));
    for (const { gateway } of turns.toSorted((a, b) => a.key - b.key)) {
      gateway.look();
      gateway.acknowledge();
      askAll(gateway);
    }
    for (let passed = 0; passed < ROUND_MS; passed += TICK_MS) {
      this.now += TICK_MS;
      for (const gateway of this.gateways) {
        gateway.advance(this.now);
        if (!gateway.wantsToAsk) continue;
        gateway.wantsToAsk = false;
        askAll(gateway);
      }
      const due = this.#mail.filter(({ at }) => at <= this.now);
      this.#mail = this.#mail.filter(({ at }) => at > this.now);
      for (const { to, member } of due) to.hear(member);
    }
  }

  settle(ms: number): void {
    for (let passed = 0; passed < ms; passed += ROUND_MS) this.round(() => 0);
  }

  get phases(): string[] {
    return this.gateways.map(({ phase }) => phase);
  }

  /** A failed question leaves what was heard before, which grows old. */
  #post(to: Gateway, member: Member, delayMs: number): void {
    const before = to.state.fleet?.members.get(member.name);
    const known = member.word === undefined && before !== undefined ? { ...before, ...member } : member;
    this.#mail.push({ at: this.now + delayMs, to, member: known });
  }
}
