/**
 * Addresses and prefixes in their one canonical text, or what is wrong with them. Pure.
 * bgp/address.ts says what an address is; ipaddr.js, which would also take "10.1" and octal parts, only says
 * what kind of address it is and how it is written.
 */
import ipaddr from 'ipaddr.js';
import { addressBytes, hostBits, parsePrefix } from '../../bgp/address.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

const parse = (text: string): Address | undefined => {
  const bytes = addressBytes(text);
  return bytes === undefined ? undefined : ipaddr.fromByteArray([...bytes]);
};

const canonical = (address: Address): string =>
  address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();

/**
 * The canonical text (RFC 5952), or undefined. `unicast` refuses unspecified, multicast and broadcast ones, and an
 * IPv4 address in IPv6 clothes, which would be the other one once more.
 */
export function addressText(text: string, kind: 'any' | 'unicast'): string | undefined {
  const address = parse(text);
  if (address === undefined) return undefined;
  const range = address.range();
  return kind === 'unicast' && NOT_UNICAST.includes(range) ? undefined : canonical(address);
}

const NOT_UNICAST: readonly string[] = ['unspecified', 'multicast', 'broadcast', 'ipv4Mapped'];

export const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

/** "2001:DB8:0::/48" → "2001:db8::/48"; text that is no prefix comes back as it is. */
export function prefixText(text: string): string {
  const prefix = parsePrefix(text);
  if (prefix === undefined) return text;
  const network = prefix.bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix.length - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  return `${canonical(ipaddr.fromByteArray(network))}/${prefix.length}`;
}

/** Whether a prefix that is valid holds an address that is. */
export function holds(prefix: string, address: string): boolean {
  const [network, one] = [parse(prefix.split('/')[0] ?? ''), parse(address)];
  if (network === undefined || one === undefined || network.kind() !== one.kind()) return false;
  return one.match(network, Number(prefix.split('/')[1]));
}

/** What is wrong with a prefix, in a sentence that says which one was probably meant. */
export function prefixProblem(text: string): string | undefined {
  const shown = JSON.stringify(text);
  const prefix = parsePrefix(text);
  if (prefix === undefined) return `${shown} is not a prefix; ${meantBy(text)}`;
  const address = parse(text.split('/')[0] ?? '');
  if (address === undefined) return `${shown} is not a prefix`;
  if (hostBits(prefix)) {
    const single = `${canonical(address)}/${prefix.bytes.length * 8}`;
    return `${shown} has host bits set; write "${prefixText(text)}" for the network, or "${single}" for the one address`;
  }
  if (prefix.length === 0) return `${shown} is the default route; write the anycast prefix alone`;
  const range = address.range();
  if (range === 'multicast' || range === 'loopback' || range === 'linkLocal' || range === 'unspecified') {
    return `${shown} is not for unicast between hosts (${range}); write the anycast prefix`;
  }
  return undefined;
}

function meantBy(text: string): string {
  const alone = parse(text);
  if (alone === undefined) return 'write address and length, such as "192.0.2.1/32" or "2001:db8::1/128"';
  return `for this one address write "${canonical(alone)}/${alone.kind() === 'ipv4' ? 32 : 128}"`;
}
