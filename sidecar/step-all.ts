/**
 * One event through everything that decides: the sessions (sessions/machine.ts) and the decision (decision.ts), which
 * look at each other. Pure.
 *
 *   stepAll(state, event, policy, now) → { state, effects, wakeAt }
 *
 * What an order about sessions wants of the announcements holds in this very step, and what became of the
 * announcements the sessions hear in this very step too. Who stands above whom: checks < drain < force.
 */
import { step, type Effect, type Event, type Policy, type State } from './decision.ts';
import { factsOf, routingOf, sameRouting } from './routing.ts';
import type { Wishes } from './sessions/drain.ts';
import { stepSessions, wishesOf } from './sessions/machine.ts';
import type { SessionsEffect, SessionsEvent, SessionsStep } from './sessions/state.ts';

export interface StepAll {
  readonly state: State;
  readonly effects: readonly (Effect | SessionsEffect)[];
  readonly wakeAt: number | undefined;
}

/** The phases of a drain only go forward, so each turn of the two is over soon; more turns are a defect. */
const TURNS_MAXIMUM = 10;

export function stepAll(before: State, event: Event, policy: Policy, now: number): StepAll {
  const told: SessionsEffect[] = [];
  let sessionsWakeAt: number | undefined;
  const tell = (state: State, what: SessionsEvent): State => {
    const next: SessionsStep = stepSessions(
      state.sessions,
      what,
      factsOf(state, policy, now),
      policy.sessions,
      now,
    );
    told.push(...next.effects);
    sessionsWakeAt = next.wakeAt;
    return { ...state, sessions: next.state };
  };
  let decided = step(event.type === 'sessions' ? tell(before, event.event) : before, event, policy, now);
  const effects = [...decided.effects];
  const look: SessionsEvent = event.type === 'reload' ? { type: 'reload' } : { type: 'look' };
  for (let turn = 0; ; turn += 1) {
    if (turn === TURNS_MAXIMUM) throw new Error('the sessions and the decision do not come to an end');
    const isHeard = turn === 0 && event.type === 'sessions';
    if (isHeard && sameRouting(routingOf(before, policy, now), routingOf(decided.state, policy, now))) break;
    const wishes = wishesOf(decided.state.sessions);
    const state = tell(decided.state, turn === 0 ? look : { type: 'look' });
    if (sameWishes(wishes, wishesOf(state.sessions))) {
      decided = { ...decided, state };
      break;
    }
    decided = step(state, { type: 'tick' }, policy, now);
    effects.push(...decided.effects);
  }
  const times = [decided.wakeAt, sessionsWakeAt].flatMap((time) => time ?? []);
  return {
    state: decided.state,
    // The routes first: everything else may wait for them.
    effects: [...effects, ...told],
    wakeAt: times.length === 0 ? undefined : Math.min(...times),
  };
}

const sameWishes = (a: Wishes, b: Wishes): boolean => a.outside === b.outside && a.inside === b.inside;
