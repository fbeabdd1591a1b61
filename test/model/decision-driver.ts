/**
 * The sessions and the decision on a fake clock: woken exactly when they asked to be, or late; what they ask of charon
 * is answered; every moment is told.
 */
import type { Result } from '../../health/check.ts';
import { initialState, type Event, type Policy, type State } from '../../sidecar/decision.ts';
import type { SessionsEvent } from '../../sidecar/sessions/state.ts';
import { stepAll, type StepAll } from '../../sidecar/step-all.ts';
import { Charon } from './decision-charon.ts';
import type { Moment } from './decision-moment.ts';

const TICKS_MAXIMUM = 10_000;

/** What charon answers, when its time has come. */
interface Due {
  readonly at: number;
  readonly run: () => void;
}

export class Driver {
  now: number;
  policy: Policy;
  readonly charon: Charon;
  #state: State;
  #wakeAt: number | undefined;
  #due: Due[] = [];
  /** From the first order of an operator on: a second run of the same story, which never hears of any. */
  #unordered: Driver | undefined;
  #isComparable = true;
  readonly #tell: (moment: Moment) => void;

  constructor(policy: Policy, now: number, tell: (moment: Moment) => void) {
    this.policy = policy;
    this.now = now;
    this.#tell = tell;
    this.#state = initialState(policy, now);
    const of = (): Driver => this;
    this.charon = new Charon({
      get now() {
        return of().now;
      },
      after: (ms, run) => this.#after(ms, run),
      hear: (event) => this.session(event),
      leadsHere: (local) => this.#state.announcements.some(({ prefix }) => prefix.startsWith(`${local}/`)),
    });
  }

  send(event: Event): void {
    const isOrder = event.type === 'intent' || (event.type === 'sessions' && event.event.type === 'drain');
    if (isOrder && this.#isComparable) this.#unordered ??= this.#fork();
    // Who is here changes nothing of what is announced.
    else if (event.type !== 'tick' && event.type !== 'sessions') {
      this.#unordered?.hear(event, this.policy, this.now);
    }
    const { state, effects, wakeAt } = stepAll(this.#state, event, this.policy, this.now);
    this.#state = state;
    this.#wakeAt = wakeAt;
    this.#told(event, effects);
    for (const effect of effects) this.#carryOut(effect);
  }

  /** The Omit of a union would lose its members: the judgement comes whole. */
  result(result: Result): void {
    this.send({ type: 'result', result });
  }

  session(event: SessionsEvent): void {
    this.send({ type: 'sessions', event });
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
    for (let ticks = 0; ; ticks += 1) {
      if (ticks > TICKS_MAXIMUM) throw new Error('it asks to be woken for ever and does nothing then');
      // Two runs that are woken for different things would be late for different things.
      const late = this.#unordered === undefined ? lateMs : 0;
      const wakeAt = this.#wakeAt === undefined ? Infinity : this.#wakeAt + late;
      const [next] = this.#due;
      const isCharon = next !== undefined && next.at <= wakeAt;
      const at = isCharon ? next.at : wakeAt;
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (isCharon) {
        this.#due.shift();
        next.run();
      } else this.send({ type: 'tick' });
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

  #after(ms: number, run: () => void): void {
    const at = this.now + ms;
    const index = this.#due.findIndex((each) => each.at > at);
    this.#due.splice(index === -1 ? this.#due.length : index, 0, { at, run });
  }

  #carryOut(effect: StepAll['effects'][number]): void {
    switch (effect.type) {
      case 'list':
      case 'redirect':
      case 'terminate':
        return this.charon.carryOut(effect);
      default:
        return;
    }
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
