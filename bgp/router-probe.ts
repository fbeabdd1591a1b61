/** Asks a router whether its BGP port is open: connects from the session's own address, and leaves at once. */
import { connect } from 'node:net';
import type { ProbeOutcome } from './redial.ts';

export interface ProbeTarget {
  readonly address: string;
  readonly localAddress: string;
  readonly port: number;
}

/** Resolves, never rejects, when the connection is gone again: the router has no two of ours at a time. */
export function probeRouter(
  target: ProbeTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const { address, localAddress, port } = target;
  return new Promise((resolve) => {
    let outcome: ProbeOutcome = 'silent';
    const socket = connect({ host: address, port, localAddress, autoSelectFamily: false });
    const leave = (): void => {
      socket.destroy();
    };
    const timer = setTimeout(leave, timeoutMs);
    signal.addEventListener('abort', leave, { once: true });
    socket.on('connect', () => {
      outcome = 'accepted';
      leave();
    });
    socket.on('error', () => {
      outcome = 'refused';
    });
    socket.on('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      resolve(outcome);
    });
    if (signal.aborted) leave();
  });
}
