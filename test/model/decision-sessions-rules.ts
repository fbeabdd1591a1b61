/** What must hold of the clients, and of what is announced because of them, after every step and in between. */
import { routingOf } from '../../sidecar/routing.ts';
import { wishesOf } from '../../sidecar/sessions/machine.ts';
import { effectsOf } from './decision-effects.ts';
import type { History } from './decision-history.ts';

type Rule = (story: History) => boolean;

export const SESSIONS_RULES: Readonly<Record<string, Rule>> = {
  'nobody is terminated while the way of his next login leads here, but by the sweep': (story) => {
    const { book, sweep } = story.moment?.state.sessions ?? {};
    return effectsOf(story, 'terminate')
      .flatMap(({ ids }) => ids.map((id) => book?.sessions.get(id)))
      .every((session) => {
        if (session === undefined) return true;
        const { prefix, family } = session;
        if (prefix !== undefined && sweep?.windows.has(prefix) === true) return true;
        const ways = prefix === undefined ? story.prefixesOf(family) : [prefix];
        return !story.asked.some((route) => ways.includes(route.prefix));
      });
  },

  'nobody is told to go after a stop': (story) =>
    !story.stopped ||
    (effectsOf(story, 'terminate').length === 0 && effectsOf(story, 'redirect').length === 0),

  'nobody is moved over a link that is down': (story) =>
    story.moment?.state.sessions.isLinked === true ||
    (effectsOf(story, 'terminate').length === 0 && effectsOf(story, 'redirect').length === 0),

  'a drain is over at its deadline, or says what holds it': (story) => {
    const { exodus } = story.moment?.state.sessions.drain ?? {};
    if (exodus === undefined || exodus.phase === 'done' || story.stopped) return true;
    return story.now < exodus.deadlineAt || exodus.heldBy.length > 0;
  },

  'what holds a drain is what is forced to be announced': (story) => {
    const { exodus } = story.moment?.state.sessions.drain ?? {};
    if (exodus === undefined || story.moment?.event.type === 'look' || story.stopped) return true;
    const forced = [...story.deciding.values()].filter(({ verb }) => verb === 'announce');
    const isSaid = forced.every(({ prefix }) => exodus.heldBy.some((text) => text.startsWith(`${prefix} `)));
    return isSaid && exodus.heldBy.length === forced.length;
  },

  'the deadline of a drain does not run away': (story) => {
    const { exodus, intent } = story.moment?.state.sessions.drain ?? {};
    return exodus === undefined || exodus.deadlineAt <= story.now + (intent?.deadlineMs ?? 0);
  },

  'whoever is left when a drain is done is named': (story) =>
    effectsOf(story, 'notice').every(({ notice }) => {
      if (notice.code !== 'drain-phase' || notice.exodus.phase !== 'done') return true;
      const { here, timedOut, left, method } = notice.exodus;
      return method === 'none' || (here === 0 ? !timedOut : timedOut && left.length === here);
    }),

  'a drain that is withdrawn is withdrawn, whatever the checks say, but for what is forced': (story) => {
    const { sessions } = story.moment?.state ?? {};
    if (sessions === undefined || wishesOf(sessions).outside !== 'withdrawn') return true;
    return story.asked.every(({ prefix }) => story.deciding.get(prefix)?.verb === 'announce');
  },

  'a drain with an end is not there after it': (story) => {
    const endsAt = story.moment?.state.sessions.drain?.intent.endsAt;
    return endsAt === undefined || story.now < endsAt;
  },

  'no prefix is drained without a drain': (story) =>
    story.stopped ||
    story.moment?.state.sessions.drain !== undefined ||
    [...(story.moment?.state.prefixes.values() ?? [])].every(
      ({ phase }) => phase !== 'draining' && phase !== 'drained',
    ),

  'nothing is evacuated that is announced, nor beside a drain': (story) => {
    const { evacuation, drain } = story.moment?.state.sessions ?? {};
    const prefixes = evacuation?.exodus?.prefixes;
    if (prefixes === undefined || story.moment?.event.type === 'look') return true;
    return drain === undefined && !story.asked.some(({ prefix }) => prefixes.has(prefix));
  },
  'whoever appears on what is evacuated is told to go, but for a pause': (story) => {
    const { moment, stopped } = story;
    if (moment === undefined || moment.event.type === 'look' || stopped) return true;
    const { evacuation, isLinked, isStale, book } = moment.state.sessions;
    const { exodus, again } = evacuation;
    if (exodus?.phase !== 'done' || exodus.timedOut || again.at > moment.now) return true;
    const routes = routingOf(moment.state, moment.policy, moment.now).prefixes;
    const empty = [...(exodus.prefixes ?? [])].filter((each) => routes.get(each)?.withdrawnBy === 'checks');
    const isTaken = empty.every((each) => routes.get(each)?.elsewhere === true);
    if (!isTaken || !isLinked || isStale) return true;
    return [...book.sessions.values()].every(
      ({ prefix, state }) => prefix === undefined || state !== 'ESTABLISHED' || !empty.includes(prefix),
    );
  },
};
