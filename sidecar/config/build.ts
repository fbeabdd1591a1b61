/**
 * The values of the file → Config. Pure. Reports what is wrong with single keys to the reader and always
 * comes back with a whole Config, so that the rules can look at the rest; the caller throws it away when
 * anything was reported.
 */
import { defaultsOf, type Profile } from '../../health/profile.ts';
import { CHECK_TYPES, type CheckTypeName } from '../../health/registry.ts';
import type { Attributes } from '../../bgp/announcement.ts';
import { addressText, familyOf, prefixText } from './address.ts';
import { limitsSpec, PROVING_TYPE } from './check-types.ts';
import type { CheckConfig, Config, NeighborConfig, PrefixConfig } from './config.ts';
import type { Raw, RawMap } from './document.ts';
import { communityText } from './community.ts';
import { parseListen } from './formats.ts';
import type { Keys, MapSpec, Values } from './key-spec.ts';
import { fieldName } from './key-spec.ts';
import { join } from './problem.ts';
import { cannotPrepend } from './rules-routes.ts';
import { SCHEMA, SECTIONS } from './schema.ts';
import { elements, innerKeys, mapping, section, type Reader } from './section.ts';

/** `hostname`: the name of a gateway that gives itself none. */
export function buildConfig(root: RawMap, reader: Reader, hostname: string): Config {
  const { profile } = section(SCHEMA.keys, root, '', reader, { env: true, more: innerKeys(SCHEMA) });
  const read = <K extends Keys>(spec: MapSpec & { readonly keys: K }, key: string): Values<K> =>
    section(spec.keys, root[key], key, reader, { env: true, more: innerKeys(spec) });

  const gateway = read(SECTIONS.gateway, 'gateway');
  const bgp = read(SECTIONS.bgp, 'bgp');
  const http = read(SECTIONS.http, 'http');
  const prefixes = elements(root['prefixes'], 'prefixes', reader);
  // Without a word about checks the one that is always needed stands in.
  const checks = root['checks'] === undefined ? [DEFAULT_CHECK] : elements(root['checks'], 'checks', reader);
  const neighborList = elements(mapping(root['bgp'], 'bgp', SILENT)['neighbors'], 'bgp.neighbors', reader);
  const neighbors = neighborList.map((raw, index) =>
    buildNeighbor(raw, `bgp.neighbors[${index}]`, bgp.localAs, reader),
  );
  // cannotPrepend() says why; the default must not make a configuration wrong.
  const prepend = neighbors.some((neighbor) => cannotPrepend(neighbor, bgp.localAs)) ? 0 : DEGRADED_PREPEND;
  return deepFreeze({
    profile,
    gateway: { name: gateway.name ?? hostname },
    strongswan: read(SECTIONS.strongswan, 'strongswan'),
    prefixes: prefixes.map((raw, index) => buildPrefix(raw, `prefixes[${index}]`, prepend, reader)),
    bgp: { ...bgp, neighbors },
    lease: read(SECTIONS.lease, 'lease'),
    decision: read(SECTIONS.decision, 'decision'),
    checks: withNaturalDependencies(
      checks.map((raw, index) => buildCheck(raw, `checks[${index}]`, profile, reader)),
    ),
    http: { listen: parseListen(http.listen) },
    control: read(SECTIONS.control, 'control'),
    log: read(SECTIONS.log, 'log'),
  });
}

const DEFAULT_CHECK: RawMap = { name: PROVING_TYPE, type: PROVING_TYPE };

/** For a second look at a value that has been reported on already. */
const SILENT: Reader = { env: {}, report: () => undefined, overridden: () => undefined };

function buildPrefix(raw: Raw, path: string, prepend: number, reader: Reader): PrefixConfig {
  const { keys, sections } = SCHEMA.lists.prefixes;
  const values = section(keys, raw, path, reader, { more: innerKeys(SCHEMA.lists.prefixes) });
  const map = mapping(raw, path, SILENT);
  const announced = section(sections.announced.keys, map['announced'], join(path, 'announced'), reader);
  const degraded = section(sections.degraded.keys, map['degraded'], join(path, 'degraded'), reader);
  const prefix = prefixText(values.prefix);
  return {
    prefix,
    family: familyOf(prefix),
    nextHop: addressText(values.nextHop, 'any') ?? values.nextHop,
    checks: values.checks,
    announced: attributes(announced),
    degraded: attributes({
      ...degraded,
      prepend: degraded.prepend ?? prepend,
      localPreference: degraded.localPreference ?? announced.localPreference,
      // Inherited, because dropping no-export while degraded would leak the route.
      communities: degraded.communities ?? announced.communities,
      largeCommunities: degraded.largeCommunities ?? announced.largeCommunities,
    }),
  };
}

const attributes = ({
  localPreference,
  communities,
  ...rest
}: Values<typeof SCHEMA.lists.prefixes.sections.announced.keys>): Attributes => ({
  ...rest,
  communities: communities.map(communityText),
  ...(localPreference === undefined ? {} : { localPreference }),
});

const DEGRADED_PREPEND = 3;

function buildNeighbor(raw: Raw, path: string, localAs: number, reader: Reader): NeighborConfig {
  const values = section(SECTIONS.bgp.lists.neighbors.keys, raw, path, reader);
  const address = addressText(values.address, 'any') ?? values.address;
  const family = familyOf(address);
  return {
    address,
    family,
    peerAs: values.peerAs,
    localAs: values.localAs ?? localAs,
    localAddress: addressText(values.localAddress, 'any') ?? values.localAddress,
    holdSeconds: values.holdTimeMs / 1000,
    port: values.port,
    ...(values.passwordFile === undefined ? {} : { passwordFile: values.passwordFile }),
    ...(values.outgoingTtl === undefined ? {} : { outgoingTtl: values.outgoingTtl }),
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
