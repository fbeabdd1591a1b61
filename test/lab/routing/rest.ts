/** When a lab has come to rest after something happened, and whether the prefixes were there all the time. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../../sidecar/status.ts';
import { monotonic } from '../clock.ts';
import { LabError } from '../lab-error.ts';
import { announcersOf } from '../timeline.ts';
import { PREFIX4, PREFIX6 } from '../topology.ts';
import type { Stage } from './trial.ts';
import { updatesSince } from './watch.ts';

/** So long without an UPDATE counts as settled; longer than any hold-down of this lab, and than the auth check's window. */
const SETTLED_MS = 12_000;
const SETTLED_WITHIN_MS = 240_000;
/** FRR replaces an IPv6 route by taking the old one away first: a gap of this length is the router's own. */
const REPLACED_MS = 5;

/** No UPDATE for a while. @returns when the last one was */
export async function settled({ lab, signal }: Stage, from: number): Promise<number> {
  const start = monotonic();
  for (;;) {
    const last = updatesSince(lab, from).at(-1)?.at ?? start;
    const quiet = monotonic() - Math.max(last, start);
    if (quiet >= SETTLED_MS) return last;
    if (monotonic() - start > SETTLED_WITHIN_MS) {
      const told = updatesSince(lab, from).length;
      throw new LabError(
        'LAB_DEADLINE',
        `expected within ${SETTLED_WITHIN_MS} ms: no UPDATE for ${SETTLED_MS} ms; there were ${told}`,
      );
    }
    await delay(SETTLED_MS - quiet + 10, undefined, { signal });
  }
}

export async function states(stage: Stage): Promise<string[]> {
  return Promise.all(
    stage.lab.topology.gateways.map(async (plan) => {
      const gateway = stage.lab.gateway(plan);
      const status = (await gateway.status(stage.signal)) as Status | undefined;
      return `${gateway.plan.name}:${status?.prefixes.map(({ state }) => state).join('/') ?? '?'}`;
    }),
  );
}

/** How long since then nobody announced one of the prefixes, or the router had no route to it. */
export function unreachableMs({ lab }: Stage, from: number): number {
  const { events } = lab.timeline;
  const gaps = [PREFIX4, PREFIX6].map((prefix) => {
    let [routed, total, lostAt] = [true, 0, 0];
    for (let index = from; index < events.length; index += 1) {
      const event = events[index];
      if (event === undefined || event.kind === 'traffic' || event.kind === 'action') continue;
      if (event.kind === 'route' && event.prefix === prefix) routed = event.gateway !== undefined;
      const isThere = routed && announcersOf(events.slice(0, index + 1), prefix).size > 0;
      if (!isThere && lostAt === 0) lostAt = event.at;
      if (!isThere || lostAt === 0) continue;
      const gap = event.at - lostAt;
      if (gap > REPLACED_MS) total += gap;
      lostAt = 0;
    }
    return lostAt === 0 ? total : total + monotonic() - lostAt;
  });
  return Math.max(...gaps);
}
