/**
 * Evacuate: the checks withdrew a prefix while charon lives. Its clients on the anycast address now talk into the
 * void, and those pinned here are on a gateway that does not serve: both are told to go, and need not wait for
 * their DPD. Over as soon as the prefix is announced again. Pure.
 *
 * Pinned ones go also where it is only the connections or the anycast address that are missing, and their packets
 * still pass: their next login or reauthentication finds nothing here, and by then nobody tells them. To go now costs
 * them a moment, or nothing by redirect, and happens only where they are taken.
 *
 * A withdrawal because charon is gone is no case for it: there is nobody left who could tell the clients. Nor is what
 * people ordered (for that there is drain), nor what was swancast's own doing: a lapse of the lease is soon over.
 *
 * Whoever appears later, while it stays withdrawn, is told to go as well: a login that was under way, an IKE_SA that
 * only the next listing has. At once the first time, and then after pauses that double: a client whose router leads him
 * here all the same would be back each time. Who was left at a deadline is given up, until somebody new appears.
 *
 * And only while another gateway is known to announce the prefix: a client that nobody takes is better left with a
 * session that may go on, on the anycast address once it is announced again, or pinned here all the while. Should one
 * begin to announce it later, it takes them then.
 */
import { beginExodus, stepExodus, type Exodus, type ExodusStep } from './exodus.ts';
import type { Moves } from './moves.ts';
import type { Notice } from './notice.ts';
import { sessionsOn, type Scene } from './scene.ts';
import type { Session } from './sessions.ts';

export interface Evacuation {
  /** The prefixes that were wanted in the step before. */
  readonly wanted: ReadonlySet<string>;
  /** Those that the checks have withdrawn since, while nobody else was known to announce them. */
  readonly owed: ReadonlySet<string>;
  readonly exodus: Exodus | undefined;
  /** How often it began anew for who appeared later; it does so no sooner than this after the last time. */
  readonly again: { readonly count: number; readonly at: number };
}

export const NO_EVACUATION: Evacuation = {
  wanted: new Set(),
  owed: new Set(),
  exodus: undefined,
  again: { count: 0, at: -Infinity },
};

/** The first of the pauses, which double, and the longest of them. */
const PAUSE_MS = 3000;
const PAUSE_MAXIMUM_MS = 300_000;

export interface EvacuationStep extends Omit<ExodusStep, 'exodus'> {
  readonly evacuation: Evacuation;
  readonly notices: readonly Notice[];
}

