/** What one client saw of an event, and what all of them saw. Pure. */
import { round } from '../report.ts';
import { outageOf } from './gaps.ts';
import type { LoadPacket, StreamReport } from './load-protocol.ts';
import type { SessionFate } from './session-story.ts';

/** The keys are those of the JSON report. Times in ms; Infinity (in JSON null) while it goes on. */
export interface ClientResult {
  readonly client: number;
  /** First lost packet sent → first answer after it, of the longest run of losses; 0 if nothing was lost. */
  readonly client_gap_ms: number;
  readonly lost: number;
  readonly sent: number;
  readonly session: SessionFate;
  /** Whether the last answered packet left with the same address as the first. */
  readonly address: 'kept' | 'changed';
  /** kept: the same TCP connection carries data since the packets are answered again. stalled: it still may. */
  readonly tcp: 'kept' | 'stalled' | 'lost';
  /** Longest time without a line on the stream; its retransmission timer comes on top of the outage. */
  readonly tcp_gap_ms: number;
}

/** Whose traffic stood still for so long had a break, even if charon was slow to take the dead IKE_SA down. */
const BREAK_MS = 1000;

export interface ClientObservation {
  readonly client: number;
  /** In the order they were sent. */
  readonly packets: readonly LoadPacket[];
  readonly stream: StreamReport;
  readonly session: SessionFate;
}

export function resultOf({ client, packets, stream, session }: ClientObservation): ClientResult {
  const outage = outageOf(packets);
  const sources = packets.map(({ source }) => source).filter((source) => source !== undefined);
  const lastLost = packets.findLast(({ answeredAt }) => answeredAt === undefined);
  return {
    client: client + 1,
    client_gap_ms: round(outage.gapMs),
    lost: outage.lost,
    sent: packets.length,
    session: session === 'make-before-break' && outage.gapMs > BREAK_MS ? 'new' : session,
    address: sources.at(0) === sources.at(-1) ? 'kept' : 'changed',
    tcp: fateOfStream(stream, sources.at(-1), lastLost?.sentAt),
    tcp_gap_ms: round(stream.gapMs),
  };
}

/** @param address that the client has now @param lostAt when the last packet that was lost was sent */
function fateOfStream(
  stream: StreamReport,
  address: string | undefined,
  lostAt: number | undefined,
): ClientResult['tcp'] {
  // One whose address has gone with the session is still open, and will never carry anything again.
  if (!stream.open || (address !== undefined && stream.localAddress !== address)) return 'lost';
  if (stream.confirmedAt === undefined) return 'stalled';
  return lostAt === undefined || stream.confirmedAt > lostAt ? 'kept' : 'stalled';
}

export interface Distribution {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface ClientsSummary {
  readonly client_gap_ms: Distribution;
  readonly lost: Distribution;
  /** How many of each. */
  readonly session: Readonly<Record<SessionFate, number>>;
  readonly address_kept: number;
  readonly tcp_kept: number;
}

/** Over clients, and over runs where the results of several are given together. */
export function summarizeClients(results: readonly ClientResult[]): ClientsSummary {
  const count = (is: (result: ClientResult) => boolean): number => results.filter(is).length;
  const fates = (fate: SessionFate): number => count(({ session }) => session === fate);
  return {
    client_gap_ms: distributionOf(results.map((result) => result.client_gap_ms)),
    lost: distributionOf(results.map((result) => result.lost)),
    session: {
      kept: fates('kept'),
      'make-before-break': fates('make-before-break'),
      new: fates('new'),
      none: fates('none'),
    },
    address_kept: count(({ address }) => address === 'kept'),
    tcp_kept: count(({ tcp }) => tcp === 'kept'),
  };
}

/** By nearest rank: each figure is one that a client saw. @throws RangeError without values */
export function distributionOf(values: readonly number[]): Distribution {
  if (values.length === 0) throw new RangeError('there is no client to tell of');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Infinity;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
