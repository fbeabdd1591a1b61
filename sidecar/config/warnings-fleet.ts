/** What is allowed of fleets, and hardly ever meant. Pure. */
import type { Config, FleetMemberConfig } from './config.ts';
import { isLoopback } from './rules-neighbors.ts';
import type { Warning } from './warning.ts';

export function fleetWarnings({ fleet, gateway, http, prefixes }: Config): Warning[] {
  const found: Warning[] = [];
  for (const [index, { preempt }] of prefixes.entries()) {
    if (preempt || fleet !== undefined) continue;
    const message =
      'false means nothing without a fleet: nobody is asked who has the prefix, so it is announced at once; add fleet.gateways';
    found.push({ key: `prefixes[${index}].preempt`, message });
  }
  if (fleet === undefined) return found;
  const others = fleet.gateways.filter(({ name }) => name !== gateway.name);
  if (others.length === 0) {
    const message = `names ${gateway.name} alone, which is this gateway: with nobody better in sight it never steps down for anything but charon gone, and is never drained; name the others, or remove the section`;
    found.push({ key: 'fleet.gateways', message });
  } else if (others.length === fleet.gateways.length) {
    const message = `does not name this gateway (${gateway.name}); if one of them is this one, give it that name, or it takes itself for another`;
    found.push({ key: 'fleet.gateways', message });
  }
  if (others.length > 0 && fleet.minimumOthers > others.length) {
    const message = `${fleet.minimumOthers} is more than there are others (${others.length}), so this gateway can never be drained; write at most that`;
    found.push({ key: 'fleet.minimum_others', message });
  }
  const hasToken = fleet.tokenFile !== undefined || fleet.tokenCredential !== undefined;
  for (const [index, { name, url }] of fleet.gateways.entries()) {
    if (!hasToken || name === gateway.name || url.startsWith('https:')) continue;
    const message =
      'the token goes there in the clear, for everybody on the way to read; use https://, or a network that is ours alone';
    found.push({ key: `fleet.gateways[${index}].url`, message });
  }
  if (fleet.tls !== undefined && others.every(({ url }) => url.startsWith('http:'))) {
    const message = 'means nothing where every url begins with http://; write https://, or remove it';
    found.push({ key: 'fleet.tls', message });
  }
  if (others.length > 0) found.push(...listenerWarnings(http, fleet.gateways, gateway.name));
  return found;
}

/** Whoever is never heard counts as not there, which the others notice only when it matters. */
function* listenerWarnings(
  { listen, tls }: Config['http'],
  gateways: readonly FleetMemberConfig[],
  name: string,
): Generator<Warning> {
  const wayOut = 'give the address and the port at which they ask it';
  if (listen === undefined) {
    const message = `"off" leaves nobody to answer the other gateways, for which this one is never there then; ${wayOut}`;
    yield { key: 'http.listen', message };
    return;
  }
  const index = gateways.findIndex((each) => each.name === name);
  const url = URL.parse(gateways[index]?.url ?? '');
  // Several gateways on one host ask each other there.
  const isOneHost = gateways.some((each) => isOfThisHost(URL.parse(each.url)));
  if (isLoopback(listen.host)) {
    if (isOneHost) return;
    const message = `is on the loopback of this host, where no other gateway reaches it unless a proxy passes it on: without one this gateway is never there for them; ${wayOut}`;
    yield { key: 'http.listen', message };
    return;
  }
  if (url === null) return;
  const key = `fleet.gateways[${index}].url`;
  const scheme = tls === undefined ? 'http:' : 'https:';
  if (url.protocol !== scheme) {
    const message = `begins with ${url.protocol}//, but this gateway ${tls === undefined ? 'has no http.tls' : 'has http.tls'}: the others get no answer; write ${scheme}// on all of them, or ${tls === undefined ? 'add' : 'remove'} that section`;
    yield { key, message };
  }
  if (portOf(url) !== listen.port) {
    const message = `asks port ${portOf(url)}, and http.listen of this gateway has port ${listen.port}: the others get no answer; write the same port`;
    yield { key, message };
  }
}

const isOfThisHost = (url: URL | null): boolean =>
  url !== null && (url.hostname === 'localhost' || isLoopback(url.hostname.replace(/^\[|\]$/gu, '')));

const portOf = ({ port, protocol }: URL): number =>
  port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
