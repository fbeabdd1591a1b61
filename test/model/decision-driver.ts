/** The decision on a fake clock: woken exactly when it asked to be, or late; every moment is told. */
import type { Result } from '../../health/check.ts';
import { initialState, step, type Event, type Policy, type State } from '../../sidecar/decision.ts';
import type { Moment } from './decision-history.ts';

const TICKS_MAXIMUM = 10_000;

export class Driver {
  now: number;
  policy: Policy;
  #state: State;
  #wakeAt: number | undefined;
  readonly #tell: (moment: Moment) => void;

  constructor(policy: Policy, now: number, tell: (moment: Moment) => void) {
    this.policy = policy;
    this.now = now;
    this.#tell = tell;
    this.#state = initialState(policy, now);
  }

  send(event: Event): void {
    const { state, effects, wakeAt } = step(this.#state, event, this.policy, this.now);
    this.#state = state;
    this.#wakeAt = wakeAt;
    this.#told(event, effects);
  }

  /** The Omit of a union would lose its members: the judgement comes whole. */
  result(result: Result): void {
    this.send({ type: 'result', result });
  }

  reload(policy: Policy, changed: ReadonlySet<string>): void {
    this.policy = policy;
    this.send({ type: 'reload', changed });
  }

  /** Lets time go by. Every wake-up comes `lateMs` after it was due; at the end somebody looks. */
  wait(ms: number, lateMs = 0): void {
    const until = this.now + ms;
    for (let ticks = 0; this.#wakeAt !== undefined && this.#wakeAt + lateMs <= until; ticks += 1) {
      if (ticks > TICKS_MAXIMUM) throw new Error('it asks to be woken for ever and does nothing then');
      this.now = Math.max(this.now, this.#wakeAt + lateMs);
      this.send({ type: 'tick' });
    }
    this.now = until;
    const isOverdue = this.#wakeAt !== undefined && this.#wakeAt <= until;
    if (!isOverdue) this.#told({ type: 'look' }, []);
  }

  #told(event: Moment['event'], effects: Moment['effects']): void {
    const { policy, now } = this;
    this.#tell({ event, policy, now, effects, wakeAt: this.#wakeAt, state: this.#state });
  }
}
