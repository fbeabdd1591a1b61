/**
 * The lab's network. Everything lives in network namespaces `sc-NAME-…`, so that labs of different names do
 * not meet and nothing of the machine's own network is touched.
 *
 *                    sc-NAME-client                      clients: one charon, N connections, N virtual IPs
 *                      eth0 10.0.1.2  fd00:0:1::2        client K asks for its own 10.10.x.y/29, see ClientPlan
 *                        │
 *                    clients 10.0.1.1  fd00:0:1::1
 *                    sc-NAME-router     AS 65000         BIRD or FRR; its kernel route to the anycast
 *                    gw1 10.1.1.1      gw2 10.1.2.1      address says which gateway serves
 *                        fd00:1:1::1       fd00:1:2::1
 *                    │                     │             one BGP session per family on each link
 *                    eth0 10.1.1.2         eth0 10.1.2.2
 *                         fd00:1:1::2           fd00:1:2::2
 *      AS 65001      sc-NAME-gw1           sc-NAME-gw2   charon, swancast, ExaBGP each; on lo of both:
 *                    pool 10.3.0.0/16      10.4.0.0/16   192.0.2.1/32 and 2001:db8:53::1/128
 *                    on lo: .1 of each     .2 of each of the clients' /29
 *                    eth1 10.9.1.1         eth1 10.9.2.1
 *                    │                     │
 *                    gw1 10.9.1.2          gw2 10.9.2.2
 *                    sc-NAME-backend                     UDP echo on .4 of each of the clients' /29;
 *                      lo 10.10.0.0/16                   answers go to the gateway that owns the pool
 *
 * Where a lab asks for them: a third gateway, gw3, alike (10.1.3.2, pool 10.5.0.0/16, .3 of the clients' /29), and a
 * second router, sc-NAME-router2, on a link of its own to each gateway (eth2 10.2.N.2, fd00:2:N::2) and to the
 * client (eth1 10.0.2.2). It reaches the client's 10.0.1.2 through that link; the client uses the first one until it
 * is told otherwise.
 */
export const ANYCAST4 = '192.0.2.1';
export const ANYCAST6 = '2001:db8:53::1';
export const PREFIX4 = `${ANYCAST4}/32`;
export const PREFIX6 = `${ANYCAST6}/128`;
export const SERVICE_NET = '10.10.0.0/16';
export const ECHO_PORT = 7;
export const ROUTER_AS = 65000;
export const GATEWAY_AS = 65001;

/** The name by which clients know the service; all gateways prove it. */
export const SERVICE_IDENTITY = 'vpn.example.org';

export function clientIdentity(client: number): string {
  return `client${client + 1}.example.org`;
}

export type GatewayName = 'gw1' | 'gw2' | 'gw3';
export type RouterName = 'router' | 'router2';

/** A gateway's link to one router. */
export interface Uplink {
  readonly router: RouterName;
  /** Of the gateway. */
  readonly device: string;
  readonly address4: string;
  readonly address6: string;
  readonly router4: string;
  readonly router6: string;
}

/** Its own addresses are those of the first uplink. */
export interface GatewayPlan extends Omit<Uplink, 'router' | 'device'> {
  readonly name: GatewayName;
  readonly number: number;
  readonly namespace: string;
  /** One to each router, in their order. */
  readonly uplinks: readonly Uplink[];
  readonly pool: string;
  readonly link: string;
  readonly backendSide: string;
}

/**
 * Each client has a traffic selector of its own, so that the policies and the routes in table 220 of all clients
 * can live side by side in one charon. In it, besides the backend's address, one of each gateway: kernel-libipsec
 * refuses a CHILD_SA whose selector has no local address.
 */
export interface ClientPlan {
  readonly block: string;
  readonly service: string;
  readonly inside: Readonly<Record<GatewayName, string>>;
}

