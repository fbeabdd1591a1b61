/** The lab of an exercise: a fleet of two, gw1 first, and inner addresses by identity or by gateway. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { configOf, flagCheck, PREFERENCE } from '../routing/site-config.ts';
import { fleetOf, writeTokens } from '../routing/fleet-site.ts';
import type { SidecarPaths, SidecarSettings } from '../sidecar-config.ts';
import type { Ground, Site } from '../site.ts';
import { expectAnnounced } from '../steady.ts';
import { PREFIX4, PREFIX6, type GatewayPlan } from '../topology.ts';
import type { Setup } from './exercise.ts';
import { identitySwanctlConf } from './identity.ts';

/** Of gw1: fails when the exercise says so. */
export const FLAG = 'service';

/** The last proof of life is as old as that when charon dies, or less. */
const PROOF_SECONDS = 3;

/** @param clients how many there are */
export function siteOf(setup: Setup, clients: number): Site {
  const isIdentity = setup.addresses === 'identity';
  const { dpdSeconds = 2 } = setup;
  return {
    crowd: true,
    sidecar: (gateway, paths, settings) => yamlOf(gateway, paths, settings, setup),
    ...(isIdentity ? { gatewaySwanctl: (_, usual) => identitySwanctlConf(usual, clients) } : {}),
    // They log in when told to: not at whichever gateway announces first.
    clientSwanctl: (usual) =>
      usual
        .replaceAll('dpd_delay = 2s', `dpd_delay = ${dpdSeconds}s`)
        .replaceAll(/^ *start_action = start\n/gmu, ''),
    extra: async (ground, signal) => {
      writeTokens(ground);
      if (isIdentity) await startHostRoutes(ground, signal);
    },
    ready: async (lab, signal) => expectAnnounced(lab, signal),
  };
}

/** What differs from what swancast does by itself. Exported for the test. */
export function sessionsOf({
  addresses,
  pinned = false,
  pinFirst = false,
  sweep = false,
}: Setup): Record<string, unknown> {
  return {
    ...(addresses === 'identity' ? { addresses } : {}),
    ...(pinned ? { pin: { enabled: true } } : {}),
    ...(pinFirst ? { drain: { pin_first: true } } : {}),
    ...(sweep ? { sweep: { enabled: true } } : {}),
  };
}

function yamlOf(gateway: GatewayPlan, paths: SidecarPaths, settings: SidecarSettings, setup: Setup): string {
  const preference = PREFERENCE[gateway.name];
  const text = configOf(gateway, paths, settings, {
    prefixes: [PREFIX4, PREFIX6].map((prefix) => ({ prefix, preference })),
    checks: setup.flag === true ? [flagCheck(paths, FLAG, 'not-serving')] : [],
    ...fleetOf(gateway, paths, ['gw1', 'gw2']),
  });
  const config = JSON.parse(text) as Record<string, Record<string, unknown>>;
  const sessions = sessionsOf(setup);
  const { graceMs = 0 } = setup;
  return `${JSON.stringify(
    {
      ...config,
      ...(Object.keys(sessions).length === 0 ? {} : { sessions }),
      ...(graceMs === 0
        ? {}
        : {
            strongswan: { ...config['strongswan'], restart_grace_ms: graceMs },
            lease: { ...config['lease'], max_age_seconds: graceMs / 1000 + PROOF_SECONDS },
          }),
    },
    null,
    2,
  )}\n`;
}

async function startHostRoutes({ topology, processes, gateway }: Ground, signal: AbortSignal): Promise<void> {
  const daemon = processes.start({
    name: 'backend-host-routes',
    namespace: topology.namespaces.backend,
    argv: [
      process.execPath,
      fileURLToPath(new URL('host-routes.ts', import.meta.url)),
      ...topology.gateways.map((plan) => `${gateway(plan).charon.viciSocket}=${plan.link}`),
    ],
    stdout: 'pipe',
  });
  if (daemon.child.stdout !== null) await once(daemon.child.stdout, 'data', { signal });
  daemon.child.stdout?.destroy();
}
