/**
 * What must hold after every step of the decision, and at any moment in between, whatever happened before.
 * One sentence a rule; a rule is true or broken, and says nothing about how it is kept.
 */
import type { Announcement } from '../../bgp/announcement.ts';
import type { Effect } from '../../sidecar/decision.ts';
import { unforced } from '../../sidecar/force.ts';
import type { PrefixPolicy } from '../../sidecar/prefix.ts';
import { standingOf, type History } from './decision-history.ts';

type Rule = (story: History) => boolean;
type PrefixRule = (story: History, rule: PrefixPolicy) => boolean;

/** Of each prefix, whatever was ordered. */
const ALWAYS: Readonly<Record<string, PrefixRule>> = {
  'nothing is asked for while charon does not serve': (story, rule) =>
    askedFor(story, rule) === undefined ||
    story.mayStand(rule) ||
    isForced(story, rule, 'announce') ||
    // How often it flapped beneath an order nobody sees from outside.
    (story.hadOrders && story.canServe(rule) && flapHoldOf(story, rule) > story.now),

  'nothing stands but what was inherited, or with a fresh proof of life': (story, { prefix }) => {
    const standing = story.standing(prefix);
    // After a reload no check may have looked yet: what stands is not renewed until one has.
    const isOpen = standing === 'inherited' || story.proof() === undefined;
    return standing === 'none' || isOpen || story.hasFreshProof();
  },

  'the others are told the worst that fails here, whatever is announced': (story, rule) => {
    const shown = story.moment?.state.prefixes.get(rule.prefix);
    const isStep = story.moment?.event.type !== 'look';
    return !isStep || story.stopped || shown === undefined || unforced(shown).verdict === story.worst(rule);
  },

  'a flap hold ends by itself': (story, rule) =>
    flapHoldOf(story, rule) - story.now <= story.policy.hold.flapHoldMs,

  'after a stop nothing is asked for': (story, rule) => !story.stopped || askedFor(story, rule) === undefined,

  'a lapsed lease is obeyed: what the guard withdrew is not asked for in the same step': (story, rule) => {
    const wasUp = isUp(story.standing(rule.prefix, story.phasesBefore));
    return !story.lapsedNow || !wasUp || askedFor(story, rule) === undefined;
  },

  'an order to withdraw is obeyed': (story, rule) =>
    !isForced(story, rule, 'withdraw') || askedFor(story, rule) === undefined,

  'an order to announce is obeyed, with the normal attributes': (story, rule) =>
    !isForced(story, rule, 'announce') || story.stopped || story.standing(rule.prefix) === 'announced',

  'where no order decides, it is as if there had been none': (story, rule) => {
    const { prefix } = rule;
    const unordered = story.moment?.unordered?.prefixes.get(prefix);
    if (unordered === undefined || story.deciding.has(prefix)) return true;
    return story.standing(prefix) === standingOf(unordered.phase);
  },
};

