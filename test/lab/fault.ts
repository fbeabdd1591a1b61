/** One fault set on purpose, as a table entry: what is done, what must follow, how all is put right again. */
import type { PartName } from './gateway-parts.ts';
import type { Gateway } from './gateway.ts';
import type { Lab } from './lab.ts';
import type { Window } from './fault-window.ts';

export interface Scene {
  readonly lab: Lab;
  /** The one that serves: the router's kernel route leads to it. */
  readonly gateway: Gateway;
  readonly signal: AbortSignal;
  /** How long a lasting burden lasts. */
  readonly seconds: number;
}

/**
 * The lab a fault needs: who starts ExaBGP; `stress`: many clients, and the means to hold all of charon's workers;
 * `clock`: ExaBGP as its own unit, with a wall clock of its own; `fast`: the opt-in profile of swancast.
 */
export const SETTINGS = ['supervised', 'own-unit', 'fast', 'stress', 'fast-stress', 'clock'] as const;
export type Setting = (typeof SETTINGS)[number];

interface FaultBase {
  readonly name: string;
  readonly summary: string;
  readonly setting: Setting;
  /** The lab is of no use afterwards, also when all went well. */
  readonly spoils?: boolean;
  /** Takes ten seconds or longer, is not judged by a median, and says as much in a few runs as in many. */
  readonly lasting?: boolean;
}

export interface Struck {
  /** CLOCK_MONOTONIC ms from which the bound counts. */
  readonly at: number;
  /** Puts right what does not put itself right. Called once all is withdrawn. */
  readonly restore: () => Promise<void>;
}

/** Both prefixes of the gateway must be withdrawn, by UPDATE or by the end of the session. */
export interface WithdrawFault extends FaultBase {
  readonly expect: 'withdrawn';
  readonly boundMs: number;
  strike(scene: Scene): Promise<Struck>;
}

/** No gateway may withdraw anything. */
export interface CalmFault extends FaultBase {
  /** "measured": what happens is reported, and only that all recovers is judged. */
  readonly expect: 'no withdrawal' | 'measured';
  /** The burden, from beginning to end; a text it resolves with goes into the row. */
  burden(scene: Scene): Promise<string | undefined | void>;
  /** What else must hold; a text says what does not. */
  check?(window: Window): string | undefined;
  /** Afterwards, not judged. */
  restore?(scene: Scene): Promise<void>;
}

/** "no withdrawal" where nothing else is said. */
export type CalmEntry = Omit<CalmFault, 'expect'> & Partial<Pick<CalmFault, 'expect'>>;

/** All must be announced again within the bound. */
export interface ReturnFault extends FaultBase {
  readonly expect: 'announced';
  readonly boundMs: number;
  /** Resolves with the time (CLOCK_MONOTONIC ms) from which the bound counts. */
  strike(scene: Scene): Promise<number>;
}

/** What cannot be done here: said in each report, so that nobody takes it for done. */
export interface SkippedFault extends FaultBase {
  readonly expect: 'skipped';
  readonly reason: string;
}

export type RunnableFault = WithdrawFault | CalmFault | ReturnFault;
export type Fault = RunnableFault | SkippedFault;

/** Sends a signal to a part of the gateway that serves. @returns when, taken just before */
export function strike({ lab, gateway }: Scene, part: PartName, signal: NodeJS.Signals): number {
  const target = gateway.part(part);
  const at = lab.timeline.act(`${signal} to ${gateway.plan.name}'s ${part} (pid ${target.pid})`);
  gateway.signal(target, signal);
  return at;
}

/** For charon that was killed or told to end. */
export const startCharon =
  ({ gateway, signal }: Scene) =>
  async (): Promise<void> => {
    await gateway.charon.daemon.exited;
    await gateway.startCharon(signal);
  };

export const nothing = async (): Promise<void> => Promise.resolve();
