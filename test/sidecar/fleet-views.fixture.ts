/** What a gateway without a fleet answers to those that have it in theirs. */
import type { FleetViews } from '../../sidecar/fleet/desk.ts';
import { NO_LOAD, wordOf } from '../../sidecar/fleet/word.ts';
import type { Status } from '../../sidecar/status.ts';

export const fleetViewsFor = (status: () => Status): FleetViews => ({
  word: () => `${JSON.stringify(wordOf({ ...status(), load: NO_LOAD, set_up: {} }))}\n`,
  details: () => ({ gateway: status().gateway, set_up: {} }),
  report: () => undefined,
});
