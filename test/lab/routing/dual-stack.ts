/** Both families, each on its own, with attributes of their own in each state. */
import { monotonic } from '../clock.ts';
import { servingGateway } from '../fib.ts';
import { round } from '../report.ts';
import { runCommand } from '../run-command.ts';
import { expectAnnounced } from '../steady.ts';
import { PREFIX4, PREFIX6, type GatewayPlan } from '../topology.ts';
import type { RouteOnWire } from '../wire/bgp-wire.ts';
import { flag, otherThan } from './acts.ts';
import { configOf, flagCheck } from './site-config.ts';
import type { RoutingSite, RoutingTrial, Stage } from './trial.ts';
import { assertSame, clientOutage, expectQuiet, expectRouteTo, expectUpdate } from './watch.ts';

const MOVED_WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 30_000;
/** Longer than a fall of the slowest check of the other family. */
const QUIET_MS = 2000;

const PREFIXES = [
  {
    prefix: PREFIX4,
    announced: {
      med: 100,
      communities: ['65001:100', 'no-export'],
      large_communities: ['65001:4:100'],
      extended_communities: ['target:65001:100', 'origin:65001:4'],
    },
    degraded: {
      med: 1000,
      prepend: 3,
      communities: ['65001:200'],
      large_communities: ['65001:4:200'],
      extended_communities: ['target:65001:200'],
    },
  },
  {
    prefix: PREFIX6,
    announced: { med: 60, prepend: 1, large_communities: ['65001:6:100', '4200000000:1:2'] },
    degraded: { med: 600, prepend: 4, communities: ['65001:206'] },
  },
] as const;

const SITE: RoutingSite = {
  label: 'two gateways, both families',
  clients: 1,
  sidecar: (gateway, paths, settings) => {
    const failing4 = flagCheck(paths, 'flag4', 'impaired');
    const failing6 = flagCheck(paths, 'flag6', 'impaired');
    const quick = { interval_seconds: 0.5, fast_interval_seconds: 0.5, timeout_seconds: 0.4 };
    const limits = { device: 'eth0', default_route: 'ipv6' };
    const [prefix4, prefix6] = PREFIXES;
    return configOf(gateway, paths, settings, {
      prefixes: [
        { ...prefix4, checks: ['charon', 'ike-v4', 'flag4'] },
        { ...prefix6, checks: ['charon', 'ike-v6', 'flag6', 'route6'] },
      ],
      checks: [failing4, failing6, { name: 'route6', type: 'interface', ...quick, limits }],
    });
  },
};

/** What must be on the wire: RFC 4271, 1997, 8092, 4360 (the extended ones as their eight bytes). */
function routesOf({ address4, address6 }: GatewayPlan): readonly {
  readonly prefix: string;
  readonly check: string;
  readonly announced: RouteOnWire;
  readonly degraded: RouteOnWire;
}[] {
  const own = (times: number): number[] => Array.from({ length: times }, () => 65001);
  const nothing = {
    localPreference: undefined,
    extendedCommunities: [],
    communities: [],
    largeCommunities: [],
  };
  return [
    {
      prefix: PREFIX4,
      check: 'flag4',
      announced: {
        ...{ ...nothing, nextHop: address4, med: 100, asPath: own(1), largeCommunities: ['65001:4:100'] },
        communities: ['65001:100', '65535:65281'],
        extendedCommunities: ['0002fde900000064', '0003fde900000004'],
      },
      degraded: {
        ...{ ...nothing, nextHop: address4, med: 1000, asPath: own(4), largeCommunities: ['65001:4:200'] },
        communities: ['65001:200'],
        extendedCommunities: ['0002fde9000000c8'],
      },
    },
    {
      prefix: PREFIX6,
      check: 'flag6',
      announced: {
        ...{ ...nothing, nextHop: address6, med: 60, asPath: own(2) },
        largeCommunities: ['65001:6:100', '4200000000:1:2'],
      },
      degraded: {
        ...{ ...nothing, nextHop: address6, med: 600, asPath: own(5), communities: ['65001:206'] },
        largeCommunities: ['65001:6:100', '4200000000:1:2'],
      },
    },
  ];
}

/** The order of communities means nothing. */
const sorted = (route: RouteOnWire): unknown => ({
  ...{ nextHop: route.nextHop, med: route.med, localPreference: route.localPreference, asPath: route.asPath },
  communities: route.communities.toSorted(),
  largeCommunities: route.largeCommunities.toSorted(),
  extendedCommunities: route.extendedCommunities.toSorted(),
});

