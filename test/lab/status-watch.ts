/** Waiting for what a gateway's swancast says of itself. What is judged is seen from outside; this is for when. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../sidecar/status.ts';
import { monotonic } from './clock.ts';
import type { Gateway } from './gateway.ts';
import { LabError } from './lab-error.ts';

const LOOK_MS = 20;

/** Looks at its status again and again. @returns when it was so; throws LabError with what was seen last */
export async function untilStatus(
  gateway: Gateway,
  what: string,
  withinMs: number,
  isSo: (status: Status) => boolean,
  signal: AbortSignal,
  from = monotonic(),
): Promise<number> {
  let last = 'no answer';
  while (monotonic() < from + withinMs) {
    const status = (await gateway.status(signal)) as Status | undefined;
    const at = monotonic();
    if (status !== undefined) {
      if (isSo(status)) return at;
      last = said(status);
    }
    await delay(LOOK_MS, undefined, { signal });
  }
  throw new LabError(
    'LAB_DEADLINE',
    `${gateway.plan.name}: expected within ${String(withinMs)} ms: ${what}; seen last: ${last}`,
  );
}

/** The prefixes, and the checks that are not well. */
export function said({ prefixes, checks }: Status): string {
  const bad = checks
    .filter(({ verdict, up }) => verdict !== 'pass' || !up)
    .map(({ name, verdict, reason, value }) => `${name} ${verdict} ${reason ?? '-'} (${value ?? '-'})`);
  const states = prefixes.map(({ prefix, state, reason }) => `${prefix} ${state} (${reason})`);
  return [...states, ...bad].join('; ');
}
