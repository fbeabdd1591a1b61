/** What an operator of these hosts gives Ansible as `swancast_config`. Pure. */
import { ANYCAST4, ANYCAST6, GATEWAY_AS, PREFIX4, PREFIX6, type GatewayName } from '../lab/topology.ts';
import { routersOf, type Mapping } from '../lab/routing/site-config.ts';
import { HTTP_PORT, type HostPlan } from './plan.ts';

/** Of systemd, for the listener and to ask the others. */
export const FLEET_TOKEN = 'fleet-token';
/** Of systemd too, for both sessions of a host with the router. */
export const BGP_PASSWORD = 'bgp-password';

export interface ConfigVariant {
  /** identity: a client has the same inner address on every host, and sessions are pinned. pool: each host has its own. */
  readonly addresses: 'identity' | 'pool';
  /** Of both prefixes: a change that routers hear of. */
  readonly med: number;
  /** Hosts whose sessions with the router have one (TCP MD5). */
  readonly passwords?: Readonly<Partial<Record<GatewayName, string>>>;
  /** Sessions that are moved in a second. */
  readonly rate?: number;
}

/** By name, as Ansible gives them to one host. */
export const credentialsOf = (
  { name }: HostPlan,
  { passwords: { [name]: password } = {} }: ConfigVariant,
): Mapping => ({
  [FLEET_TOKEN]: TOKEN,
  ...(password === undefined ? {} : { [BGP_PASSWORD]: password }),
});

export function hostConfig(
  host: HostPlan,
  hosts: readonly HostPlan[],
  { addresses, med, passwords, rate = REDIRECTS_PER_SECOND }: ConfigVariant,
): Mapping {
  const secret = passwords?.[host.name] === undefined ? {} : { password_credential: BGP_PASSWORD };
  const announced = { med, communities: [`${GATEWAY_AS}:100`] };
  return {
    gateway: { name: host.name },
    prefixes: [PREFIX4, PREFIX6].map((prefix) => ({ prefix, announced })),
    bgp: { local_as: GATEWAY_AS, router_id: host.address4, neighbors: routersOf(host, secret) },
    // The same gateway fails again and again here: it shall not be held for it.
    decision: { hold_down_seconds: 1, hold_down_max_seconds: 1, flap_limit: 0 },
    checks: [
      { name: 'charon', type: 'charon' },
      { name: 'sas', type: 'sa-count' },
      { name: 'ike-v4', type: 'ike-probe', limits: { address: ANYCAST4 } },
      { name: 'ike-v6', type: 'ike-probe', limits: { address: ANYCAST6 } },
    ],
    http: { listen: `${host.management}:${HTTP_PORT}`, token_credential: FLEET_TOKEN },
    fleet: {
      poll_seconds: 0.5,
      timeout_seconds: 0.4,
      max_age_seconds: 2,
      token_credential: FLEET_TOKEN,
      gateways: hosts.map(({ name, management, address4, address6 }) => ({
        name,
        url: `http://${management}:${HTTP_PORT}`,
        ...{ address: address4, address6 },
      })),
    },
    ...(addresses === 'identity'
      ? {
          sessions: {
            addresses,
            pin: { enabled: true },
            // All clients are one charon here, on the processors of the gateways: too many at a time would wait for
            // each other, as no two hosts do.
            rate_per_second: rate,
          },
        }
      : {}),
  };
}

export const REDIRECTS_PER_SECOND = 10;

export const TOKEN = 'for-the-hosts-alone';
