/**
 * What is true of charon and of each prefix, counted anew in the naive way out of the whole story so far.
 *
 * Nothing here knows levels, phases or deadlines that are carried along. It shares with the product only the
 * table of reasons and the shapes of its data.
 */
import type { Result } from '../../health/check.ts';
import { CLASSES, type Class } from '../../health/reason.ts';
import type { Policy } from '../../sidecar/decision.ts';
import type { FleetView } from '../../sidecar/fleet/view.ts';
import type { FleetPrefix } from '../../sidecar/fleet/word.ts';
import type { PrefixPolicy } from '../../sidecar/prefix.ts';
import { REASONS, type Reason } from '../../sidecar/reason.ts';
import type { CheckPolicy } from '../../sidecar/verdict.ts';
import { flapHeldUntil, heldUntil, type Strike } from './decision-strikes.ts';

/** A charon that only says that it is alive counts as alive for so long after it last passed. */
const STUCK_GRACE_MS = 60_000;

export interface Failing {
  readonly reason: Reason;
  readonly class: Class;
}

export const rank = (level: Class | undefined): number =>
  level === undefined ? CLASSES.length : CLASSES.indexOf(level);

export class Facts {
  policy: Policy;
  now: number;
  /** When the guard said that it withdrew what we believed announced, until charon is proved alive from after it. */
  protected lapsedAt: number | undefined;
  /** By check, in the order of arrival; only of checks that are configured, since they are watched. */
  protected readonly looks = new Map<string, Result[]>();
  protected readonly watchedSince = new Map<string, number>();
  protected readonly strikes = new Map<string, Strike[]>();
  /** By prefix: as badly as it fails, and when that last became worse. */
  protected readonly failingAs = new Map<
    string,
    { readonly worst: Class | undefined; readonly since: number }
  >();
  /** What was told of the other gateways last. */
  protected view: FleetView | undefined;
  /** Facts of this moment that were counted already: without it, a story is counted a hundred times a step. */
  readonly #counted = new Map<string, unknown>();

  constructor(policy: Policy, now: number) {
    this.policy = policy;
    this.now = now;
    this.watch(policy, new Set(), now);
  }

  /** Another moment: everything is to be counted anew. */
  protected turn(policy: Policy, now: number): void {
    this.#counted.clear();
    this.policy = policy;
    this.now = now;
  }

  /** From a reload on: unchanged checks keep their story, the others begin one. */
  protected watch(policy: Policy, changed: ReadonlySet<string>, now: number): void {
    for (const name of [...this.looks.keys()]) {
      if (policy.checks.has(name) && !changed.has(name)) continue;
      this.looks.delete(name);
      this.watchedSince.delete(name);
    }
    for (const name of policy.checks.keys()) {
      if (this.looks.has(name)) continue;
      this.looks.set(name, []);
      this.watchedSince.set(name, now);
    }
  }

