/** What was fed to the decision and what came out of it, step by step; decision-facts.ts counts what is true. */
import type { Announcement } from '../../bgp/announcement.ts';
import { CLASSES, type Class } from '../../health/reason.ts';
import type { Event, Policy } from '../../sidecar/decision.ts';
import type { Intent } from '../../sidecar/intent.ts';
import type { PrefixPolicy } from '../../sidecar/prefix.ts';
import { wishesOf } from '../../sidecar/sessions/machine.ts';
import type { StepAll } from '../../sidecar/step-all.ts';
import { Facts, rank } from './decision-facts.ts';
import { standingOf, type Moment, type Standing } from './decision-moment.ts';
import type { Strike } from './decision-strikes.ts';

export class History extends Facts {
  moment: Moment | undefined;
  stopped = false;
  /** The guard answers on the lease socket. */
  guard = false;
  /** It did once: what a predecessor left was taken over then, or never. */
  greeted = false;
  /** In this very step the guard said that it withdrew what we believed announced. */
  lapsedNow = false;
  /** In this very step a prefix began to fail, or worse than before. */
  worsenedNow = false;
  /** What the guard was last asked for, or was found to hold; and the same before this step's effects. */
  asked: readonly Announcement[] = [];
  askedBefore: readonly Announcement[] = [];
  generation = 0;
  generationBefore = 0;
  /** The moments of every set and renewal. */
  askedAt: number[] = [];
  /** Since when there is both something asked and a proof that is young enough to renew it. */
  renewableSince: number | undefined;
  readonly inherited = new Map<string, readonly Announcement[]>();
  readonly adoptedAt = new Map<string, number>();
  readonly fast = new Map<string, boolean>();
  /** By prefix, as the journal has it now, and before this step. */
  phases = new Map<string, string>();
  phasesBefore = new Map<string, string>();
  /** Why, as the journal had it before this step. */
  becauseBefore = new Map<string, string | undefined>();
  #because = new Map<string, string | undefined>();
  /** What operators ordered, by prefix. */
  orders = new Map<string, Intent>();
  hadOrders = false;
  /** By prefix: announced behind another gateway that has it. */
  readonly yielding = new Set<string>();
  /** By prefix: as badly as it failed when it stood there for want of anybody better. */
  readonly stoodFor = new Map<string, Class>();
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
    this.becauseBefore = new Map(this.#because);
    if (event.type === 'result') this.looks.get(event.result.check)?.push(event.result);
    if (event.type === 'reload') this.#reload(policy, event.changed);
    if (event.type === 'stop') this.stopped = true;
    if (event.type === 'lease') this.#hear(event.report);
    if (event.type === 'fleet') this.view = event.view;
    if (event.type === 'release') for (const prefix of event.prefixes) this.strikes.delete(prefix);
    if (event.type === 'intent') this.orders = new Map(event.intents.map((each) => [each.prefix, each]));
    if (this.lapsedAt !== undefined && (this.proof() ?? -Infinity) > this.lapsedAt) this.lapsedAt = undefined;
    if (event.type === 'sessions' && event.event.type === 'drain') this.hadOrders = true;
    this.#minuteOrders();
    this.worsenedNow = false;
    if (event.type !== 'look' && !this.stopped) this.#noteFailing();
    if (event.type !== 'look' && !this.hadOrders) this.#noteBorne();
    this.askedBefore = this.asked;
    this.generationBefore = this.generation;
    for (const effect of moment.effects) this.#noteEffect(effect);
    if (event.type !== 'look') this.#noteStanding();
    const isRenewable = this.asked.length > 0 && this.hasFreshProof();
    this.renewableSince = isRenewable ? (this.renewableSince ?? now) : undefined;
  }

  rule(prefix: string): PrefixPolicy | undefined {
    return this.policy.prefixes.find((rule) => rule.prefix === prefix);
  }

  standing(prefix: string, phases = this.phases): Standing {
    return standingOf(phases.get(prefix));
  }

  /** What a drain makes of this prefix goes before what the checks make of it. */
  isDrained(prefix: string): boolean {
    const sessions = this.moment?.state.sessions;
    const isForced = this.deciding.has(prefix);
    return sessions !== undefined && !isForced && wishesOf(sessions).outside !== 'as-checked';
  }

  prefixesOf(family: 4 | 6): string[] {
    return this.policy.prefixes.flatMap(({ prefix }) =>
      prefix.includes(':') === (family === 6) ? [prefix] : [],
    );
  }

  #noteFailing(): void {
    for (const rule of this.policy.prefixes) {
      const before = this.failingAs.get(rule.prefix) ?? { worst: undefined, since: -Infinity };
      const worst = this.worst(rule);
      const isWorse = rank(worst) < rank(before.worst);
      this.failingAs.set(rule.prefix, { worst, since: isWorse ? this.now : before.since });
      this.worsenedNow ||= isWorse;
    }
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
      this.inherited.set(
        route.prefix,
        report.desired.filter(({ prefix }) => prefix === route.prefix),
      );
      this.adoptedAt.set(route.prefix, this.now);
      const yields = this.rule(route.prefix)?.routes.yielding ?? [];
      const left = this.inherited.get(route.prefix);
      if (JSON.stringify(left) === JSON.stringify(yields)) this.yielding.add(route.prefix);
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