/** Of each prefix, as long as nobody has ordered anything. */
const UNORDERED: Readonly<Record<string, PrefixRule>> = {
  'an announcement is earned: checks risen, guard there, hold-down over': (story, rule) => {
    const { prefix } = rule;
    const isNew = isUp(story.standing(prefix)) && story.standing(prefix, story.phasesBefore) === 'none';
    if (!isNew) return true;
    const isFound = story.adoptedAt.get(prefix) === story.now;
    if (isFound) return true;
    if (!story.guard || !story.mayComeUp(rule)) return false;
    // For want of anybody better, and of nothing else, before its time; and then only degraded.
    if (story.isLast(rule)) return story.standing(prefix) === 'degraded';
    return story.now >= story.heldUntil(prefix);
  },

  'degraded gives way to announced only when that is earned, and the hold-down is over': (story, rule) => {
    const { prefix } = rule;
    const wasDegraded = story.standing(prefix, story.phasesBefore) === 'degraded';
    if (!wasDegraded || story.standing(prefix) !== 'announced') return true;
    return (
      story.mayComeUp(rule) && story.now >= story.heldUntil(prefix) && story.deserves(rule) === 'announced'
    );
  },

  'what is earned is announced without delay': (story, rule) => {
    if (story.stopped || !story.guard || !story.mayComeUp(rule)) return true;
    const [standing, deserves] = [story.standing(rule.prefix), story.deserves(rule)];
    if (deserves === undefined) return true;
    return story.now < story.heldUntil(rule.prefix) || standing === deserves;
  },

  'whoever can stand in does so at once, whatever it is held down for': (story, rule) =>
    story.stopped ||
    !story.guard ||
    !story.isLast(rule) ||
    !story.mayComeUp(rule) ||
    isUp(story.standing(rule.prefix)),

  'announced attributes only while nothing is impaired': (story, rule) =>
    story.standing(rule.prefix) !== 'announced' ||
    story.deserves(rule) === 'announced' ||
    // Nobody better was found so far; what stands is kept.
    story.deserves(rule) === undefined,

  'degraded only for a cause, or until better is earned and the hold-down is over': (story, rule) =>
    story.standing(rule.prefix) !== 'degraded' ||
    story.deserves(rule) !== 'announced' ||
    story.now < story.heldUntil(rule.prefix) ||
    !story.mayComeUp(rule),

  'nothing but a cause takes a prefix back': (story, rule) => {
    const { prefix } = rule;
    const isTaken = !isUp(story.standing(prefix)) && isUp(story.standing(prefix, story.phasesBefore));
    return !isTaken || story.stopped || story.lapsedNow || !story.mayStand(rule) || isExpired(story, prefix);
  },

  'what was found announced is kept no longer than a hand-over': (story, rule) => {
    if (story.standing(rule.prefix) !== 'inherited') return true;
    const isOpen = story.isIll(rule) && story.deserves(rule) === undefined;
    return !isExpired(story, rule.prefix) && (isOpen || !story.mayComeUp(rule));
  },

  'the journal says why': (story, rule) => {
    const entries = journalOf(story).filter(({ prefix }) => prefix === rule.prefix);
    const against: readonly string[] = story.against(rule).map(({ reason }) => reason);
    return entries.every(({ to, cause }) => {
      if (cause?.reason === 'last-gateway') return story.isIll(rule) && story.isBest(rule);
      if (cause?.reason === 'yielding') return to === 'announced' && story.yielding.has(rule.prefix);
      if (cause?.reason === 'flap-hold') return to === 'degraded' && story.isFlapHeld(rule.prefix);
      if (to === 'announced' || to === 'adopted' || to === 'cold') return cause === undefined;
      if (cause === undefined) return false;
      if (against.includes(cause.reason)) return true;
      if (to === 'degraded') return false;
      if (cause.reason === 'adoption-expired') return isExpired(story, rule.prefix);
      if (cause.reason === 'lease-lapsed') return story.lapsedNow;
      return cause.reason === 'stopping' && story.stopped;
    });
  },
};

const RULES: Readonly<Record<string, Rule>> = {
  'the guard is asked for exactly what the prefixes want': (story) =>
    story.proof() === undefined || same(story.asked, wanted(story)),

  'without any proof of life, what is not wanted is taken away all the same, and nothing else changes': (
    story,
  ) => {
    if (story.proof() !== undefined) return true;
    const left = wanted(story).flatMap(({ prefix }) =>
      story.askedBefore.filter((old) => old.prefix === prefix),
    );
    return same(story.asked, left);
  },

  'what people are shown is what was asked for': (story) =>
    same(story.moment?.state.announcements ?? [], story.asked) &&
    story.moment?.state.generation === story.generation,

  'a set changes something, under a new generation': (story) =>
    effectsOf(story, 'set').every(
      ({ announcements, generation }) =>
        !same(announcements, story.askedBefore) && generation > story.generationBefore,
    ),

  'routes are asked for on the newest proof of life, and only while it is young enough': (story) =>
    [...effectsOf(story, 'renew'), ...effectsOf(story, 'set')].every((effect) => {
      if (effect.type === 'set' && isRemoval(story.askedBefore, effect.announcements)) return true;
      return effect.evidence === story.proof() && story.hasFreshProof();
    }),

  'a withdrawal cannot be refused for its evidence': (story) =>
    effectsOf(story, 'set').every(
      ({ announcements, evidence }) => announcements.length > 0 || evidence === story.now,
    ),

  'the others are asked anew when a prefix begins to fail, or fails worse': (story) =>
    (effectsOf(story, 'ask-fleet').length === 1) === (story.worsenedNow && story.policy.fleet !== undefined),

  'a renewal is for what stands': (story) =>
    effectsOf(story, 'renew').every(
      ({ generation }) => generation === story.generation && story.asked.length > 0,
    ),

  'the lease is renewed twice in its length while there is proof': (story) => {
    const { renewableSince: since } = story;
    if (since === undefined) return true;
    const last = story.askedAt.at(-1) ?? -Infinity;
    return story.now - Math.max(since, last) <= story.policy.lease.ttlMs / 2;
  },

  'renewals do not come in floods': (story) => {
    if (effectsOf(story, 'renew').length === 0) return true;
    const last = story.askedAt.at(-2) ?? -Infinity;
    return story.now - last >= story.policy.lease.ttlMs / 10;
  },

  'one message a step, and the wire before the journal': (story) => {
    const kinds = (story.moment?.effects ?? []).map(({ type }) => type === 'set' || type === 'renew');
    return kinds.filter(Boolean).length <= 1 && kinds.lastIndexOf(true) <= 0;
  },

  'every change of phase is in the journal, in one unbroken chain': (story) => {
    const isChain = journalOf(story).every(({ prefix, from, to, cause, at }) => {
      const isOrdered = story.deciding.get(prefix) !== story.decidingBefore.get(prefix);
      // What it stands there by may change too: it begins, and it ends.
      const why = cause?.reason ?? story.becauseBefore.get(prefix) ?? '';
      const isNews = from !== to || isOrdered || ['last-gateway', 'yielding', 'flap-hold'].includes(why);
      return isNews && at === story.now && from === (story.phasesBefore.get(prefix) ?? 'cold');
    });
    const shown = [...(story.moment?.state.prefixes ?? [])];
    return (
      isChain &&
      shown.length === story.policy.prefixes.length &&
      shown.every(([prefix, { phase }]) => phase === (story.phases.get(prefix) ?? 'cold'))
    );
  },

  'an order that decides is in the journal, and one that is over is told once': (story) => {
    const isTold = [...story.deciding].every(([prefix, order]) => {
      const entry = journalOf(story).find((each) => each.prefix === prefix);
      const isNew = story.decidingBefore.get(prefix) !== order && !story.stopped;
      return isNew ? entry?.cause?.reason === `forced-${order.verb}` : true;
    });
    const ended = effectsOf(story, 'force-ended').map(
      ({ intent, why }) => `${intent.prefix} ${intent.verb} ${why}`,
    );
    return isTold && ended.join() === story.endedNow.join();
  },

  'whoever is to be woken is woken later than now': (story) =>
    story.moment?.wakeAt === undefined || story.moment.wakeAt > story.now,

  'a check looks fast while it moves, and every proof of life while one of them fails': (story) =>
    [...story.policy.checks.keys()].every(
      (name) => (story.fast.get(name) ?? false) === story.shouldBeFast(name),
    ),
};

