/** What must hold of each prefix after every step, and in between; see decision-rules.ts. */
import type { Announcement } from '../../bgp/announcement.ts';
import { unforced } from '../../sidecar/force.ts';
import type { PrefixPolicy } from '../../sidecar/prefix.ts';
import { journalOf } from './decision-effects.ts';
import type { History } from './decision-history.ts';
import { standingOf } from './decision-moment.ts';

type PrefixRule = (story: History, rule: PrefixPolicy) => boolean;

/** Of each prefix, whatever was ordered. */
export const ALWAYS: Readonly<Record<string, PrefixRule>> = {
  'nothing is asked for while charon does not serve': (story, rule) =>
    askedFor(story, rule) === undefined ||
    story.mayStand(rule) ||
    isForced(story, rule, 'announce') ||
    // How often it flapped beneath an order nobody sees from outside.
    (story.hadOrders && story.canServe(rule) && flapHoldOf(story, rule) > story.now),

  'nothing stands but what was inherited, or with a fresh proof of life': (story, { prefix }) => {
    const standing = story.standing(prefix);
    // After a reload no check may have looked yet: what stands is not renewed until one has.
    const beneath = story.moment?.state.prefixes.get(prefix)?.drain?.checks.phase;
    const isFound = standing === 'inherited' || (standing === 'draining' && beneath === 'adopted');
    const isOpen = isFound || story.proof() === undefined;
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
    if (unordered === undefined || story.deciding.has(prefix) || story.isDrained(prefix)) return true;
    return story.standing(prefix) === standingOf(unordered.phase);
  },
};

/** Of each prefix, as long as nobody has ordered anything. */
export const UNORDERED: Readonly<Record<string, PrefixRule>> = {
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

export const isForced = (story: History, { prefix }: PrefixPolicy, verb: 'announce' | 'withdraw'): boolean =>
  story.deciding.get(prefix)?.verb === verb;

function flapHoldOf(story: History, { prefix }: PrefixPolicy): number {
  const shown = story.moment?.state.prefixes.get(prefix);
  return shown === undefined ? -Infinity : unforced(shown).flapHoldUntil;
}

const isUp = (standing: string): boolean => standing !== 'none';

const askedFor = (story: History, { prefix }: PrefixPolicy): Announcement | undefined =>
  story.asked.find((route) => route.prefix === prefix);

const isExpired = (story: History, prefix: string): boolean => story.isOverdue(prefix);