  #noteEffect(effect: StepAll['effects'][number]): void {
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
        const known = this.phases.get(prefix) ?? 'cold';
        const from = known === 'cold' && this.adoptedAt.get(prefix) === this.now ? 'adopted' : known;
        const isDown =
          (to === 'withdrawn' && from !== 'withdrawn') ||
          (to === 'degraded' && (from === 'announced' || from === 'adopted')) ||
          // It would have been withdrawn, and that was once too often.
          (to === 'degraded' && from === 'degraded' && effect.transition.cause?.reason === 'flap-hold');
        const rule = this.rule(prefix);
        if (isDown) this.#strike(prefix, this.#isForAnother(rule) ? 'for-another' : 'own');
        else if (to === 'degraded' && from !== 'degraded' && rule !== undefined && this.isLast(rule)) {
          this.#strike(prefix, 'stand-in');
        }
        this.phases.set(prefix, to);
        this.#because.set(prefix, effect.transition.cause?.reason);
        return;
      }
      case 'force-ended':
      case 'ask-fleet':
      case 'redirect':
      case 'terminate':
      case 'list':
      case 'notice':
      case 'drain-ended':
        return;
      default:
        effect satisfies never;
    }
  }

  #strike(prefix: string, kind: Strike['kind']): void {
    const strikes = this.strikes.get(prefix) ?? [];
    this.strikes.set(prefix, [...strikes, { at: this.now, hold: this.policy.hold, kind }]);
  }

  /** It fails no worse than when it stood there for want of anybody better. */
  #isForAnother(rule: PrefixPolicy | undefined): boolean {
    const before = rule === undefined ? undefined : this.stoodFor.get(rule.prefix);
    const worst = rule === undefined ? undefined : this.worst(rule);
    if (before === undefined || this.lapsedNow || this.stopped) return false;
    if (rule === undefined || !this.canServe(rule) || this.#expiresNow(rule.prefix)) return false;
    return worst === undefined || CLASSES.indexOf(worst) >= CLASSES.indexOf(before);
  }

  #expiresNow(prefix: string): boolean {
    return this.#wasFound(prefix) && this.isOverdue(prefix);
  }

  /** What would have taken it down, had there been anybody better. */
  #noteBorne(): void {
    for (const rule of this.policy.prefixes) {
      const { prefix } = rule;
      const standing = this.#wasFound(prefix) ? 'inherited' : this.standing(prefix, this.phasesBefore);
      const before = this.stoodFor.get(prefix);
      const worst = this.worst(rule);
      if (standing === 'none' || !this.isIll(rule) || !this.isBest(rule) || this.lapsedNow) continue;
      if (this.isAsking(rule)) continue;
      if (this.stopped) continue;
      // Its time is over in this very step: then it is taken down, and not borne.
      const isKept = this.isLast(rule) && this.mayComeUp(rule);
      if (standing === 'inherited' && !isKept && this.isOverdue(prefix)) continue;
      const wouldFall = worst === 'not-serving' || standing !== 'degraded';
      const isNews = before === undefined || CLASSES.indexOf(worst ?? 'advisory') < CLASSES.indexOf(before);
      if (wouldFall && isNews) this.#strike(prefix, 'borne');
    }
  }

  #noteStanding(): void {
    for (const rule of this.policy.prefixes) {
      const { prefix } = rule;
      const [worst, standing] = [this.worst(rule), this.standing(prefix)];
      const stands = standing !== 'none' && this.isIll(rule) && this.isBest(rule);
      if (stands && worst !== undefined) {
        if (!this.isAsking(rule)) this.stoodFor.set(prefix, worst);
      } else this.stoodFor.delete(prefix);
      const was = this.standing(prefix, this.phasesBefore);
      const couldYield = was === 'announced' || this.#wasFound(prefix) ? this.yielding.has(prefix) : true;
      if (standing === 'announced' && couldYield && !rule.preempt && this.isTaken(rule)) {
        this.yielding.add(prefix);
      } else if (standing !== 'inherited') this.yielding.delete(prefix);
    }
  }

  /** What a predecessor left was what stood there until this step. */
  #wasFound(prefix: string): boolean {
    const before = this.phasesBefore.get(prefix) ?? 'cold';
    return before === 'adopted' || (before === 'cold' && this.adoptedAt.get(prefix) === this.now);
  }

  /** It was found announced, and has not been earned in the time for that. */
  isOverdue(prefix: string): boolean {
    const since = this.adoptedAt.get(prefix);
    return since !== undefined && this.now >= since + this.policy.lease.handoverMs;
  }

  /** Checks that are new or changed begin slow; prefixes come and go. */
  #reload(policy: Policy, changed: ReadonlySet<string>): void {
    this.watch(policy, changed, this.now);
    for (const name of this.fast.keys()) {
      if (!policy.checks.has(name) || changed.has(name)) this.fast.delete(name);
    }
    const configured = new Set(policy.prefixes.map(({ prefix }) => prefix));
    for (const memory of [
      this.phases,
      this.phasesBefore,
      this.inherited,
      this.adoptedAt,
      this.strikes,
      this.stoodFor,
      this.failingAs,
    ]) {
      for (const prefix of memory.keys()) if (!configured.has(prefix)) memory.delete(prefix);
    }
  }
}
