/**
 * What must hold after every step of the guard, whatever its sidecars, ExaBGP and the clock do. ExaBGP's table
 * and the lease are those of guard-exabgp.ts and guard-lease.ts, which know nothing of the guard's own books.
 */
import type { GuardEffect } from '../../bgp/guard-state.ts';
import { expectedWords, prefixOf, sameWords, wordsOf, type Queued } from './guard-exabgp.ts';
import { LIMITS, type GuardWorld, type Happened } from './guard-world.ts';

type Rule = (world: GuardWorld, happened: Happened) => boolean;

/** Always. */
const RULES: Readonly<Record<string, Rule>> = {
  'once ExaBGP is to be killed, nothing follows': (_, { wasKilled, effects, wakeAt }) =>
    !wasKilled || (effects.length === 0 && wakeAt === undefined),

  'killing is final: what was read behind the reason for it moves nothing': (_, { effects, wakeAt }) => {
    const kills = effects.filter(({ type }) => type === 'kill-exabgp').length;
    const isLast = effects.findLast(({ type }) => type === 'write' || type === 'kill-exabgp');
    return kills === 0 || (kills === 1 && isLast?.type === 'kill-exabgp' && wakeAt === undefined);
  },

  'ExaBGP is killed for nothing but a late answer or a refused withdrawal': (world, happened) => {
    if (!happened.effects.some(({ type }) => type === 'kill-exabgp')) return true;
    return happened.isStubborn || happened.unanswered.some((command) => isLate(world, command));
  },

  'what reaches the wire goes before what is said about it': (_, { effects }) => {
    const onWire = effects.map(({ type }) => type === 'write' || type === 'kill-exabgp');
    return onWire.lastIndexOf(true) < (onWire.includes(false) ? onWire.indexOf(false) : Infinity);
  },

  'only who is connected is spoken to': ({ clients }, { effects }) =>
    effects.every((effect) => effect.type !== 'send' || clients.has(effect.client)),

  'there are no more connections than allowed': ({ clients }) => clients.size <= LIMITS.clientsMaximum,

  'before the lease socket opens, ExaBGP is asked for nothing but its version and to be empty': (
    { open },
    happened,
  ) => open || written(happened).every((line) => line === 'version' || line === 'clear adj-rib out'),

  'the lease socket opens once, on an ExaBGP that is empty and owes no answer': (world, happened) => {
    if (!happened.effects.some(({ type }) => type === 'open-lease')) return true;
    return world.opened === 1 && world.exabgp.rib.size === 0 && happened.unanswered.length === 0;
  },
};

