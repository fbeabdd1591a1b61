/** A DNS server that answers one question, and with the expected record if one is. */
import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../limits.ts';
import { errorText } from './error-text.ts';
import type { Reached } from './outcome.ts';

export interface DnsTarget {
  readonly address: string;
  readonly port: number;
  readonly source: string | undefined;
  readonly name: string;
  readonly record: Endpoint['record'];
  /** '': any answer. */
  readonly expect: string;
}

/** Expected failures are outcomes; rejects only when the signal ends it, with its reason. */
export async function reachDns(target: DnsTarget, deadlineMs: number, signal: AbortSignal): Promise<Reached> {
  signal.throwIfAborted();
  const { address, port, source, name, record, expect } = target;
  // Two tries: one lost datagram is no dead server. The resolver doubles its patience for the second.
  const resolver = new Resolver({ timeout: Math.max(1, Math.floor(deadlineMs / 3)), tries: 2 });
  resolver.setServers([`${isIPv6(address) ? `[${address}]` : address}:${String(port)}`]);
  if (source !== undefined) {
    if (isIPv6(source)) resolver.setLocalAddress('0.0.0.0', source);
    else resolver.setLocalAddress(source);
  }
  const deadline = AbortSignal.timeout(Math.max(1, Math.round(deadlineMs)));
  const onAbort = (): void => {
    resolver.cancel();
  };
  const either = AbortSignal.any([signal, deadline]);
  either.addEventListener('abort', onAbort, { once: true });
  try {
    const answers = await ask(resolver, name, record);
    if (expect === '' || answers.some((answer) => sameRecord(answer, expect))) {
      return { kind: 'reached', detail: answers[0] ?? 'an empty answer' };
    }
    return { kind: 'failed', detail: `${record} of ${name} is ${answers.join(', ')}; expected ${expect}` };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'failed', detail: dnsError(error, deadlineMs) };
  } finally {
    either.removeEventListener('abort', onAbort);
  }
}

async function ask(resolver: Resolver, name: string, record: Endpoint['record']): Promise<string[]> {
  switch (record) {
    case 'A':
      return resolver.resolve4(name);
    case 'AAAA':
      return resolver.resolve6(name);
    case 'CNAME':
      return resolver.resolveCname(name);
    case 'TXT':
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
    default:
      return never(record);
  }
}

/** Names in any case, addresses in any spelling. */
const sameRecord = (answer: string, expected: string): boolean => plain(answer) === plain(expected);
const plain = (text: string): string =>
  isIPv6(text) ? new URL(`http://[${text}]`).hostname : text.toLowerCase().replace(/\.$/, '');

function dnsError(error: unknown, deadlineMs: number): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ETIMEOUT':
    case 'ECANCELLED':
      return `no answer within ${deadlineMs.toFixed(0)} ms`;
    case 'ENOTFOUND':
      return 'it answers that there is no such name';
    case 'ENODATA':
      return 'it answers that the name has no such record';
    case 'ESERVFAIL':
      return 'it answers SERVFAIL';
    case 'EREFUSED':
      return 'it refuses to answer (REFUSED)';
    default:
      return errorText(error);
  }
}

const never = (record: never): never => {
  throw new Error(`no such record: ${String(record)}`);
};
