/** The decision, the guard and the routers of crowd.ts: what is wanted of the route, and where packets go after it. */
import type { Wish } from '../../../sidecar/sessions/drain.ts';
import type { RoutedPrefix } from '../../../sidecar/sessions/scene.ts';
import type { Clock } from './crowd-clock.ts';
import { PREFIX } from './crowd-place.ts';

export interface RoutersOptions {
  /** From "withdraw" to the guard's word, and until packets go elsewhere. */
  readonly ackMs?: number;
  readonly fibMs?: number;
  /** Worse attributes alone move the traffic after so long; Infinity: never. */
  readonly worseFibMs?: number;
}

/** What the routers change for those around them. */
export interface Routed {
  /** The path of the packets is about to change: what came up to now came here. */
  readonly count: () => void;
  /** Something is known that was not known before. */
  readonly look: () => void;
}

export class Routers {
  /** The checks want it announced. */
  healthy = true;
  degraded = false;
  /** An operator forces it to be announced, whatever else is wanted. */
  forced = false;
  /** Another gateway announces it. */
  elsewhere = true;
  /** Why it is withdrawn when it is not healthy. */
  why: 'checks' | 'gone' | 'person' = 'checks';
  wanted = true;
  worse = false;
  standing = true;
  /** Packets to the anycast address come here. */
  routed = true;
  /** What is known of other prefixes. */
  readonly others = new Map<string, RoutedPrefix>();
  readonly #options: RoutersOptions;
  readonly #clock: Clock;
  readonly #around: Routed;
  #epoch = 0;

  constructor(options: RoutersOptions, clock: Clock, around: Routed) {
    this.#options = options;
    this.#clock = clock;
    this.#around = around;
  }

  get prefixes(): ReadonlyMap<string, RoutedPrefix> {
    const { wanted, standing, worse, elsewhere, healthy, why } = this;
    const withdrawnBy = wanted ? undefined : healthy ? 'person' : why;
    const forced = this.forced ? 'forced' : undefined;
    const route = { wanted, standing, worse, elsewhere, withdrawnBy, forced };
    return new Map<string, RoutedPrefix>([[PREFIX, route], ...this.others]);
  }

  /** What the decision and the guard make of the wishes. */
  obey(outside: Wish): void {
    const wanted = this.forced || (this.healthy && outside !== 'withdrawn');
    const worse = this.degraded || outside === 'draining';
    const { ackMs = 60, fibMs = 65, worseFibMs = Infinity } = this.#options;
    if (wanted === this.wanted && worse === this.worse) return;
    this.#epoch += 1;
    const wasWanted = this.wanted;
    this.wanted = wanted;
    this.worse = worse;
    if (wanted && !wasWanted) {
      this.standing = true;
      this.#later(fibMs, () => this.reroute(true));
    }
    if (!wanted && wasWanted) {
      this.#later(fibMs, () => this.reroute(false));
      this.#later(ackMs, () => {
        this.standing = false;
        this.#around.look();
      });
    }
    if (wanted && worse && worseFibMs !== Infinity) this.#later(worseFibMs, () => this.reroute(false));
    this.#clock.after(0, this.#around.look);
  }

  reroute(routed: boolean): void {
    this.#around.count();
    this.routed = routed;
  }

  /** Unless something else is wanted by then. */
  #later(ms: number, run: () => void): void {
    const epoch = this.#epoch;
    this.#clock.after(ms, () => {
      if (epoch === this.#epoch) run();
    });
  }
}
