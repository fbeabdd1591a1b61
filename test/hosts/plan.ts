/**
 * The hosts' network. Pure. What routes and tunnels is that of the lab (test/lab/topology.ts) with three gateways, whose
 * namespaces are those of booted hosts here. Besides, out of band, there is a network from which they are managed:
 *
 *                    sc-NAME-control                     ansible-playbook, Prometheus, a package repository
 *                    br0 10.77.0.1/24
 *                    │           │           │
 *              mgmt0 10.77.0.11  10.77.0.12  10.77.0.13
 *                    sc-NAME-gw1 sc-NAME-gw2 sc-NAME-gw3
 */
import { planTopology, type GatewayName, type GatewayPlan, type Topology } from '../lab/topology.ts';

export const CONTROL_ADDRESS = '10.77.0.1';
export const REPOSITORY_PORT = 8000;
export const PROMETHEUS_PORT = 9090;
/** Of swancast's listener, on the management network. */
export const HTTP_PORT = 9179;
/** Has to be that of boot.sh: the host's user space is told nothing else. */
export const MANAGEMENT_DEVICE = 'mgmt0';

export interface HostPlan extends GatewayPlan {
  readonly management: string;
  /** Also the name of its control group: two labs do not meet there. */
  readonly machine: string;
}

export interface HostsPlan {
  readonly name: string;
  readonly topology: Topology;
  readonly control: string;
  readonly hosts: readonly HostPlan[];
}

export const controlNamespace = (name: string): string => `sc-${name}-control`;

/** @param clients 0 to 250 */
export function planHosts(name: string, clients: number): HostsPlan {
  const topology = planTopology(name, clients, { gateways: 3 });
  return {
    name,
    topology,
    control: controlNamespace(name),
    hosts: topology.gateways.map((gateway) => ({
      ...gateway,
      management: `10.77.0.${10 + gateway.number}`,
      machine: gateway.namespace,
    })),
  };
}

export function hostOf({ hosts }: Pick<HostsPlan, 'hosts'>, name: GatewayName): HostPlan {
  const host = hosts.find((each) => each.name === name);
  if (host === undefined) throw new RangeError(`there is no host ${name}`);
  return host;
}

/** What `ip -batch` shall do once the topology's namespaces are there: links, then the inside of each namespace. */
export function planManagement({ control, hosts }: HostsPlan): {
  readonly links: readonly string[];
  readonly inside: ReadonlyMap<string, readonly string[]>;
} {
  const inside = new Map<string, string[]>([
    [
      control,
      [
        'link set lo up',
        'link add br0 type bridge',
        `addr add ${CONTROL_ADDRESS}/24 dev br0`,
        'link set br0 up',
        ...hosts.flatMap(({ name }) => [`link set ${name} master br0`, `link set ${name} up`]),
      ],
    ],
  ]);
  for (const { namespace, management } of hosts)
    inside.set(namespace, [
      `link set ${MANAGEMENT_DEVICE} addrgenmode none`,
      `addr add ${management}/24 dev ${MANAGEMENT_DEVICE}`,
      `link set ${MANAGEMENT_DEVICE} up`,
    ]);
  return {
    links: [
      `netns add ${control}`,
      ...hosts.map(
        ({ name, namespace }) =>
          `link add ${MANAGEMENT_DEVICE} netns ${namespace} type veth peer name ${name} netns ${control}`,
      ),
    ],
    inside,
  };
}
