import type { Output } from './outcome.ts';

/** What a command gets besides its options. */
export interface Surroundings {
  readonly output: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
}