  /** When charon was last proved alive by a check that is still configured. */
  proof(): number | undefined {
    return this.#once('proof', () => {
      const times = [...this.policy.checks].flatMap(([name, { proves }]) => {
        let passedAt = -Infinity;
        return this.of(name).flatMap((look) => {
          if (look.verdict === 'pass') {
            passedAt = Math.max(passedAt, look.at);
            return proves ? [look.at] : [];
          }
          return look.provesAlive === true && look.at - passedAt <= STUCK_GRACE_MS ? [look.at] : [];
        });
      });
      return times.length === 0 ? undefined : Math.max(...times);
    });
  }

  /** Young enough, and not from before a lapse: who lets the lease lapse may have stood still. */
  hasFreshProof(): boolean {
    return this.proof() !== undefined && !this.#isProofOld() && this.lapsedAt === undefined;
  }

  #isProofOld(): boolean {
    const proof = this.proof();
    return proof !== undefined && this.now >= proof + this.policy.lease.maxAgeMs;
  }

  of(check: string): readonly Result[] {
    return this.looks.get(check) ?? [];
  }

  /** Two plain counters: passes in a row, fails in a row. */
  isUp(check: string): boolean {
    return this.#once(`up ${check}`, () => {
      const { rise, fall } = this.#rule(check);
      let [passes, fails, up] = [0, 0, false];
      for (const look of this.of(check)) {
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
    });
  }

  /** What is wrong with a check: its last failure, as long as it is not up. */
  failing(check: string): Failing | undefined {
    if (this.isUp(check)) return undefined;
    const last = this.of(check).findLast(({ verdict }) => verdict === 'fail');
    if (last === undefined || last.verdict === 'pass') return undefined;
    const natural = REASONS[last.reason].class;
    const worded = natural === 'gone' ? natural : (this.#rule(check).class ?? natural);
    return { reason: last.reason, class: worded };
  }

  /** Nothing was known of it for longer than it may be. */
  isStale(check: string): boolean {
    const known = this.of(check).flatMap(({ verdict, at }) => (verdict === 'unknown' ? [] : [at]));
    const since = Math.max(this.watchedSince.get(check) ?? this.now, ...known);
    return this.now >= since + this.#rule(check).maxAgeMs;
  }

  /** Everything that speaks against a prefix now. A consequence is not counted beside its cause. */
  against({ prefix, checks }: PrefixPolicy): Failing[] {
    return this.#once(`against ${prefix}`, () => {
      const found = checks.flatMap((name): Failing[] => {
        if (this.#rule(name).dependsOn.some((cause) => this.failing(cause) !== undefined)) return [];
        const failing = this.failing(name);
        if (failing !== undefined) return [failing];
        const ignorance = this.#rule(name).class === 'advisory' ? 'advisory' : 'impaired';
        return this.isStale(name) ? [{ reason: 'check-stale', class: ignorance }] : [];
      });
      const planes = ['vici-silent', 'ike-silent'] as const;
      const saysSo = planes.every((reason) => checks.some((name) => this.#heardNothing(name, reason)));
      const isSettled = checks.some((name) => planes.some((reason) => this.failing(name)?.reason === reason));
      if (saysSo && isSettled) found.push({ reason: 'both-planes-silent', class: 'not-serving' });
      if (this.#isProofOld()) found.push({ reason: 'evidence-stale', class: 'not-serving' });
      if (this.lapsedAt !== undefined) found.push({ reason: 'lease-lapsed', class: 'not-serving' });
      return found;
    });
  }

  worst(rule: PrefixPolicy): Class | undefined {
    const classes = this.against(rule).map((failing) => failing.class);
    return CLASSES.find((each) => classes.includes(each));
  }

  /** Not gone, and it may be said that charon lives. */
  canServe(rule: PrefixPolicy): boolean {
    const worst = this.worst(rule);
    return worst !== 'gone' && (worst !== 'not-serving' || this.hasFreshProof());
  }

  /** It fails so that it would step down for somebody better. */
  isIll(rule: PrefixPolicy): boolean {
    const worst = this.worst(rule);
    return this.canServe(rule) && (worst === 'not-serving' || worst === 'impaired');
  }

  /** Nobody said, asked since this failed so badly, that he announces it and fails less. */
  isBest(rule: PrefixPolicy): boolean {
    const since = this.failingAs.get(rule.prefix)?.since ?? -Infinity;
    return this.policy.fleet !== undefined && !this.#isOutdone(rule, since);
  }

  /** Somebody said so before, and nobody since. */
  isAsking(rule: PrefixPolicy): boolean {
    return this.isBest(rule) && this.#isOutdone(rule, -Infinity);
  }

  #isOutdone(rule: PrefixPolicy, since: number): boolean {
    const worst = rank(this.worst(rule));
    return this.others(rule, since).some((said) => rank(said.class ?? undefined) > worst);
  }

  /** All were asked, and nobody better is there. */
  isLast(rule: PrefixPolicy): boolean {
    return this.isIll(rule) && this.isBest(rule) && !this.isAsking(rule) && this.view?.settled === true;
  }

  /** Another gateway has it, or may have it. */
  isTaken(rule: PrefixPolicy): boolean {
    if (this.policy.fleet === undefined) return false;
    if (this.view?.settled !== true) return true;
    return this.others(rule).some(({ state, yielding }) => state !== 'degraded' && !yielding);
  }

  /** Those that are known to announce it now, and that nobody drains. */
  private others({ prefix }: PrefixPolicy, since = -Infinity): FleetPrefix[] {
    const { fleet } = this.policy;
    if (fleet === undefined) return [];
    return [...(this.view?.members.values() ?? [])].flatMap(({ name, word, heardAt }) => {
      const isKnown = fleet.members.some((member) => member.name === name);
      if (!isKnown || word === undefined || word.drain !== null) return [];
      if (heardAt === undefined || this.now - heardAt >= fleet.maxAgeMs || heardAt <= since) return [];
      const announcing = ['announced', 'adopted', 'degraded'];
      return word.prefixes.filter(
        (said) => said.prefix === prefix && said.acknowledged && announcing.includes(said.state),
      );
    });
  }

  /** Nothing takes it away: the checks do not, or nobody better is there, or it flapped too often for that. */
  mayStand(rule: PrefixPolicy): boolean {
    if (!this.canServe(rule)) return false;
    return this.worst(rule) !== 'not-serving' || this.isBest(rule) || this.isFlapHeld(rule.prefix);
  }

  /** What a prefix that may be announced is announced with; undefined: that is open until all were asked. */
  deserves(rule: PrefixPolicy): 'announced' | 'degraded' | undefined {
    if (this.isFlapHeld(rule.prefix)) return 'degraded';
    if (!this.isIll(rule) || this.isLast(rule)) return 'announced';
    return this.isBest(rule) ? undefined : 'degraded';
  }

  isHeard({ checks }: PrefixPolicy): boolean {
    return checks.every((name) => this.of(name).length > 0 || this.isStale(name));
  }

  /** What it takes to come up: the checks, or the need. */
  mayComeUp(rule: PrefixPolicy): boolean {
    if (this.isLast(rule)) return this.isHeard(rule) && this.hasFreshProof();
    return this.worst(rule) !== 'not-serving' && this.isEarned(rule);
  }

  /** Every required check has risen, and none is still to be heard for the first time. */
  isEarned({ checks }: PrefixPolicy): boolean {
    return checks.every((name) => {
      const isHeard = this.of(name).length > 0 || this.isStale(name);
      return isHeard && (!this.#rule(name).required || this.isUp(name));
    });
  }

  /** On the way up after a pass or down after a failure; or a proof of life, and one of them fails. */
  shouldBeFast(check: string): boolean {
    const last = this.of(check).findLast(({ verdict }) => verdict !== 'unknown');
    const isMoving = last !== undefined && (last.verdict === 'pass') !== this.isUp(check);
    const proofs = [...this.policy.checks].flatMap(([name, { proves }]) => (proves ? [name] : []));
    return isMoving || (proofs.includes(check) && proofs.some((name) => this.failing(name) !== undefined));
  }

  heldUntil(prefix: string): number {
    return heldUntil(this.strikes.get(prefix) ?? []);
  }

  isFlapHeld(prefix: string): boolean {
    return this.now < flapHeldUntil(this.strikes.get(prefix) ?? []);
  }

  #heardNothing(check: string, reason: Reason): boolean {
    const last = this.of(check).at(-1);
    return last?.verdict === 'fail' && last.reason === reason && last.provesAlive !== true;
  }

  #rule(check: string): CheckPolicy {
    const rule = this.policy.checks.get(check);
    if (rule === undefined) throw new Error(`the story has no check ${check}`);
    return rule;
  }

  #once<T>(fact: string, count: () => T): T {
    if (!this.#counted.has(fact)) this.#counted.set(fact, count());
    return this.#counted.get(fact) as T;
  }
}
