/** A TCP connection that comes up, and a TLS handshake whose certificate holds. Nothing is sent after it. */
import { connect as tcpConnect, isIP, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { trusted } from './authorities.ts';
import { errorText } from './error-text.ts';
import type { Reached } from './outcome.ts';

export interface TcpTarget {
  readonly address: string;
  readonly port: number;
  readonly source: string | undefined;
}

export interface TlsTarget extends TcpTarget {
  /** The name in the certificate, and for SNI. An address: it must stand in the certificate itself. */
  readonly name: string;
  readonly verify: boolean;
  /** Certification authorities instead of those of this system. */
  readonly ca?: readonly string[];
}

/** Expected failures are outcomes; rejects only when the signal ends it, with its reason. */
export const reachTcp = async (
  target: TcpTarget,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Reached> => until(tcpConnect(tcpOptions(target)), 'connect', 'connected', deadlineMs, signal);

/** Expected failures are outcomes; rejects only when the signal ends it, with its reason. */
export const reachTls = async (
  target: TlsTarget,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Reached> => {
  const socket = tlsConnect({
    ...tcpOptions(target),
    // RFC 6066 section 3: a literal address is no server name.
    ...(isIP(target.name) === 0 ? { servername: target.name } : {}),
    rejectUnauthorized: target.verify,
    secureContext: trusted(target.ca),
  });
  return until(socket, 'secureConnect', 'handshake done', deadlineMs, signal);
};

const tcpOptions = ({
  address,
  port,
  source,
}: TcpTarget): { host: string; port: number; localAddress?: string } => ({
  host: address,
  port,
  ...(source === undefined ? {} : { localAddress: source }),
});

async function until(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  detail: string,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Reached> {
  const deadline = AbortSignal.timeout(Math.max(1, Math.round(deadlineMs)));
  const either = AbortSignal.any([signal, deadline]);
  const { promise, resolve } = Promise.withResolvers<Reached>();
  const giveUp = (): void => {
    resolve({ kind: 'failed', detail: `no answer within ${deadlineMs.toFixed(0)} ms` });
  };
  either.addEventListener('abort', giveUp, { once: true });
  if (either.aborted) giveUp();
  socket.once(event, () => {
    resolve({ kind: 'reached', detail });
  });
  // Stays: an error may still be on its way after the outcome.
  socket.on('error', (error) => {
    resolve({ kind: 'failed', detail: errorText(error) });
  });
  socket.once('close', () => {
    resolve({ kind: 'failed', detail: 'closed by the other side' });
  });
  try {
    const reached = await promise;
    signal.throwIfAborted();
    return reached;
  } finally {
    either.removeEventListener('abort', giveUp);
    socket.destroy();
  }
}
