/** One packet of the traffic generator. Times in CLOCK_MONOTONIC ms. */
export interface Packet {
  readonly sequence: number;
  readonly sentAt: number;
  readonly answeredAt: number | undefined;
}

export interface Outage {
  /** Packets never answered, in all runs of losses together. */
  readonly lost: number;
  /** First lost packet sent → first answer after it, of the longest run of losses; 0 if nothing was lost. */
  readonly gapMs: number;
  readonly firstLostAt: number | undefined;
  /** undefined while the losses go on. */
  readonly answeredAgainAt: number | undefined;
}

/** @param packets in the order they were sent */
export function outageOf(packets: readonly Packet[]): Outage {
  let lost = 0;
  let longest: Outage = { lost: 0, gapMs: 0, firstLostAt: undefined, answeredAgainAt: undefined };
  let runFrom: number | undefined;
  const close = (firstLostAt: number, answeredAgainAt: number | undefined): void => {
    const gapMs = (answeredAgainAt ?? Infinity) - firstLostAt;
    if (gapMs > longest.gapMs) longest = { lost: 0, gapMs, firstLostAt, answeredAgainAt };
  };
  for (const packet of packets) {
    if (packet.answeredAt === undefined) {
      lost += 1;
      runFrom ??= packet.sentAt;
    } else if (runFrom !== undefined) {
      close(runFrom, packet.answeredAt);
      runFrom = undefined;
    }
  }
  if (runFrom !== undefined) close(runFrom, undefined);
  return { ...longest, lost };
}
