/** What each part of the sessions (pin, drain, evacuation, sweep) hands on to the next, and up. Pure. */
import type { LookWish } from './look.ts';
import type { MoveEffect, Moves } from './moves.ts';
import type { Notice } from './notice.ts';
import type { Book } from './sessions.ts';

export interface PartStep {
  readonly book: Book;
  readonly moves: Moves;
  readonly effects: readonly MoveEffect[];
  readonly notices: readonly Notice[];
  /** Monotonic milliseconds; undefined = only an event can change anything. */
  readonly wakeAt: number | undefined;
  readonly list: LookWish | undefined;
}
