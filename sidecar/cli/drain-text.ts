/** A drain in words, and as one line that is drawn over and over. Pure. */
import { duration } from '../duration.ts';
import type { DrainStatus, ExodusStatus, SessionsStatus } from '../sessions/progress.ts';

const WIDTH = 30;
const NAMES = 10;

const PHASES: Readonly<Record<DrainStatus['phase'], string>> = {
  moving: 'redirecting clients',
  worsening: 'announcing worse attributes',
  withdrawing: 'withdrawing',
  settling: 'withdrawn, waiting for the last packets',
  terminating: 'terminating who is left',
  done: 'drained',
};

/** "[##########····] 66% · 12 of 36 left · redirecting clients · 2.1 s" */
export function drainBar({ phase, sessions: { most, here }, seconds }: DrainStatus): string {
  const share = most === 0 ? (phase === 'done' ? 1 : 0) : (most - here) / most;
  const full = Math.round(share * WIDTH);
  const bar = `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${Math.floor(share * 100)}%`;
  return `${bar}  ${here} of ${most} sessions left  ${PHASES[phase]}  ${duration(seconds)}`;
}

/** What is forced stands above what is drained. */
const heldText = (order: string): string =>
  `waits for the end of what is forced, or for \`swancast release\`: ${order}`;

export function drainText(drain: DrainStatus): string {
  const { phase, sessions, seconds, until, left, timed_out: isLate, method, who, reason } = drain;
  const { redirected, terminated, ignored, here, most } = sessions;
  const end = until === null ? 'until `swancast undrain`' : `until ${until}, or \`swancast undrain\``;
  const lines =
    phase === 'done'
      ? [
          `${isLate ? 'withdrawn, but not empty' : 'drained'} after ${duration(seconds)}: ${redirected} redirected, ${terminated} terminated, ${here} of ${most} left`,
          ...(ignored === 0 ? [] : [`  ${ignored} ignored the redirect`]),
          ...(isLate
            ? [`  still here: ${shown(left)}`, '  to go on: order the drain again, with a longer --deadline']
            : []),
        ]
      : [
          `draining (${method}) by ${who}: ${reason}`,
          `  ${PHASES[phase]}: ${here} of ${most} sessions left`,
          ...drain.held_by.map((order) => `  ${heldText(order)}`),
        ];
  return `${[...lines, `  stays withdrawn ${end}`].join('\n')}\n`;
}

/** For `status`: one line each while something is under way. */
export function leavingLines({ drain, evacuation }: SessionsStatus): string[] {
  const how = ({ phase, sessions: { here, most }, held_by: heldBy }: ExodusStatus): string =>
    [`${PHASES[phase]}, ${here} of ${most} sessions left`, ...heldBy.map(heldText)].join('; ');
  return [
    ...(drain === null
      ? []
      : [
          `drain by ${drain.who}: ${drain.reason}; ${how(drain)}, until ${drain.until === null ? '' : `${drain.until} or `}\`swancast undrain\``,
        ]),
    ...(evacuation === null ? [] : [`evacuation of ${evacuation.prefixes.join(', ')}: ${how(evacuation)}`]),
  ];
}

function shown(left: readonly string[]): string {
  const more = left.length > NAMES ? ` and ${left.length - NAMES} more (--json has all)` : '';
  return `${left.slice(0, NAMES).join(', ')}${more}`;
}
