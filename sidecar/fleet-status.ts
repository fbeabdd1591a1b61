/** The other gateways as people and tools are shown them. Pure. */
import type { Class } from '../health/reason.ts';
import type { Policy, State } from './decision.ts';
import { isAnnounced, present } from './fleet/better.ts';
import type { FleetWord } from './fleet/word.ts';
import { isWorse } from './flap.ts';
import { unforced } from './force.ts';
import type { Phase } from './prefix.ts';

export interface FleetStatus {
  /** Every member was asked once. Until then nobody steps up for want of others. */
  readonly settled: boolean;
  readonly members: readonly MemberStatus[];
}

export interface MemberStatus {
  readonly name: string;
  /** false: not heard of for fleet.max_age_seconds, so it counts as not there, whatever it said before. */
  readonly here: boolean;
  /** What it said last; null = nothing yet. */
  readonly state: FleetWord['state'] | null;
  readonly version: string | null;
  readonly age_seconds: number | null;
  /** Why the last question brought no answer. */
  readonly problem?: string;
  readonly drain: FleetWord['drain'];
  readonly load: FleetWord['load'];
  readonly capacity: number | null;
  /** Of the prefixes that are configured here. */
  readonly prefixes: readonly MemberPrefixStatus[];
}

export interface MemberPrefixStatus {
  readonly prefix: string;
  readonly state: Phase;
  readonly class: Class | null;
  readonly preference: number | null;
  readonly yielding: boolean;
  /** It is here, does not drain, and ExaBGP has acknowledged its route. */
  readonly announced: boolean;
  /** Announced, and better off than we are, as was said after we began to fail. */
  readonly better: boolean;
}

export function fleetStatus(state: State, policy: Policy, now: number): FleetStatus | undefined {
  const { fleet } = policy;
  if (fleet === undefined) return undefined;
  const heard = new Set(present(state.fleet, fleet, now).map(({ name }) => name));
  return {
    settled: state.fleet?.settled === true,
    members: fleet.members.map(({ name, capacity }) => {
      const { word, heardAt, problem } = state.fleet?.members.get(name) ?? {};
      const counts = heard.has(name) && word?.drain === null;
      return {
        name,
        here: heard.has(name),
        state: word?.state ?? null,
        version: word?.version ?? null,
        age_seconds: heardAt === undefined ? null : Math.round(now - heardAt) / 1000,
        ...(problem === undefined ? {} : { problem }),
        drain: word?.drain ?? null,
        load: word?.load ?? { ike_sas: null, half_open: null },
        capacity: capacity ?? null,
        prefixes: (word?.prefixes ?? []).flatMap((said) => {
          const ours = state.prefixes.get(said.prefix);
          if (ours === undefined) return [];
          const announced = counts && isAnnounced(said);
          const { verdict, worseAt } = unforced(ours);
          const better =
            announced && (heardAt ?? -Infinity) > worseAt && isWorse(verdict, said.class ?? undefined);
          const { prefix, state: phase, class: level, preference, yielding } = said;
          return [{ prefix, state: phase, class: level, preference, yielding, announced, better }];
        }),
      };
    }),
  };
}
