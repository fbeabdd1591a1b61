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
 * And only while another gateway is known to announce the prefix: a client that nobody takes is better left with a
 * session that may go on, on the anycast address once it is announced again, or pinned here all the while.
 */
import { beginExodus, stepExodus, type Exodus, type ExodusStep } from './exodus.ts';
import type { Moves } from './moves.ts';
import type { Notice } from './notice.ts';
import type { Scene } from './scene.ts';

export interface Evacuation {
  /** The prefixes that were wanted in the step before. */
  readonly wanted: ReadonlySet<string>;
  readonly exodus: Exodus | undefined;
}

export const NO_EVACUATION: Evacuation = { wanted: new Set(), exodus: undefined };

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
    return { ...nothing, evacuation: { wanted, exodus: undefined }, notices: [] };
  }
  const lost = [...routing.prefixes].flatMap(([prefix, route]) =>
    before.wanted.has(prefix) && !route.wanted && route.withdrawnBy === 'checks' && route.elsewhere
      ? [prefix]
      : [],
  );
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
  if (lost.length > 0) exodus = begin(exodus, lost, scene, now);
  if (exodus === undefined) return { ...nothing, evacuation: { wanted, exodus }, notices };
  const isTaken = [...(exodus.prefixes ?? [])].every(
    (prefix) => routing.prefixes.get(prefix)?.elsewhere !== false,
  );
  const step = stepExodus(exodus, { ...scene, isLinked: scene.isLinked && isTaken }, moves, now);
  if (step.exodus.phase !== before.exodus?.phase || lost.length > 0) {
    notices.push({ code: 'evacuation-phase', exodus: step.exodus });
  }
  return { ...step, evacuation: { wanted, exodus: step.exodus }, notices };
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