/** Each family once: degraded and back, with exactly these attributes, while the other one is left alone. */
async function attributes(stage: Stage): Promise<void> {
  const { lab, signal, note } = stage;
  for (const family of [0, 1]) {
    const prefix = family === 0 ? PREFIX4 : PREFIX6;
    const other = family === 0 ? PREFIX6 : PREFIX4;
    const serving = await servingGateway(lab.topology, signal, prefix);
    const { name } = serving;
    const spare = otherThan(stage, serving);
    const route = routesOf(serving)[family];
    if (route === undefined) return;
    const before = lab.timeline.events.findLast(
      (event) => event.kind === 'announce' && event.gateway === name && event.prefix === prefix,
    );
    assertAttributes(`${name}'s announcement of ${prefix}`, before, route.announced);

    const from = lab.timeline.events.length;
    const quiet = expectQuiet(lab, QUIET_MS, { prefix: other }, signal);
    const at = flag(stage, serving, route.check, true);
    const spec = { kind: 'announce', gateway: name, prefix } as const;
    const degraded = await expectUpdate(lab, from, spec, MOVED_WITHIN_MS, signal);
    assertAttributes(`${name}'s degraded ${prefix}`, degraded, route.degraded);
    const moved = await expectRouteTo(lab, prefix, spare.name, MOVED_WITHIN_MS, signal);
    await quiet;
    note({ [family === 0 ? 'moved4_ms' : 'moved6_ms']: round(moved.at - at) });

    const back = lab.timeline.events.length;
    flag(stage, serving, route.check, false);
    const announced = await expectUpdate(lab, back, spec, BACK_WITHIN_MS, signal);
    assertAttributes(`${name}'s ${prefix}, announced again`, announced, route.announced);
  }
}

function assertAttributes(
  what: string,
  event: Stage['lab']['timeline']['events'][number] | undefined,
  expected: RouteOnWire,
): void {
  const seen = event?.kind === 'announce' ? event.route : undefined;
  assertSame(what, seen === undefined ? 'nothing' : sorted(seen), sorted(expected));
}

/** Something that only one family needs goes, at the gateway that has the IPv6 route. */
async function only6(
  { lab, signal, defer, note }: Stage,
  words: (plan: GatewayPlan) => {
    readonly take: readonly string[];
    readonly give: readonly string[];
    readonly what: string;
  },
): Promise<void> {
  const serving = await servingGateway(lab.topology, signal, PREFIX6);
  const spare = otherThan({ lab }, serving);
  const { name, namespace } = serving;
  const { take, give, what } = words(serving);
  const since = monotonic();
  const from = lab.timeline.events.length;
  const quiet = expectQuiet(lab, QUIET_MS, { prefix: PREFIX4 }, signal);
  const at = lab.timeline.act(`${name} loses ${what}`);
  await runCommand(['ip', '-n', namespace, ...take], signal);
  let gone = true;
  const mend = async (): Promise<void> => {
    if (!gone) return;
    gone = false;
    await runCommand(['ip', '-n', namespace, ...give], signal);
  };
  defer(mend);
  const withdrawal = { kind: 'withdraw', gateway: name, prefix: PREFIX6 } as const;
  const withdrawn = await expectUpdate(lab, from, withdrawal, MOVED_WITHIN_MS, signal);
  const moved = await expectRouteTo(lab, PREFIX6, spare.name, MOVED_WITHIN_MS, signal);
  note({ withdraw6_ms: round(withdrawn.at - at), fib6_ms: round(moved.at - at) });
  await quiet;
  const back = lab.timeline.events.length;
  const mendedAt = lab.timeline.act(`${name} has ${what} again`);
  await mend();
  const announcement = { kind: 'announce', gateway: name, prefix: PREFIX6 } as const;
  const announced = await expectUpdate(lab, back, announcement, BACK_WITHIN_MS, signal);
  note({ recover6_ms: round(announced.at - mendedAt) });
  await expectAnnounced(lab, signal);
  const outage = await clientOutage(lab, since, signal);
  note({ ...outage });
  assertSame('packets of the IPv4 client lost', outage.lost, 0);
}

export const DUAL_STACK_TRIALS: readonly RoutingTrial[] = [
  {
    name: 'dual-stack-attributes',
    shows: 'each family degrades on its own, with exactly its attributes of each state on the wire',
    site: SITE,
    run: attributes,
  },
  {
    name: 'dual-stack-anycast6',
    shows: 'the IPv6 anycast address of the serving gateway goes: only the IPv6 prefix moves',
    site: SITE,
    run: async (stage) =>
      only6(stage, () => ({
        what: PREFIX6,
        take: ['addr', 'del', PREFIX6, 'dev', 'lo'],
        give: ['addr', 'add', PREFIX6, 'dev', 'lo', 'nodad'],
      })),
  },
  {
    name: 'dual-stack-route6',
    shows: 'the IPv6 default route of the serving gateway goes: only the IPv6 prefix moves',
    site: SITE,
    run: async (stage) =>
      only6(stage, ({ router6 }) => ({
        what: 'its IPv6 default route',
        take: ['-6', 'route', 'del', 'default'],
        give: ['-6', 'route', 'add', 'default', 'via', router6],
      })),
  },
];
