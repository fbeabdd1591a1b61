/** Every trial of `lab health`, in the order in which they run. */
import { CHARON_TRIALS } from './trials-charon.ts';
import { HOST_TRIALS } from './trials-host.ts';
import { PATH_TRIALS } from './trials-path.ts';
import { SESSION_TRIALS } from './trials-sessions.ts';
import type { SkippedTrial, Trial } from './trial.ts';

export const TRIALS: readonly Trial[] = [...SESSION_TRIALS, ...CHARON_TRIALS, ...PATH_TRIALS, ...HOST_TRIALS];

/** Here and now for a stated reason; see the integration and unit tests for these. */
export const SKIPPED: readonly SkippedTrial[] = [];
