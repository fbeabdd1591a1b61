import { join } from 'node:path';
import { GATEWAY_AS, PREFIX4, PREFIX6, ROUTER_AS, ANYCAST4, ANYCAST6, type GatewayPlan } from './topology.ts';

/** The guard withdraws when its sidecar has been silent for this long. */
export const LEASE_TTL_SECONDS = 1;
/** How long it holds the lease for a successor. */
export const HANDOVER_SECONDS = 5;

export interface SidecarSettings {
  /** Like bgp.supervise. */
  readonly supervise: boolean;
  /** Of the undegraded announcements; 100 by default. */
  readonly med?: number;
  /** Like control.state_directory; by default that of the sockets. */
  readonly stateDirectory?: string;
  /** The opt-in profile that notices a frozen charon sooner. */
  readonly fast?: boolean;
}

export interface SidecarPaths {
  readonly viciSocket: string;
  /** For sockets and ExaBGP's configuration. */
  readonly directory: string;
}

/** A gateway's swancast.yaml. Pure. */
export function sidecarConfig(
  gateway: GatewayPlan,
  { viciSocket, directory }: SidecarPaths,
  { supervise, med = 100, stateDirectory = directory, fast = false }: SidecarSettings,
): string {
  return `# Made by the lab for ${gateway.name}.
${fast ? 'profile: fast\n' : ''}gateway: { name: ${gateway.name} }
strongswan: { vici_socket: ${viciSocket} }
prefixes:
  - prefix: ${PREFIX4}
    announced: { med: ${med}, communities: ["${GATEWAY_AS}:100"] }
    degraded: { med: 1000, prepend: 3 }
  - prefix: "${PREFIX6}"
    announced: { med: ${med}, communities: ["${GATEWAY_AS}:100"] }
    degraded: { med: 1000, prepend: 3 }
bgp:
  supervise: ${supervise}
  local_as: ${GATEWAY_AS}
  router_id: ${gateway.address4}
  run_directory: ${directory}
  neighbors:
${neighborsOf(gateway)}lease: { socket: ${join(directory, 'lease.sock')}, ttl_seconds: ${LEASE_TTL_SECONDS}, handover_seconds: ${HANDOVER_SECONDS} }
# The lab kills the same gateway again and again: without these bounds each run would wait twice as long as the last,
# and after a few the prefixes would be held degraded.
decision: { hold_down_seconds: 1, hold_down_max_seconds: 1, flap_limit: 0 }
checks:
  - { name: charon, type: charon }
  - { name: sa-count, type: sa-count }
  - { name: ike-v4, type: ike-probe, limits: { address: ${ANYCAST4} } }
  - { name: ike-v6, type: ike-probe, limits: { address: "${ANYCAST6}" } }
http: { listen: "127.0.0.1:9179" }
control: { socket: ${join(directory, 'control.sock')}, state_directory: ${stateDirectory} }
log: { level: debug }
`;
}

/** The elements of bgp.neighbors: both addresses of every router. @param more keys of each, ", multihop: 2" */
export function neighborsOf({ uplinks }: GatewayPlan, more = ''): string {
  const one = (address: string, local: string): string =>
    `    - { address: "${address}", peer_as: ${ROUTER_AS}, local_address: "${local}", hold_time_seconds: 9${more} }\n`;
  return uplinks
    .map((link) => `${one(link.router4, link.address4)}${one(link.router6, link.address6)}`)
    .join('');
}
