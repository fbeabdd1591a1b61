/**
 * DOC: sidecar/ answers "what do we want?"
 *
 *   main.ts → cli/          argv → one command
 *   run.ts, daemon.ts       configuration → parts, wired once; signals
 *   sidecar.ts (here)       dispatch: the one place where state changes
 *   step-all.ts             stepAll(): pure; one event through the sessions (sessions/) and the decision
 *   decision.ts             step(): pure, over hear.ts (the event), verdict.ts (what the checks say), prefix.ts and
 *                           step-prefix.ts (the machine), flap.ts (how often it may change), fleet/better.ts (who
 *                           else is there), restart-grace.ts, under-drain.ts and force.ts (orders of operators) and
 *                           ask.ts (what the lease is told); routing.ts: what of it the sessions hear
 *   break-glass.ts          orders of operators: intent.ts what they are, intent-file.ts keeps them
 *   status.ts               state → what people are shown; http.ts, metrics.ts and cli/ read it
 *   config/                 YAML → frozen Config; the only place that knows convict
 *
 * Data flows one way: result or report → dispatch → step → effects → speaker, scheduler, journal.
 */
import { initialState, type Event, type Policy, type State, type Transition } from './decision.ts';
import type { Announcement } from '../bgp/announcement.ts';
import type { Ended } from './intent.ts';
import type { SessionsEffect } from './sessions/state.ts';
import { stepAll, type StepAll } from './step-all.ts';

/** What effects act on. None of these may call dispatch before it has returned. */
export interface Actors {
  set(generation: number, announcements: readonly Announcement[], evidence: number): void;
  renew(generation: number, evidence: number): void;
  pace(check: string, fast: boolean): void;
  journal(transition: Transition): void;
  forceEnded(order: Ended): void;
  /** Moves clients, lists them, or says what comes of it. */
  sessions(effect: SessionsEffect): void;
  askFleet(): void;
}

export class Sidecar {
  #policy: Policy;
  readonly #actors: Actors;
  readonly #now: () => number;
  #state: State;
  #timer: NodeJS.Timeout | undefined;
  #stepping = false;
  #closed = false;

  constructor(policy: Policy, actors: Actors, now: () => number) {
    this.#policy = policy;
    this.#actors = actors;
    this.#now = now;
    this.#state = initialState(policy, now());
  }

  get policy(): Policy {
    return this.#policy;
  }

  get state(): State {
    return this.#state;
  }

  /** Steps synchronously, then runs the effects in order; an event is never queued. */
  dispatch(event: Event): void {
    if (this.#closed) return;
    if (this.#stepping) throw new Error(`dispatch(${event.type}) from within an effect`);
    this.#stepping = true;
    try {
      const now = this.#now();
      const { state, effects, wakeAt } = stepAll(this.#state, event, this.#policy, now);
      this.#state = state;
      for (const effect of effects) this.#run(effect);
      this.#wake(wakeAt, now);
    } finally {
      this.#stepping = false;
    }
  }

  /**
   * Goes on under another policy; what is announced stays so while its checks do not object. `replaceChecks` puts
   * those that look from now on in their place: only then is there somebody to tell the pace of the new ones.
   */
  reload(policy: Policy, changed: ReadonlySet<string>, replaceChecks: () => void): void {
    this.#policy = policy;
    this.dispatch({ type: 'reload', changed });
    replaceChecks();
    for (const check of this.#state.fast) this.#actors.pace(check, true);
  }

  /** Nothing happens any more, whatever is dispatched: what is announced is left to its lease. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #run(effect: StepAll['effects'][number]): void {
    switch (effect.type) {
      case 'set':
        return this.#actors.set(effect.generation, effect.announcements, effect.evidence);
      case 'renew':
        return this.#actors.renew(effect.generation, effect.evidence);
      case 'pace':
        return this.#actors.pace(effect.check, effect.fast);
      case 'journal':
        return this.#actors.journal(effect.transition);
      case 'force-ended':
        return this.#actors.forceEnded(effect);
      case 'redirect':
      case 'terminate':
      case 'list':
      case 'notice':
      case 'drain-ended':
        return this.#actors.sessions(effect);
      case 'ask-fleet':
        return this.#actors.askFleet();
    }
  }

  #wake(wakeAt: number | undefined, now: number): void {
    clearTimeout(this.#timer);
    if (wakeAt === undefined) return;
    // One millisecond more than asked for: a timer that fires early would only step in vain.
    this.#timer = setTimeout(() => this.dispatch({ type: 'tick' }), Math.ceil(wakeAt - now) + 1);
  }
}