export interface Topology {
  readonly name: string;
  readonly namespaces: {
    readonly client: string;
    readonly router: string;
    readonly gw1: string;
    readonly gw2: string;
    readonly backend: string;
    readonly gw3?: string;
    readonly router2?: string;
  };
  /** One or two. */
  readonly routers: readonly RouterPlan[];
  /** Two or three. */
  readonly gateways: readonly GatewayPlan[];
  readonly clients: readonly ClientPlan[];
}

export interface RouterPlan {
  readonly name: RouterName;
  readonly namespace: string;
  /** Of its side of the link to the client. */
  readonly client4: string;
  readonly client6: string;
}

/** How large a lab is; what is not given is what every lab has. */
export interface Extent {
  readonly gateways?: 2 | 3;
  readonly routers?: 1 | 2;
}

/** Every namespace that a lab of this extent may have is in it. */
export const LARGEST: Extent = { gateways: 3, routers: 2 };

/** Where `lab health` puts a canary: made and removed by the trials that want one (health/canary-site.ts). */
export const canaryNamespace = ({ name }: Pick<Topology, 'name'>): string => `sc-${name}-canary`;

/** @param clients 0 to 1000 */
export function planTopology(name: string, clients: number, extent: Extent = {}): Topology {
  const { gateways = 2, routers = 1 } = extent;
  const namespace = (part: string): string => `sc-${name}-${part}`;
  const routerNames = (['router', 'router2'] as const).slice(0, routers);
  const uplink = (gateway: number, router: number): Uplink => ({
    router: router === 1 ? 'router' : 'router2',
    device: router === 1 ? 'eth0' : 'eth2',
    address4: `10.${router}.${gateway}.2`,
    address6: `fd00:${router}:${gateway}::2`,
    router4: `10.${router}.${gateway}.1`,
    router6: `fd00:${router}:${gateway}::1`,
  });
  const gateway = (number: 1 | 2 | 3): GatewayPlan => {
    const uplinks = routerNames.map((_, index) => uplink(number, index + 1));
    const { address4, address6, router4, router6 } = uplink(number, 1);
    return {
      name: `gw${number}`,
      number,
      namespace: namespace(`gw${number}`),
      ...{ address4, address6, router4, router6, uplinks },
      pool: `10.${2 + number}.0.0/16`,
      link: `10.9.${number}.1`,
      backendSide: `10.9.${number}.2`,
    };
  };
  return {
    name,
    namespaces: {
      client: namespace('client'),
      router: namespace('router'),
      gw1: namespace('gw1'),
      gw2: namespace('gw2'),
      backend: namespace('backend'),
      ...(gateways === 3 ? { gw3: namespace('gw3') } : {}),
      ...(routers === 2 ? { router2: namespace('router2') } : {}),
    },
    routers: routerNames.map((router, index) => ({
      name: router,
      namespace: namespace(router),
      client4: `10.0.${index + 1}.1`,
      client6: `fd00:0:${index + 1}::1`,
    })),
    gateways: ([1, 2, 3] as const).slice(0, gateways).map(gateway),
    clients: Array.from({ length: clients }, (_, index) => planClient(index)),
  };
}

/** 32 blocks of eight addresses in each of 10.10.1.0, 10.10.2.0… */
function planClient(index: number): ClientPlan {
  const first = 8 * (index % 32);
  const host = (offset: number): string => `10.10.${1 + Math.floor(index / 32)}.${first + offset}`;
  return { block: `${host(0)}/29`, service: host(4), inside: { gw1: host(1), gw2: host(2), gw3: host(3) } };
}

/** The gateway that owns this address of a router's or of the backend's link, if any. */
export function gatewayAt(topology: Topology, address: string | undefined): GatewayPlan | undefined {
  return topology.gateways.find(
    ({ uplinks, link }) =>
      address === link ||
      uplinks.some(({ address4, address6 }) => address4 === address || address6 === address),
  );
}

