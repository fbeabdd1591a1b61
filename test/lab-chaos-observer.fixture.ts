/** Histories for the judge of the chaos lab, in milliseconds after everything has settled. */
import type { Condition, ObservedPart } from './lab/observer-bounds.ts';
import type { Breach, ObserverEvent } from './lab/observer-event.ts';
import { Observer } from './lab/observer.ts';

export const P4 = '192.0.2.1/32';
export const P6 = '2001:db8:53::1/128';
/** Long enough for everything to have settled. */
export const START = 100_000;

export const part = (at: number, of: ObservedPart, condition: Condition, gateway = 'gw1'): ObserverEvent => ({
  kind: 'part',
  at,
  gateway,
  part: of,
  condition,
});
export const fault = (at: number, state: 'begins' | 'ends', hitless = false): ObserverEvent => ({
  kind: 'fault',
  at,
  gateway: 'gw1',
  state,
  hitless,
});
export const withdraw = (at: number, prefix = P4, gateway = 'gw1'): ObserverEvent => ({
  kind: 'withdraw',
  at,
  gateway,
  prefix,
});
export const announce = (at: number, prefix = P4, gateway = 'gw1'): ObserverEvent => ({
  kind: 'announce',
  at,
  gateway,
  prefix,
});
export const both = (event: (at: number, prefix: string) => ObserverEvent, at: number): ObserverEvent[] => [
  event(at, P4),
  event(at, P6),
];
export const closed = (at: number): ObserverEvent[] =>
  ([4, 6] as const).map((family) => ({ kind: 'session', at, gateway: 'gw1', family, state: 'closed' }));
export const tick = (at: number): ObserverEvent => ({ kind: 'tick', at });

/**
 * What the judge says of a history, with charon answering whenever it is not said to be down: of each kind of
 * breach the first one, as every further event finds it again.
 */
export function judge(events: readonly ObserverEvent[], until: number): Breach[] {
  const observer = new Observer(['gw1', 'gw2'], [P4, P6], -START);
  const shared: ObserverEvent[] = [];
  let down = false;
  for (let at = -START; at <= until; at += 100) {
    for (const event of events)
      if (event.kind === 'part' && event.part === 'charon' && event.at >= at && event.at < at + 100)
        down = event.condition !== 'well';
    shared.push(tick(at), { kind: 'proof', at, gateway: 'gw2' });
    if (!down) shared.push({ kind: 'proof', at, gateway: 'gw1' });
  }
  const breaches = [...shared, ...events]
    .filter(({ at }) => at <= until)
    .toSorted((a, b) => a.at - b.at)
    .flatMap((event) => observer.hear(event));
  const kindOf = ({ invariant, gateway, prefix }: Breach): string => `${invariant} ${gateway} ${prefix}`;
  return breaches.filter(
    (breach, index) => breaches.findIndex((other) => kindOf(other) === kindOf(breach)) === index,
  );
}

export const invariants = (breaches: readonly Breach[]): string[] => [
  ...new Set(breaches.map(({ invariant }) => invariant)),
];
