/**
 * One sign of life from beyond the tunnel: a TCP connection that is accepted, an echoed UDP packet, or an
 * answered ping. Always from the tunnel's own address where there is one, so that nothing can answer beside it.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { errorText } from '../reach/error-text.ts';
import { reachIcmp } from '../reach/icmp.ts';
import type { Reached } from '../reach/outcome.ts';
import { reachTcp } from '../reach/tcp.ts';

export const TRAFFIC_KINDS = ['tcp', 'udp-echo', 'ping'] as const;
export type TrafficKind = (typeof TRAFFIC_KINDS)[number];

export interface TrafficTarget {
  readonly kind: TrafficKind;
  readonly address: string;
  /** Not for ping. */
  readonly port: number;
}

/** Expected failures are outcomes; rejects only when the signal ends it, with its reason. */
export async function sendTraffic(
  { kind, ...target }: TrafficTarget,
  source: string | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Reached> {
  switch (kind) {
    case 'tcp':
      return reachTcp({ ...target, source }, timeoutMs, signal);
    case 'udp-echo':
      return reachEcho({ ...target, source }, timeoutMs, signal);
    case 'ping':
      return reachIcmp({ ...target, source }, timeoutMs, signal);
    default:
      return never(kind);
  }
}

/** For people: "tcp 10.10.0.1 port 443". */
export const named = ({ kind, address, port }: TrafficTarget): string =>
  kind === 'ping' ? `ping ${address}` : `${kind} ${address} port ${String(port)}`;

const never = (kind: never): never => {
  throw new Error(`no such kind of traffic: ${String(kind)}`);
};

/** One packet may be lost on any network. */
const AGAIN_MS = 250;

/** A UDP packet that comes back (RFC 862). */
async function reachEcho(
  {
    address,
    port,
    source,
  }: { readonly address: string; readonly port: number; readonly source: string | undefined },
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Reached> {
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<Reached>();
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const failed = (error: Error): void => {
    resolve({ kind: 'failed', detail: errorText(error) });
  };
  const either = AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, Math.round(deadlineMs)))]);
  const giveUp = (): void => {
    resolve({ kind: 'failed', detail: `no answer within ${deadlineMs.toFixed(0)} ms` });
  };
  either.addEventListener('abort', giveUp, { once: true });
  socket.on('error', failed);
  let timer: NodeJS.Timeout | undefined;
  socket.bind({ port: 0, ...(source === undefined ? {} : { address: source }) }, () => {
    // Connected: packets of others are not heard, and a refusal is.
    socket.connect(port, address, () => {
      socket.on('message', () => {
        resolve({ kind: 'reached', detail: 'echoed' });
      });
      const send = (): void => {
        socket.send('swancast canary', (error) => {
          if (error !== null) failed(error);
        });
      };
      send();
      timer = setInterval(send, AGAIN_MS);
    });
  });
  try {
    const reached = await promise;
    signal.throwIfAborted();
    return reached;
  } finally {
    clearInterval(timer);
    either.removeEventListener('abort', giveUp);
    socket.close();
  }
}
