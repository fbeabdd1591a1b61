/**
 * What a drain makes of a prefix: above its checks, below what is forced. Pure.
 *
 * As with force, the machine of prefix.ts goes on beneath it, so that coming back needs no hold-down: nothing failed.
 *
 *   draining  announced with the attributes of that name, as long as the checks would have it announced at all
 *   drained   nothing is announced, whatever the checks say
 */
import { holdsRoute, type PrefixPolicy, type PrefixState } from './prefix.ts';
import { wishesOf } from './sessions/machine.ts';
import type { SessionsState } from './sessions/state.ts';
import type { Cause } from './verdict.ts';

/** `own`: where the checks alone have it after this step. */
export function underDrain(
  own: PrefixState,
  { side }: Pick<PrefixPolicy, 'side'>,
  sessions: SessionsState,
): PrefixState {
  const wish = wishesOf(sessions)[side];
  const { drain } = sessions;
  if (wish === 'as-checked' || drain === undefined) return own;
  const phase = wish === 'draining' && holdsRoute(own) ? 'draining' : 'drained';
  const { who, reason } = drain.intent;
  const cause: Cause = { reason: phase, class: 'advisory', value: `${who}: ${reason}` };
  return {
    ...own,
    phase,
    reason: cause.reason,
    cause,
    yielding: false,
    inherited: [],
    drain: { checks: own },
  };
}
