/** What is allowed of sessions, and hardly ever meant. It looks at the addresses of this host. */
import { networkInterfaces } from 'node:os';
import { addressText } from './address.ts';
import type { Config } from './config.ts';
import { ownAddresses } from './own-addresses.ts';
import { version } from './rules-neighbors.ts';
import type { Warning } from './warning.ts';

export function sessionsWarnings(config: Config, here: readonly string[] = addressesHere()): Warning[] {
  const { sessions, prefixes } = config;
  const own = ownAddresses(config);
  const found: Warning[] = [];
  if (sessions.pin.enabled) {
    const message =
      'makes each client log in twice: where clients log in by EAP, see that the RADIUS server bears it; local_addrs of their connections must include our own address';
    found.push({ key: 'sessions.pin.enabled', message });
  }
  for (const family of [4, 6] as const) {
    const address = family === 4 ? own.address : own.address6;
    const key = family === 4 ? 'sessions.own_address' : 'sessions.own_address6';
    const isServed = prefixes.some((each) => each.side === 'outside' && each.family === family);
    if (sessions.pin.enabled && isServed && address === undefined) {
      const message = `is missing, so clients that come over ${version(family)} are not pinned; add it`;
      found.push({ key, message });
    }
    // A word about another host is in the fleet all the same.
    const isMeant =
      sessions.pin.enabled || (family === 4 ? sessions.ownAddress : sessions.ownAddress6) !== undefined;
    if (address === undefined || !isMeant || here.includes(address)) continue;
    const message = `"${address}" is on no interface of this host, so nobody could be pinned to it; correct it (or look from the gateway itself)`;
    found.push({ key, message });
  }
  if (sessions.addresses === 'identity') found.push(...redirectWarnings(config));
  return found;
}

/** Whoever cannot be redirected is terminated, and loses the connections that "identity" was to keep. */
function* redirectWarnings({ prefixes, fleet, gateway }: Config): Generator<Warning> {
  const key = 'sessions.addresses';
  const others = (fleet?.gateways ?? []).filter(({ name }) => name !== gateway.name);
  if (others.length === 0) {
    const message =
      'means nothing without other gateways to redirect clients to: a drain terminates them; add fleet.gateways';
    yield { key, message };
    return;
  }
  for (const [family, field] of [
    [4, 'address'],
    [6, 'address6'],
  ] as const) {
    const isServed = prefixes.some((each) => each.side === 'outside' && each.family === family);
    if (!isServed || others.some(({ [field]: address }) => address !== undefined)) continue;
    const message = `no other gateway says where clients that come over ${version(family)} could be redirected to, so a drain or evacuation terminates them; add fleet.gateways[].${field}, the address that is that gateway alone`;
    yield { key, message };
  }
}

const addressesHere = (): string[] =>
  Object.values(networkInterfaces()).flatMap((each) =>
    (each ?? []).map(({ address }) => addressText(address, 'any') ?? address),
  );
