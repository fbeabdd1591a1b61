/**
 * The values of the file → Config. Pure. Reports what is wrong with single keys to the reader and always
 * comes back with a whole Config, so that the rules can look at the rest; the caller throws it away when
 * anything was reported.
 */
import { defaultsOf, type Profile } from '../../health/profile.ts';
import { CHECK_TYPES, type CheckTypeName } from '../../health/registry.ts';
import { addressText, familyOf, prefixText } from './address.ts';
import { limitsSpec, PROVING_TYPE } from './check-types.ts';
import { buildFleet, buildHttp } from './build-fleet.ts';
import { buildSessions } from './build-sessions.ts';
import { cannotPrepend, carriersOf } from './carriers.ts';
import type { CheckConfig, Config, NeighborConfig, Preference, PrefixConfig } from './config.ts';
import type { Raw, RawMap } from './document.ts';
import type { Keys, MapSpec, Values } from './key-spec.ts';
import { fieldName } from './key-spec.ts';
import { join } from './problem.ts';
import { routesOf } from './route.ts';
import { GTSM_TTL } from './rules-neighbors.ts';
import { SCHEMA, SECTIONS } from './schema.ts';
import { elements, innerKeys, mapping, section, SILENT, type Reader } from './section.ts';

/** `hostname`: the name of a gateway that gives itself none. */
export function buildConfig(root: RawMap, reader: Reader, hostname: string): Config {
  const { profile } = section(SCHEMA.keys, root, '', reader, { env: true, more: innerKeys(SCHEMA) });
  const read = <K extends Keys>(spec: MapSpec & { readonly keys: K }, key: string): Values<K> =>
    section(spec.keys, root[key], key, reader, { env: true, more: innerKeys(spec) });

  const gateway = read(SECTIONS.gateway, 'gateway');
  const bgp = read(SECTIONS.bgp, 'bgp');
  const prefixes = elements(root['prefixes'], 'prefixes', reader);
  // Without a word about checks the one that is always needed stands in.
  const checks = root['checks'] === undefined ? [DEFAULT_CHECK] : elements(root['checks'], 'checks', reader);
  const neighborList = elements(mapping(root['bgp'], 'bgp', SILENT)['neighbors'], 'bgp.neighbors', reader);
  const neighbors = neighborList.map((raw, index) =>
    buildNeighbor(raw, `bgp.neighbors[${index}]`, bgp.localAs, reader),
  );
  const { allowedPrefixes, ...ownBgp } = bgp;
  const fleet = buildFleet(root['fleet'], reader);
  return deepFreeze({
    profile,
    gateway: { name: gateway.name ?? hostname },
    strongswan: read(SECTIONS.strongswan, 'strongswan'),
    prefixes: prefixes.map((raw, index) =>
      buildPrefix(raw, `prefixes[${index}]`, { neighbors, localAs: bgp.localAs }, reader),
    ),
    bgp: {
      ...ownBgp,
      ...(allowedPrefixes === undefined ? {} : { allowedPrefixes: allowedPrefixes.map(prefixText) }),
      neighbors,
    },
    lease: read(SECTIONS.lease, 'lease'),
    decision: read(SECTIONS.decision, 'decision'),
    ...(fleet === undefined ? {} : { fleet }),
    sessions: buildSessions(root['sessions'], reader),
    checks: withNaturalDependencies(
      checks.map((raw, index) => buildCheck(raw, `checks[${index}]`, profile, reader)),
    ),
    http: buildHttp(root['http'], reader),
    control: read(SECTIONS.control, 'control'),
    log: read(SECTIONS.log, 'log'),
  });
}

const DEFAULT_CHECK: RawMap = { name: PROVING_TYPE, type: PROVING_TYPE };

interface Surrounding {
  readonly neighbors: readonly NeighborConfig[];
  readonly localAs: number;
}

function buildPrefix(
  raw: Raw,
  path: string,
  { neighbors, localAs }: Surrounding,
  reader: Reader,
): PrefixConfig {
  const { keys, sections } = SCHEMA.lists.prefixes;
  const values = section(keys, raw, path, reader, { more: innerKeys(SCHEMA.lists.prefixes) });
  const map = mapping(raw, path, SILENT);
  const given = {
    announced: section(sections.announced.keys, map['announced'], join(path, 'announced'), reader),
    yielding: section(sections.yielding.keys, map['yielding'], join(path, 'yielding'), reader),
    degraded: section(sections.degraded.keys, map['degraded'], join(path, 'degraded'), reader),
    draining: section(sections.draining.keys, map['draining'], join(path, 'draining'), reader),
  };
  const prefix = prefixText(values.prefix);
  const nextHop = addressText(values.nextHop, 'any') ?? values.nextHop;
  // The format lets nothing else through.
  const preference = values.preference as Preference | undefined;
  const place = {
    family: familyOf(prefix),
    side: values.side,
    neighbors: values.neighbors?.map((written) => addressOf(written, neighbors)),
  };
  const carriers = carriersOf(place, neighbors);
  const canPrepend = carriers.length === 0 || carriers.some((each) => !cannotPrepend(each, localAs));
  return {
    prefix,
    ...place,
    preference,
    preempt: values.preempt,
    ...(values.pathId === undefined ? {} : { pathId: values.pathId }),
    nextHop,
    checks: values.checks,
    ...routesOf(given, { preference, localAs, nextHop, canPrepend }),
  };
}