/** `isDraining`: a drain moves the same sessions, and knows better how. */
export function stepEvacuation(
  before: Evacuation,
  isDraining: boolean,
  scene: Scene,
  moves: Moves,
  now: number,
): EvacuationStep {
  const { routing, policy } = scene;
  const wanted = new Set([...routing.prefixes].flatMap(([prefix, route]) => (route.wanted ? [prefix] : [])));
  const nothing = { book: scene.book, moves, effects: [], wakeAt: undefined, list: undefined };
  if (!policy.evacuate.enabled || isDraining || routing.stopping) {
    return { ...nothing, evacuation: { ...NO_EVACUATION, wanted }, notices: [] };
  }
  const withdrawn = [...routing.prefixes].filter(
    ([prefix, route]) =>
      (before.wanted.has(prefix) || before.owed.has(prefix)) &&
      !route.wanted &&
      route.withdrawnBy === 'checks',
  );
  const named = (isTaken: boolean): string[] =>
    withdrawn.flatMap(([prefix, { elsewhere }]) => (elsewhere === isTaken ? [prefix] : []));
  const lost = named(true);
  const owed = new Set(named(false));
  const notices: Notice[] = [];
  let { exodus } = before;
  const regained = [...(exodus?.prefixes ?? [])].filter((prefix) => wanted.has(prefix));
  if (exodus !== undefined && regained.length > 0) {
    notices.push(...regained.map((prefix): Notice => ({ code: 'evacuation-cancelled', prefix })));
    exodus = without(exodus, wanted);
  }
  // Whoever comes to the charon that follows it came after all that.
  const ended = [...(exodus?.prefixes ?? [])].filter(
    (prefix) => routing.prefixes.get(prefix)?.withdrawnBy === 'gone',
  );
  if (exodus !== undefined && ended.length > 0) exodus = without(exodus, new Set(ended));
  let { again } = before;
  const late = exodus === undefined || lost.length > 0 ? [] : prefixesOfLate(exodus, scene);
  if (lost.length > 0) {
    exodus = begin(exodus, lost, scene, now);
  } else if (exodus !== undefined && late.length > 0 && now >= again.at) {
    const { redirected, terminated, most } = exodus;
    exodus = { ...begin(exodus, late, scene, now), redirected, terminated, most };
    const pause = Math.min(PAUSE_MAXIMUM_MS, PAUSE_MS * 2 ** again.count);
    again = { count: again.count + 1, at: now + pause };
  }
  if (exodus === undefined) return { ...nothing, evacuation: { ...NO_EVACUATION, wanted, owed }, notices };
  const isTaken = [...(exodus.prefixes ?? [])].every(
    (prefix) => routing.prefixes.get(prefix)?.elsewhere !== false,
  );
  const step = stepExodus(exodus, { ...scene, isLinked: scene.isLinked && isTaken }, moves, now);
  if (step.exodus.phase !== before.exodus?.phase || lost.length > 0) {
    notices.push({ code: 'evacuation-phase', exodus: step.exodus });
  }
  const isWaiting = late.length > 0 && now < again.at;
  const wakeAt = isWaiting ? Math.min(step.wakeAt ?? Infinity, again.at) : step.wakeAt;
  return { ...step, wakeAt, evacuation: { wanted, owed, exodus: step.exodus, again }, notices };
}

/** Of an evacuation that is over: the prefixes that are still to be empty, when somebody has appeared there since. */
function prefixesOfLate({ phase, since, timedOut, prefixes }: Exodus, scene: Scene): string[] {
  if (phase !== 'done' || !scene.isLinked) return [];
  const routes = scene.routing.prefixes;
  const empty = [...(prefixes ?? [])].filter((prefix) => routes.get(prefix)?.withdrawnBy === 'checks');
  if (empty.length === 0 || !empty.every((prefix) => routes.get(prefix)?.elsewhere === true)) return [];
  // Who is to be ignored is no client: a canary comes again and again, and shall not fail because of this.
  const isLate = ({ identity, since: at }: Session): boolean =>
    (!timedOut || at >= since) && !scene.policy.ignore.includes(identity);
  return sessionsOn(scene, new Set(empty)).some(isLate) ? empty : [];
}

function without(exodus: Exodus, over: ReadonlySet<string>): Exodus | undefined {
  const prefixes = new Set([...(exodus.prefixes ?? [])].filter((prefix) => !over.has(prefix)));
  return prefixes.size === 0 ? undefined : { ...exodus, prefixes };
}

function begin(running: Exodus | undefined, lost: readonly string[], scene: Scene, now: number): Exodus {
  const { policy, targets } = scene;
  const fresh = beginExodus(
    {
      // Only those pinned here can still be redirected: of the others nothing reaches us any more.
      method: policy.addresses === 'identity' && targets.length > 0 ? 'redirect' : 'terminate',
      pinFirst: false,
      to: undefined,
      ratePerSecond: policy.ratePerSecond,
      prefixes: new Set([...(running?.phase === 'done' ? [] : (running?.prefixes ?? [])), ...lost]),
      phase: 'withdrawing',
      deadlineMs: policy.drain.deadlineMs,
    },
    now,
  );
  if (running === undefined || running.phase === 'done') return fresh;
  const { redirected, terminated, most } = running;
  return { ...fresh, redirected, terminated, most };
}
