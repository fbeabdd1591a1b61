/** The last transitions with their causes, newest last; bounded, so that a flapping gateway costs no memory. */
import type { Transition } from './decision.ts';
import { transitionStatus, type TransitionStatus } from './transition.ts';

const KEPT = 100;

export class Journal {
  #entries: TransitionStatus[] = [];

  add(transition: Transition, time: Date): TransitionStatus {
    const entry = transitionStatus(transition, time.toISOString());
    this.#entries = [...this.#entries.slice(1 - KEPT), entry];
    return entry;
  }

  get entries(): readonly TransitionStatus[] {
    return this.#entries;
  }
}
