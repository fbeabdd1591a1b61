/**
 * What was fed to the decision and what came out of it, and out of that, in the naive way, what is true now.
 *
 * Nothing here knows levels, phases or deadlines that are carried along: every fact is counted anew from the
 * whole story. It shares with the product only the table of reasons and the shapes of its data.
 */
import type { Announcement } from '../../bgp/announcement.ts';
import type { Result } from '../../health/check.ts';
import { CLASSES, type Class } from '../../health/reason.ts';
import type { Effect, Event, Policy, State } from '../../sidecar/decision.ts';
import type { HoldDownPolicy, PrefixPolicy } from '../../sidecar/prefix.ts';
import { REASONS, type Reason } from '../../sidecar/reason.ts';
import type { CheckPolicy } from '../../sidecar/verdict.ts';
import { excused } from './known.ts';

/** One step of the decision as seen from outside; `look` is a moment at which nothing happened. */
export interface Moment {
  readonly event: Event | { readonly type: 'look' };
  readonly policy: Policy;
  readonly now: number;
  readonly effects: readonly Effect[];
  readonly wakeAt: number | undefined;
  readonly state: State;
}

/** Where a prefix stands, told by the journal: what it announces, if anything. */
export type Standing = 'none' | 'inherited' | 'announced' | 'degraded';

export interface Failing {
  readonly reason: Reason;
  readonly class: Class;
}

interface StepDown {
  readonly at: number;
  readonly hold: HoldDownPolicy;
}

export class History {
  policy: Policy;
  now: number;
  moment: Moment | undefined;
  stopped = false;
  /** The guard answers on the lease socket. */
  guard = false;
  /** It did once: what a predecessor left was taken over then, or never. */
  greeted = false;
  /** In this very step the guard said that it withdrew what we believed announced. */
  lapsedNow = false;
  /** What the guard was last asked for, or was found to hold. */
  asked: readonly Announcement[] = [];
  askedBefore: readonly Announcement[] = [];
  generation = 0;
  generationBefore = 0;
  /** The moments of every set and renewal. */
  askedAt: number[] = [];
  readonly inherited = new Map<string, Announcement>();
  readonly adoptedAt = new Map<string, number>();
  readonly fast = new Map<string, boolean>();
  /** As the journal has it now, and before this step. */
  phases = new Map<string, string>();
  phasesBefore = new Map<string, string>();
  /** Since when there is both something asked and a proof that is young enough to renew it. */
  renewableSince: number | undefined;
  readonly #looks = new Map<string, Result[]>();
  readonly #watchedSince = new Map<string, number>();
  readonly #stepsDown = new Map<string, StepDown[]>();
  /** Facts of this step that were counted already: without it, a story is counted a thousand times a step. */
  readonly #counted = new Map<string, unknown>();

  constructor(policy: Policy, now: number) {
    this.policy = policy;
    this.now = now;
    this.#watch(policy, new Set(), now);
  }

  /** Writes one step down: first what went in, then what came out. */
  note(moment: Moment): void {
    const { event, policy, now } = moment;
    this.#counted.clear();
    this.moment = moment;
    this.now = now;
    this.policy = policy;
    this.lapsedNow = false;
    this.phasesBefore = new Map(this.phases);
    if (event.type === 'result') this.#looks.get(event.result.check)?.push(event.result);
    if (event.type === 'reload') this.#watch(policy, event.changed, now);
    if (event.type === 'stop') this.stopped = true;
    if (event.type === 'lease') this.#hear(event.report);
    this.askedBefore = this.asked;
    this.generationBefore = this.generation;
    for (const effect of moment.effects) this.#noteEffect(effect);
    if (event.type === 'reload' && excused('reload-forgets-pace')) {
      for (const name of policy.checks.keys()) this.fast.set(name, this.shouldBeFast(name));
    }
    const renewable = this.asked.length > 0 && this.hasFreshProof();
    this.renewableSince = renewable ? (this.renewableSince ?? now) : undefined;
  }

