/** What an event makes of the state, before anything is judged. Pure. */
import type { LeaseReport } from '../bgp/lease.ts';
import type { Event, Policy, State } from './decision.ts';
import { hasFlapped } from './flap.ts';
import type { FleetView } from './fleet/view.ts';
import { unforced, withoutFlaps } from './force.ts';
import { byPrefix } from './intent.ts';
import { adoptedPrefix, coldPrefix, enter, holdsRoute, type PrefixState } from './prefix.ts';
import { absorb, freshCheck, LAPSED, type Cause, type CheckState } from './verdict.ts';

export function hear(state: State, event: Event, policy: Policy, now: number): State {
  switch (event.type) {
    case 'result': {
      const { check } = event.result;
      const rule = policy.checks.get(check);
      const known = state.checks.get(check);
      if (rule === undefined || known === undefined) return state;
      return { ...state, checks: new Map(state.checks).set(check, absorb(known, event.result, rule)) };
    }
    case 'lease':
      return hearGuard(state, event.report, policy, now);
    case 'stop':
      return {
        ...state,
        stopping: true,
        prefixes: withdrawAll(state, { reason: 'stopping', class: 'advisory' }, policy, now),
      };
    case 'reload':
      return hearPolicy(state, event.changed, policy, now);
    case 'intent':
      return { ...state, intents: byPrefix(event.intents) };
    case 'fleet':
      return { ...state, fleet: event.view };
    case 'release':
      return { ...state, prefixes: release(state.prefixes, event.prefixes, now) };
    case 'sessions':
    case 'tick':
      return state;
  }
}

/** What is known by name stays; what is new starts unknown and slow, and counts for nothing until it was heard. */
function hearPolicy(state: State, changed: ReadonlySet<string>, policy: Policy, now: number): State {
  const kept = (name: string): CheckState | undefined =>
    changed.has(name) ? undefined : state.checks.get(name);
  return {
    ...state,
    checks: new Map([...policy.checks.keys()].map((name) => [name, kept(name) ?? freshCheck(now)])),
    fast: new Set([...state.fast].filter((name) => kept(name) !== undefined)),
    prefixes: new Map(
      policy.prefixes.map(({ prefix }) => [prefix, state.prefixes.get(prefix) ?? coldPrefix(now)]),
    ),
    fleet: viewUnder(state.fleet, policy),
  };
}

/** Of those who are new nobody knows anything yet: without this, we would be the last one until they are asked. */
function viewUnder(view: FleetView | undefined, { fleet }: Policy): FleetView | undefined {
  if (view === undefined || fleet === undefined) return view;
  return fleet.members.every(({ name }) => view.members.has(name)) ? view : { ...view, settled: false };
}

function hearGuard(state: State, report: LeaseReport | undefined, policy: Policy, now: number): State {
  const next = { ...state, lease: report };
  if (report === undefined) return next;
  const isFirst = state.generation === 0;
  if (isFirst) {
    const held = report.lease === 'held' || report.lease === 'handover' ? report.desired : [];
    const prefixes = new Map(state.prefixes);
    for (const rule of state.stopping ? [] : policy.prefixes) {
      const routes = held.filter(({ prefix }) => prefix === rule.prefix);
      const { phase, verdict, worseAt } = prefixes.get(rule.prefix) ?? coldPrefix(now);
      if (phase !== 'cold' || routes.length === 0) continue;
      prefixes.set(rule.prefix, { ...adoptedPrefix(now, routes, rule), verdict, worseAt });
    }
    return { ...next, generation: Math.max(1, report.generation), announcements: held, prefixes };
  }
  // Whichever generation lapsed, what we believe announced is not; without any such belief it is no news.
  if (report.lease !== 'lapsed' || state.announcements.length === 0) return next;
  return { ...next, lapsedAt: now, prefixes: withdrawAll(state, LAPSED, policy, now) };
}

function withdrawAll(
  state: State,
  cause: Cause,
  policy: Policy,
  now: number,
): ReadonlyMap<string, PrefixState> {
  return new Map(
    [...state.prefixes].map(([prefix, old]) => [
      prefix,
      holdsRoute(old) ? enter(unforced(old), 'withdrawn', cause, policy.hold, now) : old,
    ]),
  );
}

/** Those that an operator could release. */
export const flappedPrefixes = ({ prefixes }: State, { hold }: Policy, now: number): string[] =>
  [...prefixes].flatMap(([prefix, state]) => (hasFlapped(unforced(state), hold, now) ? [prefix] : []));

/** The checks decide anew, as if it had never flapped. */
const release = (
  prefixes: State['prefixes'],
  names: readonly string[],
  now: number,
): ReadonlyMap<string, PrefixState> =>
  new Map(
    [...prefixes].map(([prefix, state]) => [
      prefix,
      names.includes(prefix) ? withoutFlaps(state, now) : state,
    ]),
  );
