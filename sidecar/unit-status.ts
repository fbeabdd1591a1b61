/** The gateway in one line, as `systemctl status` shows it. Pure. */
import { isUp } from '../health/hysteresis.ts';
import type { Policy, State } from './decision.ts';
import type { Phase } from './prefix.ts';
import { REASONS, type Reason } from './reason.ts';

/** Of more prefixes in one state the first ones are named. */
const NAMED = 3;

/** "announced 192.0.2.1/32; 3 of 3 checks pass", "withdrawn 192.0.2.1/32: charon is gone; 1 of 3 checks pass". */
export function unitStatus(state: State, policy: Policy): string {
  const parts = [
    state.lease === undefined ? 'no guard in ExaBGP answers, so nothing is announced' : '',
    drainPart(state),
    ...prefixParts(state),
    checksPart(state, policy),
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function drainPart({ sessions: { drain } }: State): string {
  if (drain === undefined) return '';
  const { phase, here, most, timedOut } = drain.exodus;
  if (phase !== 'done') return `draining: ${here} of ${most} clients still here`;
  return timedOut ? `drained, with ${here} clients left at the deadline` : 'drained';
}

/** One part for each state and reason, in the order of the prefixes. */
function prefixParts({ prefixes, lease }: State): string[] {
  const groups = new Map<string, { readonly phase: Phase; readonly why: string; readonly names: string[] }>();
  for (const [prefix, { phase, reason }] of prefixes) {
    const why = OBVIOUS.has(reason) ? '' : `: ${REASONS[reason].sentence}`;
    const key = `${phase}${why}`;
    const group = groups.get(key) ?? { phase, why, names: [] };
    groups.set(key, group);
    group.names.push(prefix);
  }
  return [...groups.values()].map(({ phase, why, names }) => {
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
    const word = lease === undefined && phase === 'announced' ? 'to announce' : WORDS[phase];
    return `${word} ${names.slice(0, NAMED).join(', ')}${more}${why}`;
  });
}

/** The word for the phase says as much. */
const OBVIOUS: ReadonlySet<Reason> = new Set(['all-pass', 'adopted', 'drained']);

const WORDS = {
  cold: 'not announced yet:',
  adopted: 'kept from the predecessor:',
  announced: 'announced',
  degraded: 'degraded',
  withdrawn: 'withdrawn',
  draining: 'draining',
  drained: 'drained',
} as const satisfies Record<Phase, string>;

function checksPart({ checks }: State, policy: Policy): string {
  const all = [...policy.checks];
  const up = all.filter(([name, rule]) => {
    const check = checks.get(name);
    return check !== undefined && isUp(check.level, rule);
  });
  return `${up.length} of ${all.length} checks pass`;
}
