/**
 * DOC: `lab health`: every check fails once for its real cause, on the gateway that serves, and recovers.
 *
 *   trial.ts (here)      what a trial is: its check, what is done, what must follow
 *   trials.ts            all of them; trials-*.ts: by what they touch
 *   trial-run.ts         one trial, from a steady lab to a steady lab
 *   trial-report.ts      rows, table (pure)
 *   health-exercise.ts   labs, options, JSON
 *   canary-site.ts, certificate.ts, service.ts   what some trials need besides
 */
import type { CheckTypeName } from '../../../health/registry.ts';
import type { HealthReason } from '../../../health/reason.ts';
import type { Gateway } from '../gateway.ts';
import type { Lab } from '../lab.ts';

/** The lab a trial needs. `crowd`: two dozen clients; `stress`: those that can hold all of charon's workers. */
export const HEALTH_SETTINGS = ['crowd', 'stress'] as const;
export type HealthSetting = (typeof HEALTH_SETTINGS)[number];

export interface Stage {
  readonly lab: Lab;
  /** The one that serves. */
  readonly gateway: Gateway;
  readonly signal: AbortSignal;
  /** Calls it once the trial is over, however it ended; last come, first called. */
  readonly defer: (undo: () => Promise<void> | void) => void;
}

/** A check as the configuration has it. */
export interface TrialCheck {
  readonly name: string;
  readonly type: CheckTypeName;
  readonly [key: string]: unknown;
}

/** What the gateway does about it, as the router sees it. `announced`: nothing at all. */
export type Decision = 'announced' | 'degraded' | 'withdrawn';

export interface Trial {
  /** The check that is tried, by its name in `checks` or in the lab's own configuration. */
  readonly check: string;
  readonly cause: string;
  readonly setting: HealthSetting;
  /** Added to the checks of the lab, or instead of those of the same name. */
  readonly checks?: (stage: Stage) => readonly TrialCheck[];
  /** Why it cannot be tried on this machine: said in the report, so that nobody takes it for done. */
  readonly skip?: () => string | undefined;
  readonly reason: HealthReason;
  readonly decision: Decision;
  /** The prefixes that it concerns; all by default. The others must not be touched. */
  readonly prefixes?: readonly string[];
  readonly seenWithinMs: number;
  readonly recoveredWithinMs: number;
  /** On the whole lab, before it is known which gateway serves. */
  readonly arrange?: (lab: Lab, signal: AbortSignal) => Promise<void>;
  /** Before the checks are configured. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** Brings about the cause. */
  readonly strike: (stage: Stage) => Promise<void>;
  /** Takes it away. */
  readonly mend: (stage: Stage) => Promise<void>;
  /** The lab is of no use afterwards, also when all went well. */
  readonly spoils?: boolean;
}

export interface HealthRow {
  readonly check: string;
  readonly cause: string;
  readonly gateway?: string;
  /** From the strike until the sidecar's status shows the failure. */
  readonly seen_ms?: number;
  readonly reason?: string;
  readonly decision?: string;
  /** From the strike until the router has heard of it; absent where nothing is told. */
  readonly decided_ms?: number;
  /** From the mending until the check passes and everything is announced as before. */
  readonly recovered_ms?: number;
  readonly ok: boolean;
  readonly skipped?: string;
  readonly error?: string;
}
