/** What is waited for around an exercise: the clients have sessions, are where they should be, and have answers. */
import { setTimeout as delay } from 'node:timers/promises';
import { openReader, section, ViciError, type Message, type Section } from '../../../health/vici/index.ts';
import { monotonic } from '../clock.ts';
import { patient } from '../dataplane.ts';
import { LabError } from '../lab-error.ts';
import type { Lab } from '../lab.ts';
import { answeredClients } from '../timeline.ts';
import type { Stage } from './exercise.ts';

const LOOK_MS = 50;
/** All answered for so long: nobody is on his way any more. */
const CALM_MS = patient(2000);
const WITHIN_MS = patient(90_000);

/** From this moment on all clients are answered, and still are a while later. @param from CLOCK_MONOTONIC ms */
export async function untilCalm(
  { lab, talkers }: { readonly lab: Pick<Lab, 'timeline' | 'logs'> } & Pick<Stage, 'talkers'>,
  from: number,
  signal: AbortSignal,
): Promise<void> {
  await delay(Math.max(0, from - monotonic()), undefined, { signal });
  const deadline = monotonic() + WITHIN_MS;
  let calmSince: number | undefined;
  while (monotonic() < deadline) {
    const answered = answeredClients(lab.timeline.events, talkers);
    if (!answered.every(Boolean)) calmSince = undefined;
    else calmSince ??= monotonic();
    if (calmSince !== undefined && monotonic() > calmSince + CALM_MS) return;
    await delay(LOOK_MS, undefined, { signal });
  }
  const silent = answeredClients(lab.timeline.events, talkers).filter((each) => !each).length;
  throw new LabError(
    'LAB_DEADLINE',
    `expected within ${WITHIN_MS} ms: the packets of all clients (${talkers}) are answered, and stay so; ${silent} are silent now; logs: ${lab.logs}`,
  );
}

/** The far addresses of each client's IKE_SAs that have a CHILD_SA, by the name of its connection. */
export async function placesOfClients(
  { clients }: Pick<Lab, 'clients'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const places = new Map<string, string[]>();
  try {
    const vici = await openReader(clients.charon.viciSocket, { signal, onlyCommands: true });
    try {
      for await (const message of vici.stream('list-sas', 'list-sa', section(), { signal }))
        for (const [name, host] of placesIn(message)) places.set(name, [...(places.get(name) ?? []), host]);
    } finally {
      vici.close();
    }
  } catch (cause) {
    if (!(cause instanceof ViciError)) throw cause;
    throw new LabError('LAB_COMMAND', `the clients' charon: ${cause.message}`, { cause });
  }
  return places;
}

function placesIn(message: Message): [string, string][] {
  return Object.entries(message).flatMap(([name, sa]): [string, string][] => {
    if (!isSection(sa) || !isSection(sa['child-sas'])) return [];
    const isUp = Object.values(sa['child-sas']).some(
      (child) => isSection(child) && child['state'] === 'INSTALLED',
    );
    const host = sa['remote-host'];
    return isUp && typeof host === 'string' ? [[name, host]] : [];
  });
}

const isSection = (value: unknown): value is Section =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);

/** Each of all clients, those without traffic too, has one session, at this address. */
export async function untilAllAt(
  lab: Pick<Lab, 'clients' | 'topology' | 'logs'>,
  address: string,
  signal: AbortSignal,
): Promise<void> {
  const deadline = monotonic() + WITHIN_MS;
  let seen = new Map<string, number>();
  while (monotonic() < deadline) {
    const places = await placesOfClients(lab, signal);
    const all = lab.topology.clients.map((_, client) => places.get(`client${client + 1}`) ?? []);
    if (all.every(([first, ...more]) => first === address && more.length === 0)) return;
    seen = new Map();
    for (const each of all) {
      const where = each.length === 0 ? 'nowhere' : each.join(' and ');
      seen.set(where, (seen.get(where) ?? 0) + 1);
    }
    await delay(LOOK_MS, undefined, { signal });
  }
  const text = [...seen].map(([where, count]) => `${count} at ${where}`).join(', ');
  throw new LabError(
    'LAB_DEADLINE',
    `expected within ${WITHIN_MS} ms: all clients have a session at ${address}; there are ${text}; logs: ${lab.logs}`,
  );
}
