/** What the observer hears and what it says. `at`: CLOCK_MONOTONIC ms. */
import type { Condition, Invariant, ObservedPart } from './observer-bounds.ts';

export type ObserverEvent =
  | {
      readonly kind: 'announce' | 'withdraw';
      readonly at: number;
      readonly gateway: string;
      readonly prefix: string;
    }
  | {
      readonly kind: 'session';
      readonly at: number;
      readonly gateway: string;
      readonly family: 4 | 6;
      readonly state: 'open' | 'closed';
    }
  | {
      readonly kind: 'route';
      readonly at: number;
      readonly prefix: string;
      readonly gateway: string | undefined;
    }
  /** charon answered a question asked then, and has connections. */
  | { readonly kind: 'proof'; readonly at: number; readonly gateway: string }
  | {
      readonly kind: 'part';
      readonly at: number;
      readonly gateway: string;
      readonly part: ObservedPart;
      readonly condition: Condition;
    }
  /** `gateway` undefined: of all. `hitless`: nothing may move because of it. */
  | {
      readonly kind: 'fault';
      readonly at: number;
      readonly gateway: string | undefined;
      readonly state: 'begins' | 'ends';
      readonly hitless: boolean;
    }
  /** CPU hogs of ours. */
  | { readonly kind: 'strain'; readonly at: number; readonly active: boolean }
  /** Our own loop was late by so much. */
  | { readonly kind: 'stall'; readonly at: number; readonly ms: number }
  | { readonly kind: 'tick'; readonly at: number };

export interface Breach {
  readonly invariant: Invariant;
  readonly at: number;
  readonly gateway: string;
  readonly prefix: string;
  readonly text: string;
}

/** How long after its cause a route went, against the bound: says how honest the slack is. */
export interface Reaction {
  readonly why: string;
  readonly tookMs: number;
  readonly boundMs: number;
}
