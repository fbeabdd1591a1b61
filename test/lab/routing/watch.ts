/** What trials of `lab routing` wait for and judge by: UPDATEs, kernel routes, the clients' packets. */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../clock.ts';
import type { Lab } from '../lab.ts';
import { LabError } from '../lab-error.ts';
import type { EventOf, LabEvent, Where } from '../timeline.ts';
import type { GatewayName } from '../topology.ts';
import { outageOf } from '../traffic/gaps.ts';

type Update = EventOf<'announce' | 'withdraw'>;

export interface UpdateSpec extends Where {
  readonly kind: 'announce' | 'withdraw';
  readonly gateway: GatewayName;
  readonly prefix: string;
  /** Words of how the announcement is shown in the timeline: "MED 1000". */
  readonly detail?: RegExp;
}

const fits = (event: LabEvent, { kind, gateway, prefix, where, detail }: UpdateSpec): event is Update =>
  event.kind === kind &&
  event.gateway === gateway &&
  event.prefix === prefix &&
  event.where === where &&
  (detail === undefined || (event.kind === 'announce' && detail.test(event.detail)));

/** The first such UPDATE of all events from this one on. */
export async function expectUpdate(
  lab: Pick<Lab, 'timeline'>,
  from: number,
  spec: UpdateSpec,
  withinMs: number,
  signal: AbortSignal,
): Promise<Update> {
  const { kind, gateway, prefix, where, detail } = spec;
  const words = `${detail === undefined ? '' : ` with ${String(detail)}`}${where === undefined ? '' : ` at ${where}`}`;
  return lab.timeline.expect(
    {
      what: `${gateway} ${kind}s ${prefix}${words}`,
      withinMs,
      find: (events) => events.slice(from).find((event) => fits(event, spec)),
    },
    signal,
  );
}

/** A router's kernel route leads there; undefined: there is none. It may have done so before. */
export async function expectRouteTo(
  lab: Pick<Lab, 'timeline'>,
  prefix: string,
  gateway: GatewayName | undefined,
  withinMs: number,
  signal: AbortSignal,
  where?: Where['where'],
): Promise<EventOf<'route'>> {
  const at = where === undefined ? 'the router' : where;
  return lab.timeline.expect(
    {
      what: `${at}'s kernel route to ${prefix} ${gateway === undefined ? 'is gone' : `leads to ${gateway}`}`,
      withinMs,
      find: (events) => {
        const last = events.findLast(
          (event): event is EventOf<'route'> =>
            event.kind === 'route' && event.prefix === prefix && event.where === where,
        );
        return last?.gateway === gateway ? last : undefined;
      },
    },
    signal,
  );
}

/** Announcements and withdrawals of everybody from this event on, perhaps of one prefix. */
export function updatesSince(lab: Pick<Lab, 'timeline'>, from: number, prefix?: string): readonly Update[] {
  return lab.timeline.events
    .slice(from)
    .filter((event): event is Update => event.kind === 'announce' || event.kind === 'withdraw')
    .filter((event) => prefix === undefined || event.prefix === prefix);
}

/** Waits, and fails on the first UPDATE of these. @param of those of this gateway or prefix alone */
export async function expectQuiet(
  lab: Lab,
  ms: number,
  of: { readonly gateway?: GatewayName; readonly prefix?: string },
  signal: AbortSignal,
): Promise<void> {
  const from = lab.timeline.events.length;
  await delay(ms, undefined, { signal });
  const told = updatesSince(lab, from, of.prefix).filter(
    ({ gateway }) => of.gateway === undefined || of.gateway === gateway,
  );
  const [first] = told;
  if (first === undefined) return;
  throw new LabError(
    'LAB_DEADLINE',
    `expected for ${ms} ms: no UPDATE${of.gateway === undefined ? '' : ` of ${of.gateway}`}${of.prefix === undefined ? '' : ` of ${of.prefix}`}; there were ${told.length}, first ${first.gateway} ${first.kind}s ${first.prefix}`,
  );
}

/** @throws LabError unless they are the same as JSON */
export function assertSame(what: string, seen: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (a !== b) throw new LabError('LAB_DEADLINE', `${what}: expected ${b}, seen ${a}`);
}

/** What was sent this long before is not asked about: its answer may be under way. */
const ANSWER_MS = 100;

/** Longest silence of the client that was worst off, and all lost packets, since then (CLOCK_MONOTONIC ms). */
export async function clientOutage(
  lab: Lab,
  since: number,
  signal: AbortSignal,
): Promise<{ readonly client_gap_ms: number; readonly lost: number }> {
  await delay(2 * ANSWER_MS, undefined, { signal });
  const until = monotonic() - ANSWER_MS;
  const clients = await lab.traffic.packetsSince(since, signal);
  const outages = clients.map((packets) => outageOf(packets.filter(({ sentAt }) => sentAt < until)));
  return {
    client_gap_ms: Math.round(Math.max(0, ...outages.map(({ gapMs }) => gapMs))),
    lost: outages.reduce((sum, { lost }) => sum + lost, 0),
  };
}