  #hear(report: Extract<Event, { type: 'lease' }>['report']): void {
    this.guard = report !== undefined;
    if (report === undefined) return;
    if (this.greeted) {
      this.lapsedNow = report.lease === 'lapsed' && report.generation === this.generation;
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
        if (isDown) this.#down(prefix).push({ at: this.now, hold: this.policy.hold });
        this.phases.set(prefix, to);
        return;
      }
      case 'force-ended':
        return;
      default:
        effect satisfies never;
    }
  }

  /** From a reload on: unchanged checks keep their story, the others begin one; prefixes come and go. */
  #watch(policy: Policy, changed: ReadonlySet<string>, now: number): void {
    for (const name of [...this.#looks.keys()]) {
      if (policy.checks.has(name) && !changed.has(name)) continue;
      this.#looks.delete(name);
      this.#watchedSince.delete(name);
      this.fast.delete(name);
    }
    for (const name of policy.checks.keys()) {
      if (this.#looks.has(name)) continue;
      this.#looks.set(name, []);
      this.#watchedSince.set(name, now);
    }
    const configured = new Set(policy.prefixes.map(({ prefix }) => prefix));
    for (const memory of [this.phases, this.phasesBefore, this.inherited, this.adoptedAt, this.#stepsDown]) {
      for (const prefix of memory.keys()) if (!configured.has(prefix)) memory.delete(prefix);
    }
  }

  rule(prefix: string): PrefixPolicy | undefined {
    return this.policy.prefixes.find((rule) => rule.prefix === prefix);
  }

  standing(prefix: string, phases = this.phases): Standing {
    const phase = phases.get(prefix) ?? 'cold';
    if (phase === 'announced' || phase === 'degraded') return phase;
    return phase === 'adopted' ? 'inherited' : 'none';
  }

  /** When charon was last proved alive by a check that is still configured. */
  proof(): number | undefined {
    return this.#once('proof', () => this.#countProof());
  }

  #countProof(): number | undefined {
    const times = [...this.policy.checks].flatMap(([name, { proves }]) =>
      this.looks(name)
        .filter((look) => (look.verdict === 'pass' ? proves : look.provesAlive === true))
        .map(({ at }) => at),
    );
    return times.length === 0 ? undefined : Math.max(...times);
  }

  hasFreshProof(): boolean {
    const proof = this.proof();
    return proof !== undefined && this.now < proof + this.policy.lease.maxAgeMs;
  }

  looks(check: string): readonly Result[] {
    return this.#looks.get(check) ?? [];
  }

  isUp(check: string): boolean {
    return this.#once(`up ${check}`, () => this.#countUp(check));
  }

  /** Two plain counters: passes in a row, fails in a row. */
  #countUp(check: string): boolean {
    const { rise, fall } = this.#checkRule(check);
    let [passes, fails, up] = [0, 0, false];
    for (const look of this.looks(check)) {
      if (look.verdict === 'pass') {
        passes += 1;
        fails = 0;
        if (passes >= rise) up = true;
      } else if (look.verdict === 'fail') {
        fails += 1;
        passes = 0;
        if (fails >= fall || REASONS[look.reason].class === 'gone') up = false;
      }
    }
    return up;
  }

  /** What is wrong with a check: its last failure, as long as it is not up. */
  failing(check: string): Failing | undefined {
    if (this.isUp(check)) return undefined;
    const last = this.looks(check).findLast(({ verdict }) => verdict === 'fail');
    if (last === undefined || last.verdict === 'pass') return undefined;
    const natural = REASONS[last.reason].class;
    const worded = natural === 'gone' ? natural : (this.#checkRule(check).class ?? natural);
    return { reason: last.reason, class: worded };
  }

  /** Nothing was known of it for longer than it may be. */
  isStale(check: string): boolean {
    const known = this.looks(check).filter(({ verdict }) => verdict !== 'unknown');
    const since = Math.max(this.#watchedSince.get(check) ?? this.now, ...known.map(({ at }) => at));
    return this.now >= since + this.#checkRule(check).maxAgeMs;
  }

  /** On the way up after a pass or down after a failure; or a proof of life, and one of them fails. */
  shouldBeFast(check: string): boolean {
    const last = this.looks(check).findLast(({ verdict }) => verdict !== 'unknown');
    const isMoving = last !== undefined && (last.verdict === 'pass') !== this.isUp(check);
    const proofs = [...this.policy.checks].flatMap(([name, { proves }]) => (proves ? [name] : []));
    return isMoving || (proofs.includes(check) && proofs.some((name) => this.failing(name) !== undefined));
  }

  /** Everything that speaks against a prefix now. A consequence is not counted beside its cause. */
  against(rule: PrefixPolicy): Failing[] {
    return this.#once(`against ${rule.prefix}`, () => this.#countAgainst(rule));
  }

  #countAgainst({ checks }: PrefixPolicy): Failing[] {
    const found = checks.flatMap((name): Failing[] => {
      if (this.#checkRule(name).dependsOn.some((cause) => this.failing(cause) !== undefined)) return [];
      const failing = this.failing(name);
      if (failing !== undefined) return [failing];
      return this.isStale(name) ? [{ reason: 'check-stale', class: 'impaired' }] : [];
    });
    const planes = ['vici-silent', 'ike-silent'] as const;
    const saysSo = planes.every((reason) => checks.some((name) => this.#heardNothing(name, reason)));
    const isSettled = checks.some((name) => planes.some((reason) => this.failing(name)?.reason === reason));
    if (saysSo && isSettled) found.push({ reason: 'both-planes-silent', class: 'not-serving' });
    if (this.proof() !== undefined && !this.hasFreshProof()) {
      found.push({ reason: 'evidence-stale', class: 'not-serving' });
    }
    return found;
  }

  worst(rule: PrefixPolicy): Class | undefined {
    const classes = this.against(rule).map((failing) => failing.class);
    return CLASSES.find((each) => classes.includes(each));
  }

  isServing(rule: PrefixPolicy): boolean {
    const worst = this.worst(rule);
    return worst !== 'gone' && worst !== 'not-serving';
  }

  /** What a prefix that may be announced is announced with. */
  deserves(rule: PrefixPolicy): 'announced' | 'degraded' {
    return this.worst(rule) === 'impaired' ? 'degraded' : 'announced';
  }

  /** Every required check has risen, and none is still to be heard for the first time. */
  isEarned({ checks }: PrefixPolicy): boolean {
    return checks.every((name) => {
      const isHeard = this.looks(name).length > 0 || this.isStale(name);
      return isHeard && (!this.#checkRule(name).required || this.isUp(name));
    });
  }

  /** Doubles with every step down, halves with every quiet period between two of them. */
  heldUntil(prefix: string): number {
    let [factor, previous, until] = [1, -Infinity, -Infinity];
    for (const { at, hold } of this.#down(prefix)) {
      for (let quiet = hold.quietMs; quiet <= at - previous && factor > 1; quiet += hold.quietMs) factor /= 2;
      until = at + Math.min(hold.holdDownMaxMs, hold.holdDownMs * factor);
      factor *= 2;
      previous = at;
    }
    return until;
  }

  #once<T>(fact: string, count: () => T): T {
    if (!this.#counted.has(fact)) this.#counted.set(fact, count());
    return this.#counted.get(fact) as T;
  }

  #heardNothing(check: string, reason: Reason): boolean {
    const last = this.looks(check).at(-1);
    return last?.verdict === 'fail' && last.reason === reason && last.provesAlive !== true;
  }

  #checkRule(check: string): CheckPolicy {
    const rule = this.policy.checks.get(check);
    if (rule === undefined) throw new Error(`the story has no check ${check}`);
    return rule;
  }

  #down(prefix: string): StepDown[] {
    const known = this.#stepsDown.get(prefix) ?? [];
    this.#stepsDown.set(prefix, known);
    return known;
  }
}
