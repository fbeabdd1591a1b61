/** One endpoint, tried in the way of its type. */
import type { Endpoint } from '../limits.ts';
import { reachDns } from './dns.ts';
import { httpGet } from './http-get.ts';
import { reachIcmp } from './icmp.ts';
import type { Reached } from './outcome.ts';
import { reachTcp, reachTls } from './tcp.ts';

/** `source`: where an endpoint without one of its own goes out from, if it is of its family; '': anywhere. */
export async function reach(
  endpoint: Endpoint,
  source: string,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Reached> {
  const { type, target: address, name } = endpoint;
  const from = sourceOf(endpoint, source);
  const host = name === '' ? address : name;
  switch (type) {
    case 'tcp':
      return reachTcp({ address, port: endpoint.port ?? 0, source: from }, deadlineMs, signal);
    case 'tls': {
      const tls = { address, port: endpoint.port ?? 443, source: from, name: host, verify: endpoint.verify };
      return reachTls(tls, deadlineMs, signal);
    }
    case 'http':
    case 'https': {
      const tls = type === 'https';
      const { path, verify, status } = endpoint;
      const port = endpoint.port ?? (tls ? 443 : 80);
      const page = { tls, address, port, host, path, source: from, verify, bodyBytes: 0 };
      const outcome = await httpGet(page, deadlineMs, signal);
      if (outcome.kind === 'failed') return outcome;
      const detail = `status ${String(outcome.status)}`;
      return outcome.status === status
        ? { kind: 'reached', detail }
        : { kind: 'failed', detail: `${detail}, expected ${String(status)}` };
    }
    case 'dns': {
      const { record, expect } = endpoint;
      const question = { address, port: endpoint.port ?? 53, source: from, name, record, expect };
      return reachDns(question, deadlineMs, signal);
    }
    case 'icmp':
      return reachIcmp({ address, source: from }, deadlineMs, signal);
    default:
      return never(type);
  }
}

function sourceOf(endpoint: Endpoint, source: string): string | undefined {
  if (endpoint.source !== '') return endpoint.source;
  return source !== '' && source.includes(':') === endpoint.target.includes(':') ? source : undefined;
}

const never = (type: never): never => {
  throw new Error(`no such type of endpoint: ${String(type)}`);
};
