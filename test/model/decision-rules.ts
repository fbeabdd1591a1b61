/**
 * What must hold after every step of the decision, and at any moment in between, whatever happened before.
 * One sentence a rule; a rule is true or broken, and says nothing about how it is kept.
 */
import type { Announcement } from '../../bgp/announcement.ts';
import type { Effect } from '../../sidecar/decision.ts';
import type { PrefixPolicy } from '../../sidecar/prefix.ts';
import { standingOf, type History } from './decision-history.ts';

type Rule = (story: History) => boolean;
type PrefixRule = (story: History, rule: PrefixPolicy) => boolean;

/** Of each prefix, whatever was ordered. */
const ALWAYS: Readonly<Record<string, PrefixRule>> = {
  'nothing is asked for while charon does not serve': (story, rule) =>
    story.isServing(rule) || askedFor(story, rule) === undefined || isForced(story, rule, 'announce'),

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
    return isFound || (story.isEarned(rule) && story.guard && story.now >= story.heldUntil(prefix));
  },

  'degraded gives way to announced only when that is earned, and the hold-down is over': (story, rule) => {
    const { prefix } = rule;
    const wasDegraded = story.standing(prefix, story.phasesBefore) === 'degraded';
    if (!wasDegraded || story.standing(prefix) !== 'announced') return true;
    return story.isEarned(rule) && story.now >= story.heldUntil(prefix);
  },

  'what is earned is announced without delay': (story, rule) => {
    if (story.stopped || !story.guard || !story.isServing(rule) || !story.isEarned(rule)) return true;
    const isHeld = story.now < story.heldUntil(rule.prefix);
    return isHeld || story.standing(rule.prefix) === story.deserves(rule);
  },

  'announced attributes only while nothing is impaired': (story, rule) =>
    story.standing(rule.prefix) !== 'announced' || story.deserves(rule) === 'announced',

  'degraded only for a cause, or until better is earned and the hold-down is over': (story, rule) =>
    story.standing(rule.prefix) !== 'degraded' ||
    story.deserves(rule) === 'degraded' ||
    story.now < story.heldUntil(rule.prefix) ||
    !story.isEarned(rule),

  'nothing but a cause takes a prefix back': (story, rule) => {
    const { prefix } = rule;
    const isTaken = !isUp(story.standing(prefix)) && isUp(story.standing(prefix, story.phasesBefore));
    return !isTaken || story.stopped || story.lapsedNow || !story.isServing(rule) || isExpired(story, prefix);
  },

  'what was found announced is kept no longer than a hand-over': (story, rule) => {
    if (story.standing(rule.prefix) !== 'inherited') return true;
    return !isExpired(story, rule.prefix) && !story.isEarned(rule);
  },

  'the journal says why': (story, rule) => {
    const entries = journalOf(story).filter(({ prefix }) => prefix === rule.prefix);
    const against: readonly string[] = story.against(rule).map(({ reason }) => reason);
    return entries.every(({ to, cause }) => {
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
    const isChain = journalOf(story).every(({ prefix, from, to, at }) => {
      const isNews = from !== to || story.deciding.get(prefix) !== story.decidingBefore.get(prefix);
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

const isUp = (standing: string): boolean => standing !== 'none';

const askedFor = (story: History, { prefix }: PrefixPolicy): Announcement | undefined =>
  story.asked.find((route) => route.prefix === prefix);

const wanted = (story: History): Announcement[] =>
  story.policy.prefixes.flatMap((rule) => wantedOf(story, rule) ?? []);

function wantedOf(story: History, rule: PrefixPolicy): Announcement | undefined {
  const standing = story.standing(rule.prefix);
  if (standing === 'none') return undefined;
  return standing === 'inherited' ? story.inherited.get(rule.prefix) : rule[standing];
}

function isExpired(story: History, prefix: string): boolean {
  const since = story.adoptedAt.get(prefix);
  return since !== undefined && story.now >= since + story.policy.lease.handoverMs;
}

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
