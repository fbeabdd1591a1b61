/** Which of our addresses an IKE_SA stands on. Pure. */
import { addressBytes, parsePrefix } from '../../bgp/address.ts';
import type { Family } from '../../health/family.ts';
import { addressOf, type SessionsPolicy } from './policy.ts';

export interface Place {
  /** charon's local-host. */
  readonly local: string;
  readonly family: Family;
  /** The anycast prefix that holds it. */
  readonly prefix: string | undefined;
  /** It is this gateway's own unicast address. */
  readonly isOwn: boolean;
}

export function placeOf(local: string, policy: Pick<SessionsPolicy, 'anycast' | 'own'>): Place {
  const family = local.includes(':') ? 6 : 4;
  const prefix = policy.anycast.find((each) => holds(each, local));
  const own = addressOf(policy.own, family);
  const isOwn = prefix === undefined && own !== undefined && isSame(own, local);
  return { local, family, prefix, isOwn };
}

/** Whether a connection whose local_addrs these are takes an IKE_SA on that address; undefined: a name says. */
export function accepts(localAddrs: readonly string[], address: string): boolean | undefined {
  if (localAddrs.length === 0) return true;
  const answers = localAddrs.map((each) => acceptsOne(each, address));
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

function acceptsOne(text: string, address: string): boolean | undefined {
  if (text.startsWith('%any')) return true;
  if (text.includes('/')) return parsePrefix(text) === undefined ? undefined : holds(text, address);
  const [from = '', to, ...rest] = text.split('-');
  const [low, high, at] = [from, to ?? from, address].map(addressBytes);
  if (low === undefined || high === undefined || at === undefined || rest.length > 0) return undefined;
  if (low.length !== at.length || high.length !== at.length) return false;
  return compare(low, at) <= 0 && compare(at, high) <= 0;
}

/** Whether a prefix holds an address; false where either is none. */
export function holds(prefix: string, address: string): boolean {
  const [network, bytes] = [parsePrefix(prefix), addressBytes(address)];
  if (network === undefined || bytes === undefined || network.bytes.length !== bytes.length) return false;
  return bytes.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, network.length - index * 8));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === ((network.bytes[index] ?? 0) & mask);
  });
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [addressBytes(a), addressBytes(b)];
  return (
    left !== undefined && right !== undefined && left.length === right.length && compare(left, right) === 0
  );
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((byte, at) => byte !== b[at]);
  return index === -1 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}
