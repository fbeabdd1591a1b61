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
  /** From the first order of an operator on: a second run of the same story, which never hears of any. */
  #unordered: Driver | undefined;
  #isComparable = true;
  readonly #tell: (moment: Moment) => void;

  constructor(policy: Policy, now: number, tell: (moment: Moment) => void) {
    this.policy = policy;
    this.now = now;
    this.#tell = tell;
    this.#state = initialState(policy, now);
  }

  send(event: Event): void {
    if (event.type === 'intent' && this.#isComparable) this.#unordered ??= this.#fork();
    else if (event.type !== 'tick') this.#unordered?.hear(event, this.policy, this.now);
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

  /** A guard that let one run's lease lapse may hold the other's: from here on they are not comparable. */
  forgetUnordered(): void {
    this.#isComparable = false;
    this.#unordered = undefined;
  }

  /** Lets time go by. Every wake-up comes `lateMs` after it was due; at the end somebody looks. */
  wait(ms: number, lateMs = 0): void {
    const until = this.now + ms;
    // Two runs that are woken for different things would be late for different things.
    const late = this.#unordered === undefined ? lateMs : 0;
    for (let ticks = 0; this.#wakeAt !== undefined && this.#wakeAt + late <= until; ticks += 1) {
      if (ticks > TICKS_MAXIMUM) throw new Error('it asks to be woken for ever and does nothing then');
      this.now = Math.max(this.now, this.#wakeAt + late);
      this.send({ type: 'tick' });
    }
    this.now = until;
    const isOverdue = this.#wakeAt !== undefined && this.#wakeAt <= until;
    if (!isOverdue) this.#told({ type: 'look' }, []);
  }

  /** What happens to the other run at that moment; it has its own wake-ups until then. */
  hear(event: Event, policy: Policy, now: number): void {
    this.wait(now - this.now);
    this.policy = policy;
    this.send(event);
  }

  #fork(): Driver {
    const other = new Driver(this.policy, this.now, () => undefined);
    other.#state = this.#state;
    other.#wakeAt = this.#wakeAt;
    return other;
  }

  #told(event: Moment['event'], effects: Moment['effects']): void {
    const { policy, now } = this;
    const other = this.#unordered;
    other?.wait(now - other.now);
    const unordered = other === undefined ? undefined : other.#state;
    this.#tell({ event, policy, now, effects, wakeAt: this.#wakeAt, state: this.#state, unordered });
  }
}
