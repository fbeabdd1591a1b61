/**
 * DOC: `lab routing`: what several prefixes, neighbors, gateways and routers do together, judged at the routers, at
 * the backend and at the clients.
 *
 *   trial.ts (here)       what a trial is: the lab it needs, what is done and expected there
 *   trials.ts             all of them
 *   routing-exercise.ts   labs, options, JSON; report.ts: rows, table (pure)
 *   watch.ts, rest.ts     what trials wait for and judge by; acts.ts: what they do
 *   site-config.ts, fleet-site.ts   the gateways' configuration
 */
import type { Lab } from '../lab.ts';
import type { LabRun } from '../lab-session.ts';
import type { RouterKind } from '../router.ts';
import type { Site } from '../site.ts';
import type { Undo } from '../trial-labs.ts';

/** A lab's own configuration, routers, daemons (../site.ts), and who is in it. */
export interface RoutingSite
  extends Site, Pick<LabRun, 'clients'>, Partial<Pick<LabRun, 'supervise' | 'talkers'>> {
  /** For people. */
  readonly label: string;
}

/** What was measured or counted; the keys are those of the JSON report. */
export type Figures = Readonly<Record<string, number | string>>;

export interface Stage {
  readonly lab: Lab;
  readonly kind: RouterKind;
  /** How long to watch where nothing may happen. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Calls it once the trial is over, however it ended; last come, first called. */
  readonly defer: (undo: Undo) => void;
  /** Adds to the row at once: one that fails later says how far it got. */
  readonly note: (figures: Figures) => void;
}

export interface RoutingTrial {
  readonly name: string;
  /** What it shows, in one sentence. */
  readonly shows: string;
  /** Trials with the very same site share a lab. */
  readonly site: RoutingSite;
  /** Why it cannot be tried with this router or on this machine: said in the report. */
  readonly skip?: (kind: RouterKind) => string | undefined;
  /** From a lab that is up. @throws LabError for whatever is not as it should be */
  readonly run: (stage: Stage) => Promise<void>;
  /** The lab is of no use afterwards, also when all went well. */
  readonly spoils?: boolean;
}

export interface RoutingRow {
  readonly trial: string;
  readonly shows: string;
  readonly figures: Figures;
  readonly ok: boolean;
  readonly skipped?: string;
  readonly error?: string;
}