/** A neighbor goes by its name or its address; of one that there is not, the rules say so. */
const addressOf = (written: string, neighbors: readonly NeighborConfig[]): string =>
  neighbors.find(({ name }) => name === written)?.address ?? addressText(written, 'any') ?? written;

function buildNeighbor(raw: Raw, path: string, localAs: number, reader: Reader): NeighborConfig {
  const values = section(SECTIONS.bgp.lists.neighbors.keys, raw, path, reader);
  const address = addressText(values.address, 'any') ?? values.address;
  const family = familyOf(address);
  const { name, passwordFile, passwordCredential, multihop } = values;
  const outgoingTtl = values.outgoingTtl ?? (values.gtsm ? GTSM_TTL : multihop);
  return {
    ...(name === undefined ? {} : { name }),
    address,
    family,
    side: values.side,
    peerAs: values.peerAs,
    localAs: values.localAs ?? localAs,
    localAddress: addressText(values.localAddress, 'any') ?? values.localAddress,
    holdSeconds: values.holdTimeMs / 1000,
    port: values.port,
    passive: values.passive,
    ...(passwordFile === undefined ? {} : { passwordFile }),
    ...(passwordCredential === undefined ? {} : { passwordCredential }),
    gtsm: values.gtsm,
    ...(multihop === undefined ? {} : { multihop }),
    ...(outgoingTtl === undefined ? {} : { outgoingTtl }),
    families: values.families ?? [family === 4 ? 'ipv4' : 'ipv6'],
  };
}

function buildCheck(raw: Raw, path: string, profile: Profile, reader: Reader): CheckConfig {
  const values = section(SCHEMA.lists.checks.keys, raw, path, reader, { more: ['limits'] });
  const defaults = defaultsOf(values.type, profile);
  const map = mapping(raw, path, SILENT);
  // A default never contradicts what the person wrote: one of these pulls the others along.
  const intervalMs =
    values.intervalMs ?? Math.max(defaults.intervalMs, values.timeoutMs ?? 0, values.fastIntervalMs ?? 0);
  return {
    name: values.name,
    type: values.type,
    intervalMs,
    fastMs: values.fastIntervalMs ?? Math.min(defaults.fastMs, intervalMs),
    timeoutMs: values.timeoutMs ?? Math.min(defaults.timeoutMs, intervalMs),
    rise: values.rise ?? defaults.rise,
    fall: values.fall ?? defaults.fall,
    maxAgeMs: values.maxAgeMs ?? Math.max(defaults.maxAgeMs, 3 * intervalMs),
    dependsOn: values.dependsOn ?? [],
    ...(values.class === undefined ? {} : { class: values.class }),
    // A wrong type has been reported, and nobody knows its limits.
    limits:
      map['type'] === values.type ? buildLimits(values.type, map['limits'], `${path}.limits`, reader) : {},
  };
}

/** A type may depend on another by its nature: sa-count knows nothing while charon is down. The one place that knows. */
const withNaturalDependencies = (checks: readonly CheckConfig[]): CheckConfig[] =>
  checks.map((check) => {
    const natural = CHECK_TYPES[check.type as CheckTypeName].dependsOn as readonly string[];
    const names = checks.filter(({ type }) => natural.includes(type)).map(({ name }) => name);
    return { ...check, dependsOn: [...new Set([...check.dependsOn, ...names])] };
  });

function buildLimits(
  type: CheckTypeName,
  raw: Raw | undefined,
  path: string,
  reader: Reader,
): Readonly<Record<string, unknown>> {
  const spec = limitsSpec(type);
  const limits: Record<string, unknown> = {
    ...section(spec.keys, raw, path, reader, { more: innerKeys(spec) }),
  };
  for (const [key, { keys }] of Object.entries(spec.lists ?? {})) {
    const list = elements(mapping(raw, path, SILENT)[key], join(path, key), reader);
    limits[fieldName(key)] = list.map((item, index) =>
      section(keys, item, `${join(path, key)}[${index}]`, reader),
    );
  }
  return limits;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
