/** What a changed configuration means for a running sidecar. Pure. */
import { neighborsWithPaths } from './config/carriers.ts';
import type { CheckConfig, Config, NeighborConfig } from './config/config.ts';
import { plainConfig } from './config/print.ts';

export interface ReloadPlan {
  /** Keys (as in the file) that only a restart can change (`wayOut` says of what); while this is not empty, nothing is taken over. */
  readonly needRestart: readonly string[];
  /** Checks that are new or not what they were: they are made anew and earn their rise again. */
  readonly changed: ReadonlySet<string>;
}

/** Sockets, sessions and who we are: other processes hold on to these. */
const FIXED = [
  'gateway',
  'strongswan',
  'bgp',
  'lease',
  'http',
  'control',
] as const satisfies readonly (keyof Config)[];

export function reloadPlan(before: Config, after: Config): ReloadPlan {
  const [old, next] = [fixedPart(before), fixedPart(after)];
  const known = new Map(before.checks.map((check) => [check.name, check]));
  return {
    needRestart: [
      ...FIXED.flatMap((section) => [...differences(old[section], next[section], section)]),
      ...pathDifferences(before, after),
    ],
    changed: new Set(
      after.checks
        .filter((check) => !same(known.get(check.name), check))
        .map(({ name }: CheckConfig) => name),
    ),
  };
}

const EXABGP_ANEW = /^(?:lease\.|bgp\.(?:local_as|router_id|neighbors\[)|prefixes\[\]\.path_id$)/u;

/** What takes these keys over, as a command. An ExaBGP that is our child ends and begins with us. */
export function wayOut(needRestart: readonly string[], before: Config, after: Config): string {
  const isListed = needRestart.includes('bgp.neighbors');
  const next = new Set(wireNeighbors(after).map((each) => JSON.stringify(each)));
  const isFurther = wireNeighbors(before).every((each) => next.has(JSON.stringify(each)));
  if (before.bgp.supervise) return 'restart swancast';
  if (needRestart.some((key) => EXABGP_ANEW.test(key)) || (isListed && !isFurther)) {
    return 'drain this gateway, `systemctl restart swancast-bgp swancast`, undrain';
  }
  return isListed ? '`systemctl reload swancast-bgp`, then `systemctl restart swancast`' : 'restart swancast';
}

/** Without what no other process ever sees: which prefixes are allowed, what we call a neighbor, our patience. */
function fixedPart(config: Config): ReturnType<typeof plainConfig> {
  const { allowedPrefixes: _, ...bgp } = config.bgp;
  const strongswan = { ...config.strongswan, restartGraceMs: 0 };
  return plainConfig({ ...config, strongswan, bgp: { ...bgp, neighbors: wireNeighbors(config) } });
}

const wireNeighbors = ({ bgp }: Config): NeighborConfig[] =>
  bgp.neighbors.map(({ name: _name, ...neighbor }) => ({ ...neighbor, side: 'outside' }));

/** A session is told at its start whether it carries several paths of a prefix. */
function* pathDifferences(before: Config, after: Config): Generator<string> {
  const [old, next] = [before, after].map(({ prefixes, bgp }) =>
    [...neighborsWithPaths(prefixes, bgp.neighbors)].toSorted(),
  );
  if (!same(old, next)) yield 'prefixes[].path_id';
}

/** Each key below `path` whose value is another one; of a list that grew or shrank, the list. */
function* differences(before: unknown, after: unknown, path: string): Generator<string> {
  if (same(before, after)) return;
  const isList = Array.isArray(before) && Array.isArray(after);
  if (!isObject(before) || !isObject(after) || (isList && before.length !== after.length)) {
    yield path;
    return;
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    yield* differences(before[key], after[key], isList ? `${path}[${key}]` : `${path}.${key}`);
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The configuration is plain data in a fixed order of keys. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
