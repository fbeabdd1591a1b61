/**
 * DOC: `lab exercise`: what clients with traffic see of what happens to a gateway, judged at the clients.
 *
 *   exercise.ts (here)      what an exercise is: the lab it needs, what is done there, what clients may see of it
 *   exercises.ts            all of them; breaks.ts: what nobody announced, moves.ts: what swancast moves clients
 *                           for, grace.ts: charon dies and comes back,
 *                           drop-in.ts: what strongSwan's unit does (pure)
 *   run.ts                  labs, runs, options, JSON; report.ts: figures, judgement, table (pure)
 *   site.ts                 the gateways' configuration; identity.ts: a client's address follows its identity (pure)
 *   host-routes.ts          a process: the way back to each client, behind the gateways
 *   stage.ts, acts.ts       what is waited for, and what is done; control.ts: orders over the control socket
 *   page.ts                 the measured table of the README, from the JSON (read-report.ts, measured.ts); plot.ts:
 *                           its picture
 */
import type { Lab } from '../lab.ts';
import type { Gateway } from '../gateway.ts';
import type { Undo } from '../trial-labs.ts';
import type { ClientLoad } from '../traffic/client-load.ts';

/** How the gateways and the clients of an exercise are set up. */
export interface Setup {
  /** identity: a client has the same inner address on both gateways. pool: each gateway has addresses of its own. */
  readonly addresses: 'identity' | 'pool';
  readonly pinned?: boolean;
  /** sessions.drain.pin_first */
  readonly pinFirst?: boolean;
  /** sessions.sweep.enabled; true unless the exercise is about its absence. */
  readonly sweep?: boolean;
  /** How often a client that hears nothing asks whether its gateway lives; 2 by default. It gives up 4 s later. */
  readonly dpdSeconds?: number;
  /** strongswan.restart_grace_ms */
  readonly graceMs?: number;
  /** A required check of gw1 that fails when told to. */
  readonly flag?: boolean;
}

/** Milliseconds or counts, beside what the clients saw. */
export type Figures = Readonly<Record<string, number | string>>;

export interface Stage {
  readonly lab: Lab;
  readonly load: ClientLoad;
  /** So many clients have traffic. */
  readonly talkers: number;
  /** The first choice of the routers: it serves, and things happen to it. */
  readonly first: Gateway;
  readonly second: Gateway;
  /** `--rate` of a drain; undefined: as configured. */
  readonly rate: number | undefined;
  readonly signal: AbortSignal;
  /** Calls it once the run is over, however it ended; last come, first called. */
  readonly defer: (undo: Undo) => void;
  readonly note: (figures: Figures) => void;
}

export interface Bound {
  readonly metric: 'client_gap_ms' | 'lost';
  /** Over the clients of a run. */
  readonly of: 'p50' | 'p99' | 'max';
  readonly atMost: number;
}

export interface SessionExercise {
  /** "drain-redirect": asks for all of its variants. */
  readonly name: string;
  /** "pinned"; "" where there is only one. */
  readonly variant: string;
  /** What happens, for the table. */
  readonly shows: string;
  readonly setup: Setup;
  /** Before the measurement begins. */
  readonly arrange?: (stage: Stage) => Promise<void>;
  /** @returns when the last thing happened that a client may notice (CLOCK_MONOTONIC ms) */
  readonly act: (stage: Stage) => Promise<number>;
  /** How long after that it may take until a client notices; 1500 by default. */
  readonly noticedMs?: number;
  /** The median over the runs keeps to each of them. None: it is the client's clock, or another one, not ours. */
  readonly bounds?: readonly Bound[];
  /** Every client keeps session, address and stream; otherwise it has to have a session again. */
  readonly keepsSession?: boolean;
}

/** "drain-redirect pinned" */
export const titleOf = ({ name, variant }: Pick<SessionExercise, 'name' | 'variant'>): string =>
  variant === '' ? name : `${name} ${variant}`;
