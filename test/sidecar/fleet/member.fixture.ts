/** What another gateway says, for tests: everything well, but for what a test is about. */
import type { FleetView, Member } from '../../../sidecar/fleet/view.ts';
import type { FleetPrefix, FleetWord } from '../../../sidecar/fleet/word.ts';
import { V4, V6 } from '../scenario.ts';

export interface Said extends Partial<FleetPrefix> {
  readonly heardAt?: number;
  readonly drain?: FleetWord['drain'];
  readonly ikeSas?: number | null;
}

/** Both prefixes announced and well, heard at 1000. */
export function memberFor(name: string, { heardAt = 1000, drain = null, ikeSas = 0, ...said }: Said): Member {
  const prefix = {
    state: 'announced',
    class: null,
    preference: null,
    yielding: false,
    acknowledged: true,
  } as const;
  const word: FleetWord = {
    gateway: name,
    version: '1',
    state: 'announced',
    prefixes: [V4, V6].map((each) => ({ prefix: each, ...prefix, ...said })),
    drain,
    load: { ike_sas: ikeSas, half_open: 0 },
    set_up: {},
  };
  return { name, heardAt, word };
}

export const viewOf = (members: Readonly<Record<string, Said | undefined>>, settled = true): FleetView => ({
  settled,
  members: new Map(
    Object.entries(members).map(([name, said]) => [
      name,
      said === undefined ? { name, problem: 'it does not answer' } : memberFor(name, said),
    ]),
  ),
});

export const DRAIN = { who: 'alice', reason: 'new kernel', since: '2026-01-01T00:00:00Z', until: 'later' };
