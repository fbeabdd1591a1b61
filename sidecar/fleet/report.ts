/** The fleet as people and tools are shown it: `/fleet` and `swancast fleet`. Pure. */
import type { FleetConfig } from '../config/config.ts';
import type { Drift } from './drift-watch.ts';
import type { FleetView } from './view.ts';
import { NO_LOAD, type FleetDrain, type FleetLoad, type FleetPrefix, type FleetWord } from './word.ts';

export interface FleetReport {
  readonly gateway: string;
  /** Every other one was asked once. */
  readonly settled: boolean;
  /** How often each is asked: longer than fleet.poll_seconds in a large fleet. */
  readonly interval_seconds: number;
  readonly max_age_seconds: number;
  readonly minimum_others: number;
  /** In the order of the configuration; ourselves first when we are not listed. */
  readonly gateways: readonly GatewayReport[];
}

export interface GatewayReport {
  readonly name: string;
  readonly url: string | null;
  /** The one that was asked for this report. */
  readonly own: boolean;
  /** false: not heard of for fleet.max_age_seconds, so it counts as not there, whatever it said before. */
  readonly here: boolean;
  /** Since it was last heard; null = never. */
  readonly age_seconds: number | null;
  /** Why the last question brought no answer. */
  readonly problem?: string;
  /** What it said last; null = nothing yet. */
  readonly state: FleetWord['state'] | null;
  readonly version: string | null;
  readonly prefixes: readonly FleetPrefix[];
  readonly drain: FleetDrain | null;
  readonly load: FleetLoad;
  /** IKE_SAs that it can carry, as configured here. */
  readonly capacity: number | null;
  /** Where it is set up otherwise than we are: topics, and a line for each difference once its details are known. */
  readonly drift: Drift;
}

const NO_DRIFT: Drift = { topics: [], lines: [] };

export function fleetReport(
  fleet: FleetConfig,
  own: FleetWord,
  view: FleetView,
  intervalMs: number,
  driftOf: (name: string) => Drift,
  now: number,
): FleetReport {
  const us = (url: string | null, capacity: number | undefined): GatewayReport => ({
    ...said(own.gateway, url, capacity, own),
    own: true,
    here: true,
    age_seconds: 0,
    drift: NO_DRIFT,
  });
  const gateways = fleet.gateways.map(({ name, url, capacity }): GatewayReport => {
    if (name === own.gateway) return us(url, capacity);
    const { heardAt, word, problem } = view.members.get(name) ?? {};
    return {
      ...said(name, url, capacity, word),
      own: false,
      here: heardAt !== undefined && now < heardAt + fleet.maxAgeMs,
      age_seconds: heardAt === undefined ? null : Math.round(now - heardAt) / 1000,
      ...(problem === undefined ? {} : { problem }),
      drift: driftOf(name),
    };
  });
  return {
    gateway: own.gateway,
    settled: view.settled,
    interval_seconds: intervalMs / 1000,
    max_age_seconds: fleet.maxAgeMs / 1000,
    minimum_others: fleet.minimumOthers,
    gateways: gateways.some((each) => each.own) ? gateways : [us(null, undefined), ...gateways],
  };
}

const said = (
  name: string,
  url: string | null,
  capacity: number | undefined,
  word: FleetWord | undefined,
): Pick<
  GatewayReport,
  'name' | 'url' | 'capacity' | 'state' | 'version' | 'prefixes' | 'drain' | 'load'
> => ({
  name,
  url,
  state: word?.state ?? null,
  version: word?.version ?? null,
  prefixes: word?.prefixes ?? [],
  drain: word?.drain ?? null,
  load: word?.load ?? NO_LOAD,
  capacity: capacity ?? null,
});
