/** What the table of reasons says of each. */

/** How bad it is, worst first (the table is in README, "How bad is it"). */
export const CLASSES = ['gone', 'not-serving', 'impaired', 'advisory'] as const;
export type Class = (typeof CLASSES)[number];

export interface ReasonEntry {
  readonly class: Class;
  /** What is the case, for a person at 3 a.m. */
  readonly sentence: string;
  /** What to do about it. */
  readonly wayOut: string;
}
