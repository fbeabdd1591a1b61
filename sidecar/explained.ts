/** A reason with its words. Pure. */
import type { Class } from '../health/reason.ts';
import { REASONS, type Reason } from './reason.ts';
import type { Cause } from './verdict.ts';

export interface Explained {
  readonly reason: Reason;
  readonly class: Class;
  readonly sentence: string;
  readonly way_out: string;
  readonly check?: string;
  readonly value?: string;
}

/** A reason with its words, as the log, `explain` and the journal show it. */
export function explained(reason: Reason, cause: Cause | undefined): Explained {
  const { class: natural, sentence, wayOut } = REASONS[reason];
  return {
    reason,
    class: cause?.class ?? natural,
    sentence,
    way_out: wayOut,
    ...(cause?.check === undefined ? {} : { check: cause.check }),
    ...(cause?.value === undefined ? {} : { value: cause.value }),
  };
}
