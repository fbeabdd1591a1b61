/**
 * What must hold after every step of the sessions and the decision, and at any moment in between, whatever happened
 * before. One sentence a rule; a rule is true or broken, and says nothing about how it is kept.
 */
import type { Announcement } from '../../bgp/announcement.ts';
import type { PrefixPolicy } from '../../sidecar/prefix.ts';
import { effectsOf, journalOf, wireOf } from './decision-effects.ts';
import type { History } from './decision-history.ts';
import { ALWAYS, isForced, UNORDERED } from './decision-prefix-rules.ts';
import { SESSIONS_RULES } from './decision-sessions-rules.ts';

type Rule = (story: History) => boolean;

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
    wireOf(story).every(
      ({ before, effect }) =>
        effect.type === 'renew' ||
        (!same(effect.announcements, before.announcements) && effect.generation > before.generation),
    ),

  'routes are asked for on the newest proof of life, and only while it is young enough': (story) =>
    wireOf(story).every(({ before, effect }) => {
      if (effect.type === 'set' && isRemoval(before.announcements, effect.announcements)) return true;
      return effect.evidence === story.proof() && story.hasFreshProof();
    }),

  'a withdrawal cannot be refused for its evidence': (story) =>
    effectsOf(story, 'set').every(
      ({ announcements, evidence }) => announcements.length > 0 || evidence === story.now,
    ),

  'the others are asked anew when a prefix begins to fail, or fails worse': (story) =>
    (effectsOf(story, 'ask-fleet').length === 1) === (story.worsenedNow && story.policy.fleet !== undefined),

  'a renewal is for what stands': (story) =>
    wireOf(story).every(
      ({ before, effect }) =>
        effect.type === 'set' || (effect.generation === before.generation && before.announcements.length > 0),
    ),

  'the lease is renewed twice in its length while there is proof': (story) => {
    const { renewableSince: since } = story;
    if (since === undefined) return true;
    const last = story.askedAt.at(-1) ?? -Infinity;
    return story.now - Math.max(since, last) <= story.policy.lease.ttlMs / 2;
  },

  'renewals do not come in floods': (story) => {
    if (effectsOf(story, 'renew').length === 0) return true;
    const last = story.askedAt.findLast((at) => at < story.now) ?? -Infinity;
    return effectsOf(story, 'renew').length === 1 && story.now - last >= story.policy.lease.ttlMs / 10;
  },

  'one message a step, and the wire before the journal': (story) => {
    const kinds = (story.moment?.effects ?? []).map(({ type }) => type);
    const isWire = kinds.map((type) => type === 'set' || type === 'renew');
    // A drain that begins, or goes on, is a step after the one that it was heard in.
    if (story.hadOrders) return isWire.filter(Boolean).length <= 3;
    return isWire.filter(Boolean).length <= 1 && isWire.lastIndexOf(true) <= 0;
  },

  'nobody is moved, and nobody is told of clients, before the routes are': (story) => {
    const isLate = (story.moment?.effects ?? []).map(({ type }) => LATE.includes(type));
    return !isLate.includes(true) || isLate.slice(isLate.indexOf(true)).every(Boolean);
  },

  'every change of phase is in the journal, in one unbroken chain': (story) => {
    const phases = new Map(story.phasesBefore);
    const isChain = journalOf(story).every(({ prefix, from, to, cause, at }) => {
      const before = phases.get(prefix) ?? 'cold';
      phases.set(prefix, to);
      const isOrdered = story.deciding.get(prefix) !== story.decidingBefore.get(prefix);
      // What it stands there by may change too: it begins, and it ends.
      const why = cause?.reason ?? story.becauseBefore.get(prefix) ?? '';
      // An order that is over leaves it standing by what failed then; that ends too.
      const isOver = story.hadOrders && cause?.reason !== story.becauseBefore.get(prefix);
      const isNews =
        from !== to || isOrdered || isOver || ['last-gateway', 'yielding', 'flap-hold'].includes(why);
      return isNews && at === story.now && from === before;
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

/** As step-all.ts orders them. */
const LATE: readonly string[] = ['redirect', 'terminate', 'list', 'notice', 'drain-ended'];

/** The first rule that is broken now, with the prefix; undefined when all hold. */
export function brokenRule(story: History): string | undefined {
  for (const [sentence, holds] of Object.entries({ ...RULES, ...SESSIONS_RULES })) {
    if (!holds(story)) return sentence;
  }
  const perPrefix = story.hadOrders ? ALWAYS : { ...ALWAYS, ...UNORDERED };
  for (const rule of story.policy.prefixes) {
    for (const [sentence, holds] of Object.entries(perPrefix)) {
      if (!holds(story, rule)) return `${sentence} (${rule.prefix})`;
    }
  }
  return undefined;
}

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

/** Nothing is in it that was not asked for before, in the same words. */
const isRemoval = (before: readonly Announcement[], after: readonly Announcement[]): boolean =>
  after.every((route) => before.some((old) => same([old], [route])));

const same = (a: readonly Announcement[], b: readonly Announcement[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
