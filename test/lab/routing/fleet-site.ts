/** A lab whose gateways know each other: they ask each other over the routed network, with a token. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SidecarPaths } from '../sidecar-config.ts';
import type { Ground } from '../site.ts';
import { LARGEST, planTopology, type GatewayName, type GatewayPlan } from '../topology.ts';
import { gatewayDirectory, type ConfigParts, type Mapping } from './site-config.ts';

const PORT = 9179;
const TOKEN = 'for-the-lab-alone';
const TOKEN_FILE = 'fleet.token';

const PLANS = planTopology('any', 0, LARGEST).gateways;

/** Before the sidecars read it; see Site.extra. */
export function writeTokens({ topology, directory }: Ground): void {
  for (const { name } of topology.gateways)
    writeFileSync(join(directory, name, TOKEN_FILE), `${TOKEN}\n`, { mode: 0o600 });
}

/** The sections http and fleet. @param more members that are no gateways of this lab */
export function fleetOf(
  { address4 }: GatewayPlan,
  paths: SidecarPaths,
  members: readonly GatewayName[],
  more: readonly Mapping[] = [],
): Pick<ConfigParts, 'fleet' | 'http'> {
  const token_file = join(gatewayDirectory(paths), TOKEN_FILE);
  const known = PLANS.filter(({ name }) => members.includes(name));
  return {
    http: { listen: `${address4}:${PORT}`, token_file },
    fleet: {
      ...{ poll_seconds: 0.5, timeout_seconds: 0.4, max_age_seconds: 2, token_file },
      gateways: [
        ...known.map((plan) => ({
          name: plan.name,
          url: `http://${plan.address4}:${PORT}`,
          ...{ address: plan.address4, address6: plan.address6 },
        })),
        ...more,
      ],
    },
  };
}

/** After that a gateway that ended without a word is not there any more for the others. */
export const FORGOTTEN_MS = 2000 + 500;