/** As long as ExaBGP is not killed: its closed sessions withdraw whatever else there was. */
const LIVING_RULES: Readonly<Record<string, Rule>> = {
  'ExaBGP is told of nothing that is not held': ({ open, exabgp, lease }) =>
    !open || isSubset([...exabgp.told().keys()], prefixesOf(lease.held)),

  'nothing stands longer than a lease on proof that was young enough': (world, happened) => {
    if (!isOnTime(happened) || !world.open || world.exabgp.told().size === 0) return true;
    const { accepted, handedOverAt, now, lease } = world;
    if (accepted === undefined || accepted.at - accepted.evidence > LIMITS.maxAgeMs) return false;
    if (accepted.evidence < lease.lapsedAt) return false;
    // A hand-over that was read before the tick that was due counts: the guard is late, not the sidecar.
    const until = handedOverAt === undefined ? accepted.at + LIMITS.ttlMs : handedOverAt + LIMITS.handoverMs;
    return now < until;
  },

  'every announcement is word for word one that is held': ({ lease }, happened) =>
    written(happened, 'announce').every((line) => {
      const route = lease.held.find(({ prefix }) => prefix === prefixOf(line));
      return route !== undefined && sameWords(wordsOf(line), expectedWords(route, LIMITS.localAs));
    }),

  'no more announcements are unanswered than may stand before a withdrawal': ({ exabgp }) =>
    exabgp.unanswered().length <= LIMITS.unackedMaximum,

  'withdrawals are written before announcements': (_, happened) => {
    const kinds = written(happened).map((line) => line.startsWith('announce'));
    const lastWithdrawal = written(happened).findLastIndex((line) => /^(withdraw|clear)/.test(line));
    return !kinds.includes(true) || lastWithdrawal < kinds.indexOf(true);
  },

  'when nothing is held any more, one line takes all back': ({ lease }, happened) =>
    lease.held.length > 0 ||
    (written(happened, 'withdraw').length === 0 && written(happened, 'clear').length <= 1),

  'an announcement waits for every command about its prefix that came before': ({ exabgp }, happened) =>
    written(happened, 'announce').every((line) => {
      const prefix = prefixOf(line);
      const earlier = exabgp.queue.slice(
        0,
        exabgp.queue.findLastIndex((queued) => queued.line === line),
      );
      return earlier.every((queued) =>
        queued.line.startsWith('clear') ? !exabgp.rib.has(prefix) : prefixOf(queued.line) !== prefix,
      );
    }),

  'nothing is announced twice or withdrawn without need': ({ open, exabgp, again }, happened) =>
    !open ||
    written(happened).every((line) => {
      const { toldBefore } = happened;
      if (line.startsWith('clear')) return toldBefore.size > 0 || exabgp.refusedAt.size > 0;
      if (exabgp.refusedAt.has(prefixOf(line))) return true;
      if (line.startsWith('withdraw')) return toldBefore.has(prefixOf(line));
      if (!line.startsWith('announce') || again.has(prefixOf(line))) return true;
      return !sameWords(wordsOf(line), toldBefore.get(prefixOf(line)));
    }),

  'when ExaBGP owes no answer, it has what is held, unless it refused that a moment ago': (world) => {
    const { open, exabgp, lease, now } = world;
    if (!open || exabgp.queue.length > 0) return true;
    if (!isSubset([...exabgp.rib.keys()], prefixesOf(lease.held))) return false;
    return lease.held.every((route) => {
      const rests = now < (exabgp.refusedAt.get(route.prefix) ?? -Infinity) + LIMITS.refusalRetryMs;
      return rests || sameWords(exabgp.rib.get(route.prefix), expectedWords(route, LIMITS.localAs));
    });
  },

  'no answer is waited for longer than its deadline': (world, happened) =>
    !isOnTime(happened) || world.exabgp.queue.every((command) => !isLate(world, command)),

  'who refuses to withdraw is killed': (_, { isStubborn }) => !isStubborn,

  'an idle ExaBGP is asked for a sign of life': ({ open, exabgp, now, repliedAt }, happened) =>
    !open || !isOnTime(happened) || exabgp.queue.length > 0 || now < repliedAt + LIMITS.probeEveryMs,

  'a tick does all that is due': ({ now }, { event, wakeAt }) =>
    event.type !== 'tick' || wakeAt === undefined || wakeAt > now,

  'each message gets the answer that the lease gives': (_, { event, effects, expected }) => {
    if (event.type !== 'message') return true;
    const said = effects.flatMap((effect) => {
      if (effect.type !== 'send' || effect.client !== event.client) return [];
      if (effect.message.type === 'renewed') return [`renewed ${effect.message.generation}`];
      return effect.message.type === 'refused' ? [`refused ${effect.message.code}`] : [];
    });
    return (said.length === 0 ? 'nothing' : said.join()) === expected;
  },

  "charon's socket is watched during a hand-over and at no other time": ({ watching, lease }) =>
    watching === (lease.kind === 'handover'),

  'every sidecar knows the lease as it is': ({ clients, told, lease }) =>
    [...clients].every((client) => {
      const report = told.get(client);
      return (
        report?.lease === lease.kind &&
        report.generation === lease.generation &&
        JSON.stringify(report.desired) === JSON.stringify(lease.held)
      );
    }),

  'what is said to be acknowledged is what ExaBGP has, and perhaps what it was asked about': (world) => {
    const { clients, told, exabgp } = world;
    // More answers are to come soon, and one report says all of them.
    if (exabgp.queue.some(({ line }) => line.startsWith('announce'))) return true;
    const asked = exabgp.queue.map(({ line }) => prefixOf(line));
    const isClearing = exabgp.queue.some(({ line }) => line.startsWith('clear'));
    return [...clients].every((client) => {
      const { acknowledged = [] } = told.get(client) ?? {};
      const isTooMuch = !isSubset(acknowledged, [...exabgp.rib.keys(), ...asked]);
      // All that a clear may concern counts as standing until it is answered.
      return isSubset([...exabgp.rib.keys()], acknowledged) && (!isTooMuch || isClearing);
    });
  },

  'every sidecar knows which sessions are up': ({ clients, told, exabgp }) =>
    [...clients].every((client) => {
      const { neighbors = {} } = told.get(client) ?? {};
      const known = [...exabgp.sessions].filter(([address]) => exabgp.spokenOf.has(address));
      return (
        Object.keys(neighbors).length === known.length &&
        known.every(([address, { up }]) => neighbors[address] === (up ? 'up' : 'down'))
      );
    }),

  'every sidecar knows which routers would keep our routes': ({ open, clients, told, exabgp }) => {
    if (!open || exabgp.queue.length > 0 || exabgp.refusesListings) return true;
    const keeping = [...exabgp.sessions].filter(([, { up, gracefulRestart }]) => up && gracefulRestart);
    const addresses = keeping.map(([address]) => address);
    return [...clients].every((client) => {
      const { gracefulRestart = [] } = told.get(client) ?? {};
      return isSubset(addresses, gracefulRestart) && isSubset(gracefulRestart, addresses);
    });
  },
};

/** The first rule that is broken now; undefined when all hold. */
export function brokenRule(world: GuardWorld): string | undefined {
  const { happened } = world;
  if (happened === undefined) return undefined;
  const rules = world.killed ? RULES : { ...RULES, ...LIVING_RULES };
  return Object.entries(rules).find(([, holds]) => !holds(world, happened))?.[0];
}

const written = ({ effects }: Happened, verb = ''): string[] =>
  effects
    .flatMap((effect: GuardEffect) => (effect.type === 'write' ? effect.lines : []))
    .filter((line) => line.startsWith(verb));

/** Deadlines are judged by a guard that was woken in time, not by one that has not been woken yet. */
const isOnTime = ({ event }: Happened): boolean => event.type === 'tick' || event.type === 'look';

function isLate({ open, now }: GuardWorld, { line, at }: Queued): boolean {
  if (!open) return now - at >= LIMITS.coldSilenceMs;
  return now - at >= (/^(withdraw|clear)/.test(line) ? LIMITS.ackDeadlineMs : LIMITS.silenceMs);
}

const prefixesOf = (routes: readonly { readonly prefix: string }[]): string[] =>
  routes.map(({ prefix }) => prefix);

const isSubset = (some: readonly string[], all: readonly string[]): boolean =>
  some.every((each) => all.includes(each));
