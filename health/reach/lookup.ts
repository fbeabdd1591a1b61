/**
 * Host name → addresses by the DNS servers of resolv.conf, asked directly. The system's own resolver
 * (getaddrinfo) would wait on one of a few threads that all file access shares: one silent DNS server, and every
 * check of this process stands still. The price: /etc/hosts is not read, but for "localhost".
 */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Addresses, IPv4 first; at least one. Rejects with the error of node:dns. */
export async function addressesOf(host: string, deadlineMs: number, signal: AbortSignal): Promise<string[]> {
  const plain = host.startsWith('[') ? host.slice(1, -1) : host;
  if (isIP(plain) !== 0) return [plain];
  if (plain === 'localhost') return ['127.0.0.1', '::1'];
  signal.throwIfAborted();
  const resolver = new Resolver({ timeout: Math.max(1, Math.floor(deadlineMs)), tries: 1 });
  const onAbort = (): void => {
    resolver.cancel();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const found = await Promise.allSettled([resolver.resolve4(plain), resolver.resolve6(plain)]);
    const addresses = found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    const failed = found.find((each) => each.status === 'rejected');
    if (addresses.length === 0 && failed !== undefined) throw failed.reason;
    return addresses;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
