/** What is waited for before anything is done to a lab. */
import type { Lab } from './lab.ts';
import { announcersOf, answeredClients, type EventOf } from './timeline.ts';
import { PREFIX4, PREFIX6, type RouterPlan } from './topology.ts';

const ANNOUNCED_WITHIN_MS = 30_000;
/** A client whose route moved under a login has its own retransmissions and dead peer detection to sit out, twice. */
const TRAFFIC_WITHIN_MS = 45_000;
const BACK_WITHIN_MS = 60_000;

export async function expectRoute(lab: Lab, signal: AbortSignal, prefix = PREFIX4): Promise<void> {
  await lab.timeline.expect(
    {
      what: `the router's kernel has a route to ${prefix}`,
      withinMs: ANNOUNCED_WITHIN_MS,
      find: (events) =>
        events.find(
          (event) => event.kind === 'route' && event.prefix === prefix && event.gateway !== undefined,
        ),
    },
    signal,
  );
}

/** Every gateway announces both prefixes, and every client's packets are answered. */
export async function expectSteady(lab: Lab, signal: AbortSignal): Promise<void> {
  await expectAnnounced(lab, signal);
  await expectAnswered(lab, signal);
}

export async function expectAnswered(
  lab: Lab,
  signal: AbortSignal,
  withinMs = TRAFFIC_WITHIN_MS,
): Promise<void> {
  await lab.timeline.expect(
    {
      what: `the packets of all clients (${lab.talkers}) are answered`,
      withinMs,
      find: (events) => (answeredClients(events, lab.talkers).every(Boolean) ? true : undefined),
    },
    signal,
  );
}

/** Every gateway announces both prefixes, or these, to every router. */
export async function expectAnnounced(
  lab: Pick<Lab, 'timeline' | 'topology'>,
  signal: AbortSignal,
  withinMs = ANNOUNCED_WITHIN_MS,
  prefixes: readonly string[] = [PREFIX4, PREFIX6],
): Promise<void> {
  const all = lab.topology.gateways.length;
  for (const router of lab.topology.routers)
    for (const prefix of prefixes)
      await lab.timeline.expect(
        {
          what: `${all === 2 ? 'both' : 'all'} gateways announce ${prefix}${router.name === 'router' ? '' : ` to ${router.name}`}`,
          withinMs,
          find: (events) => (announcersOf(events, prefix, whereOf(router)).size === all ? true : undefined),
        },
        signal,
      );
}

/** Every client has lost packets since this event, and is answered again. @returns when the first of them was */
export async function expectClientsBack(lab: Lab, from: number, signal: AbortSignal): Promise<number> {
  const answered = await lab.timeline.expect(
    {
      what: `the packets of all clients (${lab.talkers}) are lost, and answered again by another gateway`,
      withinMs: BACK_WITHIN_MS,
      find: (events) => {
        const traffic = events
          .slice(from)
          .filter((event): event is EventOf<'traffic'> => event.kind === 'traffic');
        const again = Array.from({ length: lab.talkers }, (_, client) => {
          const own = traffic.filter((event) => event.client === client);
          return own.some((event) => event.state === 'silent')
            ? own.findLast((event) => event.state === 'answered')
            : undefined;
        });
        return again.every((event) => event !== undefined) ? again : undefined;
      },
    },
    signal,
  );
  return Math.min(...answered.map((event) => event.at));
}

export const whereOf = ({ name }: RouterPlan): 'router2' | undefined =>
  name === 'router' ? undefined : name;
