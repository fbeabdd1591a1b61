/** What a check is and what it says: pass, fail or unknown, with a reason from the one table. */
import type { HealthReason } from './reason.ts';

export type Verdict = 'pass' | 'fail' | 'unknown';

/** What one look found, judged. `reason` is absent on a pass; `value` says what was seen, for people. */
export type Judgement =
  | { readonly verdict: 'pass'; readonly value?: string }
  | {
      readonly verdict: 'fail' | 'unknown';
      readonly reason: HealthReason;
      readonly value?: string;
      /** charon answered, though not well: the lease lives on, the verdict stands. */
      readonly provesAlive?: true;
    };

/** A judgement with the check that made it, and when the look began (monotonic milliseconds). */
export type Result = Judgement & {
  readonly check: string;
  /** Start of the observation, not its end: evidence must never seem younger than it is. */
  readonly at: number;
};

/** Intervals in milliseconds. `fastMs` holds while the check is rising or falling. */
export interface Pace {
  readonly intervalMs: number;
  readonly fastMs: number;
  readonly timeoutMs: number;
}

export interface Check {
  readonly name: string;
  /** Checks whose failure makes this one meaningless: while one is down, this one is `cause-unknown`. */
  readonly dependsOn: readonly string[];
  /** Checks whose first result that is no pass makes this one look at once, to tell one plane from both. */
  readonly triggeredBy?: readonly string[];
  readonly pace: Pace;
  /** One look. Expected failures are judgements; a rejection is a defect and becomes `check-crashed`. */
  observe(signal: AbortSignal): Promise<Judgement>;
  /**
   * Called before a look out of turn (an order, a trigger): for a check that only reads what another program
   * finds out at its own pace, which should begin now. Must not wait.
   */
  urge?(): void;
  /**
   * Facts that arrive by themselves (an EOF): calls `emit` at once; calls `look` when it is worth observing
   * now instead of at the next interval. Returns how to stop watching.
   */
  watch?(emit: (judgement: Judgement) => void, look: () => void): () => void;
}

/** What every check is made of, whatever its type. */
export interface CheckOptions<Limits> {
  readonly name: string;
  readonly dependsOn: readonly string[];
  readonly triggeredBy: readonly string[];
  readonly pace: Pace;
  /** The values for the limits of its type: keys in camel case, `…_seconds` as `…Ms`. */
  readonly limits: Limits;
}