/** The first rule that is broken now, with the prefix; undefined when all hold. */
export function brokenRule(story: History): string | undefined {
  for (const [sentence, holds] of Object.entries(RULES)) if (!holds(story)) return sentence;
  const perPrefix = story.hadOrders ? ALWAYS : { ...ALWAYS, ...UNORDERED };
  for (const rule of story.policy.prefixes) {
    for (const [sentence, holds] of Object.entries(perPrefix)) {
      if (!holds(story, rule)) return `${sentence} (${rule.prefix})`;
    }
  }
  return undefined;
}

const isForced = (story: History, { prefix }: PrefixPolicy, verb: 'announce' | 'withdraw'): boolean =>
  story.deciding.get(prefix)?.verb === verb;

function flapHoldOf(story: History, { prefix }: PrefixPolicy): number {
  const shown = story.moment?.state.prefixes.get(prefix);
  return shown === undefined ? -Infinity : unforced(shown).flapHoldUntil;
}

const isUp = (standing: string): boolean => standing !== 'none';

const askedFor = (story: History, { prefix }: PrefixPolicy): Announcement | undefined =>
  story.asked.find((route) => route.prefix === prefix);

const wanted = (story: History): Announcement[] =>
  story.policy.prefixes.flatMap((rule) => wantedOf(story, rule));

function wantedOf(story: History, rule: PrefixPolicy): readonly Announcement[] {
  const standing = story.standing(rule.prefix);
  if (standing === 'none') return [];
  if (standing === 'inherited') return story.inherited.get(rule.prefix) ?? [];
  const shown = story.moment?.state.prefixes.get(rule.prefix)?.yielding ?? false;
  // Beneath an order nobody sees from outside when it came to be announced.
  const isYielding = story.hadOrders ? shown : story.yielding.has(rule.prefix);
  const yields = standing === 'announced' && isYielding;
  return rule.routes[yields && !isForced(story, rule, 'announce') ? 'yielding' : standing];
}

const isExpired = (story: History, prefix: string): boolean => story.isOverdue(prefix);

function effectsOf<T extends Effect['type']>(story: History, type: T): Extract<Effect, { type: T }>[] {
  return (story.moment?.effects ?? []).filter(
    (effect): effect is Extract<Effect, { type: T }> => effect.type === type,
  );
}

/** Nothing is in it that was not asked for before, in the same words. */
const isRemoval = (before: readonly Announcement[], after: readonly Announcement[]): boolean =>
  after.every((route) => before.some((old) => same([old], [route])));

const journalOf = (story: History) => effectsOf(story, 'journal').map(({ transition }) => transition);

const same = (a: readonly Announcement[], b: readonly Announcement[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
