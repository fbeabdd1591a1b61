/** What scenarios look for on the hosts, and what they wait for. */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../lab/clock.ts';
import { patient } from '../lab/dataplane.ts';
import { LabError } from '../lab/lab-error.ts';
import { routedTo } from '../lab/fib.ts';
import { expectUpdate } from '../lab/routing/watch.ts';
import { placesOfClients } from '../lab/sessions/stage.ts';
import { expectAnnounced } from '../lab/steady.ts';
import { ANYCAST4, PREFIX4 } from '../lab/topology.ts';
import type { PlayResult } from './ansible.ts';
import type { Host } from './host.ts';
import { failuresIn } from './play-recap.ts';
import { expectSame, type Stage } from './scenario.ts';

const LOOK_MS = 200;
const WITHIN_MS = 60_000;

/** All three announce both prefixes, as the router hears it. */
export async function allAnnounce({ site, watch, signal }: Stage): Promise<void> {
  await expectAnnounced({ timeline: watch.timeline, topology: site.topology }, signal, WITHIN_MS);
}

/** The host that has the most clients. @throws LabError when no client has a tunnel */
export async function homeOf({ site, signal }: Stage): Promise<Host> {
  const places = [...(await placesOfClients(site, signal)).values()].flat();
  const anycast = await servingHost(site, signal);
  const count = (host: Host): number =>
    places.filter((place) => place === host.plan.address4 || (place === ANYCAST4 && host === anycast)).length;
  const [home] = site.hosts.toSorted((a, b) => count(b) - count(a));
  if (home === undefined || count(home) === 0)
    throw new LabError('LAB_SPOILT', `no client is at any host: ${places.join(' ')}`);
  return home;
}

/** No client is pinned to this host: the drain has moved them all. */
export async function expectEmptied({ site, signal }: Stage, { plan }: Host): Promise<void> {
  const left = [...(await placesOfClients(site, signal))].filter(([, places]) =>
    places.includes(plan.address4),
  );
  expectSame(
    `clients that were left at ${plan.name}`,
    left.map(([name]) => name),
    [],
  );
}

/** Where the router sends who asks for the anycast address. */
async function servingHost(
  { topology, hosts }: Stage['site'],
  signal: AbortSignal,
): Promise<Host | undefined> {
  const gateway = await routedTo(topology.namespaces.router, topology, PREFIX4, signal);
  return typeof gateway === 'string' ? undefined : hosts.find(({ plan }) => plan.name === gateway.name);
}

/** An UPDATE of this host's after `from`. @returns when, after `at` (ms) */
export async function msUntil(
  { watch, signal }: Stage,
  kind: 'announce' | 'withdraw',
  { plan }: Host,
  { from, at }: Moment,
): Promise<number> {
  const spec = { kind, gateway: plan.name, prefix: PREFIX4 };
  return Math.round((await expectUpdate(watch, from, spec, WITHIN_MS, signal)).at - at);
}

export interface Moment {
  /** Number of the next event. */
  readonly from: number;
  /** CLOCK_MONOTONIC ms. */
  readonly at: number;
}

/** From here on. @param text for the timeline */
export function mark({ watch: { timeline } }: Stage, text: string): Moment {
  return { from: timeline.events.length, at: timeline.act(text) };
}

export async function installedVersion(host: Host, name: string, signal: AbortSignal): Promise<string> {
  return host.run(['dpkg-query', '-W', '-f', '${Version}', name], signal);
}

/** @throws LabError unless each host has that version, installed and running */
export async function expectVersions({ site, signal }: Stage, version: string): Promise<void> {
  for (const host of site.hosts) {
    const { name } = host.plan;
    expectSame(`${name}: installed`, await installedVersion(host, 'swancast', signal), version);
    const status = JSON.parse(await host.run(['swancast', 'status', '--json'], signal)) as {
      version: string;
    };
    expectSame(`${name}: running`, status.version, version);
  }
}

interface Drain {
  readonly who: string;
  readonly remaining_seconds: number | null;
}

/** What is in force on a host, whoever ordered it. */
export async function drainOf(host: Host, signal: AbortSignal): Promise<Drain | null> {
  const { sessions } = JSON.parse(await host.run(['swancast', 'status', '--json'], signal)) as {
    readonly sessions: { readonly drain: Drain | null };
  };
  return sessions.drain;
}

/** Of a unit (systemctl(1), show). */
export async function property(host: Host, unit: string, name: string, signal: AbortSignal): Promise<string> {
  return (await host.run(['systemctl', 'show', '--value', '-p', name, unit], signal)).trim();
}

export const changedOf = ({ hosts }: PlayResult): Record<string, number> =>
  Object.fromEntries([...hosts].map(([name, { changed }]) => [name, changed]));

/** @throws LabError unless the play failed, and said this */
export function expectRefused({ code, output, logFile }: PlayResult, words: RegExp): void {
  if (code === 0) throw new LabError('LAB_DEADLINE', `expected to fail, and it went well; log: ${logFile}`);
  if (!words.test(output))
    throw new LabError(
      'LAB_DEADLINE',
      `expected to say ${String(words)}: ${failuresIn(output)}; log: ${logFile}`,
    );
}

/** @param is asked again and again @throws LabError LAB_DEADLINE */
export async function until(
  what: string,
  is: () => Promise<boolean>,
  signal: AbortSignal,
  withinMs = WITHIN_MS,
): Promise<void> {
  const deadline = monotonic() + patient(withinMs);
  while (!(await is())) {
    if (monotonic() > deadline) throw new LabError('LAB_DEADLINE', `expected within ${withinMs} ms: ${what}`);
    await delay(LOOK_MS, undefined, { signal });
  }
}
