/** What was fed to the decision and what came out of it, step by step; decision-facts.ts counts what is true. */
import type { Announcement } from '../../bgp/announcement.ts';
import type { Effect, Event, Policy, State } from '../../sidecar/decision.ts';
import type { Intent } from '../../sidecar/intent.ts';
import type { PrefixPolicy } from '../../sidecar/prefix.ts';
import { Facts } from './decision-facts.ts';

/** One step of the decision as seen from outside; `look` is a moment at which nothing happened. */
export interface Moment {
  readonly event: Event | { readonly type: 'look' };
  readonly policy: Policy;
  readonly now: number;
  readonly effects: readonly Effect[];
  readonly wakeAt: number | undefined;
  readonly state: State;
  /** The same story without any order of an operator; undefined as long as there was none. */
  readonly unordered: State | undefined;
}

/** Where a prefix stands: what it announces, if anything. */
export type Standing = 'none' | 'inherited' | 'announced' | 'degraded';

export const standingOf = (phase: string | undefined): Standing => {
  if (phase === 'announced' || phase === 'degraded') return phase;
  return phase === 'adopted' ? 'inherited' : 'none';
};

export class History extends Facts {
  moment: Moment | undefined;
  stopped = false;
  /** The guard answers on the lease socket. */
  guard = false;
  /** It did once: what a predecessor left was taken over then, or never. */
  greeted = false;
  /** In this very step the guard said that it withdrew what we believed announced. */
  lapsedNow = false;
  /** What the guard was last asked for, or was found to hold; and the same before this step's effects. */
  asked: readonly Announcement[] = [];
  askedBefore: readonly Announcement[] = [];
  generation = 0;
  generationBefore = 0;
  /** The moments of every set and renewal. */
  askedAt: number[] = [];
  /** Since when there is both something asked and a proof that is young enough to renew it. */
  renewableSince: number | undefined;
  readonly inherited = new Map<string, Announcement>();
  readonly adoptedAt = new Map<string, number>();
  readonly fast = new Map<string, boolean>();
  /** By prefix, as the journal has it now, and before this step. */
  phases = new Map<string, string>();
  phasesBefore = new Map<string, string>();
  /** What operators ordered, by prefix. */
  orders = new Map<string, Intent>();
  hadOrders = false;
  /** The orders that nothing beats, now and before this step. */
  deciding = new Map<string, Intent>();
  decidingBefore = new Map<string, Intent>();
  /** Orders that were over in this step, with why. */
  endedNow: string[] = [];

  /** Writes one step down: first what went in, then what came out. */
  note(moment: Moment): void {
    const { event, policy, now } = moment;
    this.turn(policy, now);
    this.moment = moment;
    this.lapsedNow = false;
    this.phasesBefore = new Map(this.phases);
    if (event.type === 'result') this.looks.get(event.result.check)?.push(event.result);
    if (event.type === 'reload') this.#reload(policy, event.changed);
    if (event.type === 'stop') this.stopped = true;
    if (event.type === 'lease') this.#hear(event.report);
    if (event.type === 'intent') this.orders = new Map(event.intents.map((each) => [each.prefix, each]));
    if (this.lapsedAt !== undefined && (this.proof() ?? -Infinity) > this.lapsedAt) this.lapsedAt = undefined;
    this.#minuteOrders();
    this.askedBefore = this.asked;
    this.generationBefore = this.generation;
    for (const effect of moment.effects) this.#noteEffect(effect);
    const isRenewable = this.asked.length > 0 && this.hasFreshProof();
    this.renewableSince = isRenewable ? (this.renewableSince ?? now) : undefined;
  }

  rule(prefix: string): PrefixPolicy | undefined {
    return this.policy.prefixes.find((rule) => rule.prefix === prefix);
  }

  standing(prefix: string, phases = this.phases): Standing {
    return standingOf(phases.get(prefix));
  }

  #hear(report: Extract<Event, { type: 'lease' }>['report']): void {
    this.guard = report !== undefined;
    if (report === undefined) return;
    if (this.greeted) {
      // Whichever lease it was: it is only news to who believes something announced.
      this.lapsedNow = report.lease === 'lapsed' && this.asked.length > 0;
      if (this.lapsedNow) this.lapsedAt = this.now;
      return;
    }
    this.greeted = true;
    this.generation = Math.max(1, report.generation);
    if (report.lease !== 'held' && report.lease !== 'handover') return;
    this.asked = report.desired;
    for (const route of report.desired) {
      if (this.rule(route.prefix) === undefined) continue;
      this.inherited.set(route.prefix, route);
      this.adoptedAt.set(route.prefix, this.now);
    }
  }

  /** Which orders are over, and which of the others decide: only two things beat an order to announce. */
  #minuteOrders(): void {
    this.hadOrders ||= this.orders.size > 0;
    this.endedNow = [];
    this.decidingBefore = this.deciding;
    this.deciding = new Map();
    for (const [prefix, order] of this.orders) {
      const rule = this.rule(prefix);
      const isOver = this.now >= order.endsAt;
      if (isOver || rule === undefined) {
        this.endedNow.push(`${prefix} ${order.verb} ${isOver ? 'expired' : 'not-configured'}`);
        this.orders.delete(prefix);
      } else if (order.verb === 'withdraw' || this.#canAnnounce(rule)) {
        this.deciding.set(prefix, order);
      }
    }
  }

  #canAnnounce(rule: PrefixPolicy): boolean {
    const hadRoute = this.standing(rule.prefix, this.phasesBefore) !== 'none';
    return this.worst(rule) !== 'gone' && this.hasFreshProof() && (this.guard || hadRoute);
  }

  #noteEffect(effect: Effect): void {
    switch (effect.type) {
      case 'set':
        this.asked = effect.announcements;
        this.generation = effect.generation;
        this.askedAt.push(this.now);
        return;
      case 'renew':
        this.askedAt.push(this.now);
        return;
      case 'pace':
        this.fast.set(effect.check, effect.fast);
        return;
      case 'journal': {
        const { prefix, to } = effect.transition;
        const from = this.adoptedAt.get(prefix) === this.now ? 'adopted' : this.phases.get(prefix);
        const isDown =
          to === 'withdrawn' || (to === 'degraded' && (from === 'announced' || from === 'adopted'));
        const steps = this.stepsDown.get(prefix) ?? [];
        if (isDown) this.stepsDown.set(prefix, [...steps, { at: this.now, hold: this.policy.hold }]);
        this.phases.set(prefix, to);
        return;
      }
      case 'force-ended':
        return;
      default:
        effect satisfies never;
    }
  }

  /** Checks that are new or changed begin slow; prefixes come and go. */
  #reload(policy: Policy, changed: ReadonlySet<string>): void {
    this.watch(policy, changed, this.now);
    for (const name of this.fast.keys()) {
      if (!policy.checks.has(name) || changed.has(name)) this.fast.delete(name);
    }
    const configured = new Set(policy.prefixes.map(({ prefix }) => prefix));
    for (const memory of [this.phases, this.phasesBefore, this.inherited, this.adoptedAt, this.stepsDown]) {
      for (const prefix of memory.keys()) if (!configured.has(prefix)) memory.delete(prefix);
    }
  }
}
