/**
 * DOC: `swancast canary`, a small daemon of its own beside a strongSwan of its own: a real client that logs in
 * at a gateway, at a slow pace, and tells how that went. It changes nothing on any gateway.
 *
 *   schema.ts, config.ts     its configuration file
 *   canary.ts (here)         rounds on a grid, and the report that they make
 *   daemon.ts                listeners, log and signals around it
 *   ../../health/canary/     one round (round.ts, traffic.ts), the report as others read it (report.ts, fetch.ts)
 *   ../../health/checks/canary.ts   the check that reads it
 */
import type { CanaryReport, Outcome, TunnelReport } from '../../health/canary/report.ts';
import type { TunnelPlan } from '../../health/canary/round.ts';

export interface CanaryOptions {
  readonly name: string;
  readonly intervalMs: number;
  readonly tunnels: readonly TunnelPlan[];
  /** One round through one tunnel; never rejects but for a defect. */
  readonly round: (plan: TunnelPlan, signal: AbortSignal) => Promise<Outcome>;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: () => number;
  readonly onOutcome: (name: string, outcome: Outcome, durationMs: number) => void;
}

interface Past {
  readonly outcome: Outcome;
  readonly rounds: number;
  readonly failures: number;
  readonly endedAt: number;
  readonly durationMs: number;
}

/** Whoever may ask for rounds out of turn must not be able to make logins pile up on a gateway. */
const URGED_PAUSE_MS = 5000;

export class Canary {
  readonly #options: CanaryOptions;
  readonly #past = new Map<string, Past>();
  #begunAt = -Infinity;
  #urged = false;
  #wake: AbortController | undefined;

  constructor(options: CanaryOptions) {
    this.#options = options;
  }

  /** Only tunnels that had a round; ages as of now. */
  report(): CanaryReport {
    const now = this.#options.now();
    return {
      canary: this.#options.name,
      tunnels: [...this.#past].map(
        ([name, { outcome, rounds, failures, endedAt, durationMs }]): TunnelReport => ({
          name,
          ...outcome,
          rounds,
          failures,
          age_seconds: Math.round(now - endedAt) / 1000,
          duration_ms: Math.round(durationMs),
        }),
      ),
    };
  }

  /** One round through each tunnel in turn: their inner addresses and policies may overlap. */
  async once(signal: AbortSignal): Promise<void> {
    const { tunnels, round, now, onOutcome } = this.#options;
    for (const plan of tunnels) {
      if (signal.aborted) return;
      const begun = now();
      const outcome = await round(plan, signal);
      // Cut short by our own end: it says nothing.
      if (signal.aborted) return;
      const endedAt = now();
      const before = this.#past.get(plan.name);
      this.#past.set(plan.name, {
        outcome,
        rounds: (before?.rounds ?? 0) + 1,
        failures: failuresAfter(before?.failures ?? 0, outcome),
        endedAt,
        durationMs: endedAt - begun,
      });
      onOutcome(plan.name, outcome, endedAt - begun);
    }
  }

  /** A round as soon as may be: somebody has a reason to doubt that all is well. */
  urge(): void {
    this.#urged = true;
    this.#wake?.abort();
  }

  /** Until the signal; resolves once the last round has ended. `wait` resolves early when its signal says so. */
  async run(signal: AbortSignal, wait: (ms: number, signal: AbortSignal) => Promise<void>): Promise<void> {
    const { intervalMs, now } = this.#options;
    while (!signal.aborted) {
      this.#begunAt = now();
      this.#urged = false;
      await this.once(signal);
      for (;;) {
        const pause = this.#urged ? Math.min(URGED_PAUSE_MS, intervalMs) : intervalMs;
        const left = this.#begunAt + pause - now();
        if (left <= 0 || signal.aborted) break;
        this.#wake = new AbortController();
        await wait(left, AbortSignal.any([signal, this.#wake.signal]));
      }
    }
  }
}

function failuresAfter(before: number, { state }: Outcome): number {
  switch (state) {
    case 'pass':
      return 0;
    case 'fail':
      return before + 1;
    case 'broken':
      return before;
    default:
      return never(state);
  }
}

const never = (state: never): never => {
  throw new Error(`no such state of a round: ${String(state)}`);
};
