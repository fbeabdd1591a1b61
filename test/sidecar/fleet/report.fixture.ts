/** What a gateway would report of a fleet of three, itself gw1. */
import type { FleetConfig } from '../../../sidecar/config/config.ts';
import type { Drift } from '../../../sidecar/fleet/drift-watch.ts';
import { fleetReport, type FleetReport } from '../../../sidecar/fleet/report.ts';
import { absorb, viewOf, type Heard } from '../../../sidecar/fleet/view.ts';
import type { FleetWord } from '../../../sidecar/fleet/word.ts';
import { wordFrom } from './peers.ts';

export const NOW = 10_000;

export const FLEET: FleetConfig = {
  gateways: [
    { name: 'gw1', url: 'http://10.0.0.1:9179' },
    { name: 'gw2', url: 'http://10.0.0.2:9179', capacity: 100 },
    { name: 'gw3', url: 'http://10.0.0.3:9179' },
  ],
  pollMs: 1000,
  timeoutMs: 1000,
  maxAgeMs: 5000,
  minimumOthers: 1,
};

export interface Told {
  readonly own?: Partial<FleetWord>;
  /** Undefined: not asked yet. */
  readonly gw2?: Heard;
  readonly gw3?: Heard;
  /** When gw2 was heard. */
  readonly at?: number;
  readonly drift?: Drift;
  readonly fleet?: Partial<FleetConfig>;
}

export function reportOf({ own = {}, gw2, gw3, at = NOW - 400, drift, fleet = {} }: Told = {}): FleetReport {
  let view = viewOf(['gw2', 'gw3']);
  if (gw2 !== undefined) view = absorb(view, 'gw2', gw2, at);
  if (gw3 !== undefined) view = absorb(view, 'gw3', gw3, NOW - 400);
  const nothing = { topics: [], lines: [] };
  const driftOf = (name: string): Drift => (name === 'gw2' ? (drift ?? nothing) : nothing);
  return fleetReport({ ...FLEET, ...fleet }, wordFrom('gw1', own), view, 1000, driftOf, NOW);
}

export const ALL_WELL: Told = { gw2: { word: wordFrom('gw2') }, gw3: { word: wordFrom('gw3') } };
