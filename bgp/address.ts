/** IP addresses and prefixes as bytes, so that they can be compared and checked without any library. */

export interface Prefix {
  readonly family: 4 | 6;
  readonly bytes: readonly number[];
  readonly length: number;
}

/** The four or sixteen bytes of an address, or undefined when it is none. No zone, no brackets, no port. */
export function addressBytes(text: string): readonly number[] | undefined {
  return text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text);
}

/** "192.0.2.0/24" in parts; undefined when it is no prefix. Host bits are not judged here: see `hostBits`. */
export function parsePrefix(text: string): Prefix | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const bytes = addressBytes(address);
  if (bytes === undefined || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const bits = Number(length);
  if (bits > bytes.length * 8) return undefined;
  return { family: bytes.length === 4 ? 4 : 6, bytes, length: bits };
}

/** True when the address has bits set behind the prefix length ("192.0.2.1/24"). */
export function hostBits({ bytes, length }: Prefix): boolean {
  return bytes.some((byte, index) => {
    const network = Math.min(8, Math.max(0, length - index * 8));
    return (byte & (0xff >> network)) !== 0;
  });
}

/** One text per prefix however it was spelled: "2001:DB8::/32" and "2001:db8:0::/32" are the same route. */
export const prefixKey = ({ bytes, length }: Prefix): string => `${bytes.join('.')}/${length}`;

function ipv4Bytes(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  // "010" is ten to some and eight to others, so a leading zero is refused.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** RFC 4291 section 2.2: eight groups, one "::" for a run of zeros, the last two groups may be IPv4. */
function ipv6Bytes(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // "::" stands for at least one group.
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function groups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const bytes: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (mayEndInIpv4 && index === parts.length - 1 && part.includes('.')) {
      const ipv4 = ipv4Bytes(part);
      if (ipv4 === undefined) return undefined;
      bytes.push(...ipv4);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      const group = Number.parseInt(part, 16);
      bytes.push(group >> 8, group & 0xff);
    }
  }
  return bytes;
}