/** What `ip -batch` and `sysctl` shall do: first everything that makes namespaces and links, then the inside of each namespace. */
export interface NetworkPlan {
  readonly links: readonly string[];
  readonly inside: ReadonlyMap<
    string,
    { readonly ip: readonly string[]; readonly sysctl: readonly string[] }
  >;
}

export function planNetwork({ namespaces, routers, gateways, clients }: Topology): NetworkPlan {
  const { client, backend } = namespaces;
  const links = Object.values(namespaces).map((name) => `netns add ${name}`);
  const wire = (a: string, aDevice: string, b: string, bDevice: string): void => {
    links.push(`link add ${aDevice} netns ${a} type veth peer name ${bDevice} netns ${b}`);
  };
  const forward = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
  const inside = new Map<string, { ip: string[]; sysctl: string[] }>([
    [
      client,
      {
        ip: [
          ...device('lo'),
          // Without a tunnel a packet for the service shall go nowhere, and never in clear to the router.
          `route add unreachable ${SERVICE_NET}`,
        ],
        sysctl: [],
      },
    ],
    [backend, { ip: [...device('lo'), `route add local ${SERVICE_NET} dev lo`], sysctl: [] }],
  ]);
  routers.forEach(({ namespace, client4, client6 }, index) => {
    const isFirst = index === 0;
    const own = { device: `eth${index}`, four: `10.0.${index + 1}.2`, six: `fd00:0:${index + 1}::2` };
    wire(client, own.device, namespace, 'clients');
    const defaults = [`route add default via ${client4}`, `route add default via ${client6}`];
    inside
      .get(client)
      ?.ip.push(...device(own.device, `${own.four}/24`, `${own.six}/64`), ...(isFirst ? defaults : []));
    // The client keeps its one address whichever router it uses.
    const back = [`route add 10.0.1.0/24 via ${own.four}`, `route add fd00:0:1::/64 via ${own.six}`];
    inside.set(namespace, {
      ip: [...device('lo'), ...device('clients', `${client4}/24`, `${client6}/64`), ...(isFirst ? [] : back)],
      sysctl: forward,
    });
  });
  for (const gateway of gateways) {
    const uplinks = gateway.uplinks.flatMap((uplink) => {
      const router = routers.find(({ name }) => name === uplink.router)?.namespace ?? '';
      wire(gateway.namespace, uplink.device, router, gateway.name);
      inside.get(router)?.ip.push(...device(gateway.name, `${uplink.router4}/24`, `${uplink.router6}/64`));
      return device(uplink.device, `${uplink.address4}/24`, `${uplink.address6}/64`);
    });
    wire(gateway.namespace, 'eth1', backend, gateway.name);
    inside
      .get(backend)
      ?.ip.push(
        ...device(gateway.name, `${gateway.backendSide}/24`),
        `route add ${gateway.pool} via ${gateway.link}`,
      );
    inside.set(gateway.namespace, {
      ip: [
        ...device('lo', PREFIX4, PREFIX6, ...clients.map((each) => `${each.inside[gateway.name]}/32`)),
        ...uplinks,
        ...device('eth1', `${gateway.link}/24`),
        `route add default via ${gateway.router4}`,
        `route add default via ${gateway.router6}`,
        `route add ${SERVICE_NET} via ${gateway.backendSide}`,
      ],
      sysctl: forward,
    });
  }
  return { links, inside };
}

// IPv6 addresses without duplicate address detection, which takes a second or two. The link-local ones are given
// too (FRR has no IPv6 session without): the kernel makes its own late, and charon takes that for a change of the
// network and looks for new paths.
function device(name: string, ...addresses: readonly string[]): string[] {
  const own = addresses.find((address) => address.startsWith('fd00:'));
  const linkLocal = own === undefined ? [] : [`fe80::${own.includes('::1/') ? 1 : 2}/64`];
  return [
    ...(name === 'lo' ? [] : [`link set ${name} addrgenmode none`]),
    ...[...addresses, ...linkLocal].map(
      (address) => `addr add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`,
    ),
    `link set ${name} up`,
  ];
}
