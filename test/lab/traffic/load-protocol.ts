/** What the clients' load (load.ts, a process in the clients' namespace) and the lab say to each other over IPC. */
import type { Packet } from './gaps.ts';
import type { FromSender, ToSender } from './protocol.ts';

/** UDP and TCP, at every client's service address. */
export const LOAD_PORT = 5007;
/** A stream says something so often. */
export const STREAM_INTERVAL_MS = 100;

/** A packet, and the address that the backend saw it come from. */
export interface LoadPacket extends Packet {
  readonly source: string | undefined;
}

export interface StreamReport {
  /** False once it was closed, by an error or by the other side, or if it never opened. */
  readonly open: boolean;
  readonly localAddress: string | undefined;
  /** When the newest line that came back was written; undefined if none ever did. CLOCK_MONOTONIC ms. */
  readonly confirmedAt: number | undefined;
  /** The longest time between two lines that came back since `begin`. */
  readonly gapMs: number;
}

export type FromLoad =
  | Exclude<FromSender, { type: 'packets' }>
  /** All streams carry data, and every client had an answer to a packet sent since. */
  | { readonly type: 'begun' }
  | {
      readonly type: 'packets';
      readonly clients: readonly (readonly LoadPacket[])[];
      readonly streams: readonly StreamReport[];
    };

export type ToLoad =
  | ToSender
  /** Forgets all packets; opens the streams anew that do not work. Answered by `begun`. */
  | { readonly type: 'begin' };
