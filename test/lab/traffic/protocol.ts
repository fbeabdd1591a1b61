/** What the traffic generator (sender.ts, a process in the client's namespace) and the lab say to each other over IPC. */
import { patient } from '../dataplane.ts';
import type { Packet } from './gaps.ts';

export type FromSender =
  | { readonly type: 'ready' }
  /** An answer arrived after silence (or the first one). `sequence` is the packet that was answered. */
  | { readonly type: 'answered'; readonly client: number; readonly at: number; readonly sequence: number }
  /** No answer for SILENCE_MS although packets were sent; `at` is when the first unanswered one was sent. */
  | { readonly type: 'silent'; readonly client: number; readonly at: number; readonly sequence: number }
  | { readonly type: 'packets'; readonly clients: readonly (readonly Packet[])[] };

/** Asks for all packets sent since then (CLOCK_MONOTONIC ms); older ones are forgotten. */
export interface ToSender {
  readonly type: 'report';
  readonly since: number;
}

export const INTERVAL_MS = 10;
/** Six packets: less may be one scheduling hiccup of a busy machine. */
export const SILENCE_MS = patient(60);
