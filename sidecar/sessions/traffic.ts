/** What came from a client, by the listings of charon. Pure. */
import type { IkeSa } from '../../health/strongswan.ts';

/** What the listings say of the packets that came from the client. */
export interface Traffic {
  /** Of all its CHILD_SAs. */
  readonly packets: number;
  /** When the look began that says so. */
  readonly at: number;
  /** When the look was over that showed another number before, or earlier by charon's use-in: not later than that. */
  readonly grewAt: number | undefined;
  /** Packets a millisecond while it sent: of late, and since its CHILD_SAs are there. */
  readonly rate: number;
  readonly lastingRate: number;
  readonly base: { readonly packets: number; readonly at: number };
}

/** One IKE_SA by itself, as charon had it between these moments. */
export interface Seen {
  readonly ikeSa: IkeSa;
  readonly from: number;
  readonly until: number;
}

/** A rate is measured over at least this long. */
const RATE_MS = 400;

/**
 * `before`: what the last look made of it. Between `at` and `until` charon has read the number, nobody knows when: so
 * that silence counts from the end of one look to the beginning of another.
 */
export function trafficOf(ikeSa: IkeSa, before: Traffic | undefined, at: number, until: number): Traffic {
  const packets = ikeSa.childSas.reduce((sum, child) => sum + child.packetsIn, 0);
  const lastingRate = lastingRateOf(ikeSa);
  const ages = ikeSa.childSas.flatMap(({ useInSeconds }) => useInSeconds ?? []);
  // The difference of two times in whole seconds: 1 may be a moment ago, in the second before.
  const used = ages.length === 0 ? undefined : until - Math.max(0, Math.min(...ages) - 1) * 1000;
  if (before === undefined) {
    return { packets, at, grewAt: used, rate: lastingRate, lastingRate, base: { packets, at } };
  }
  // Fewer than before: a CHILD_SA was rekeyed, which takes an answer of the client as well.
  if (packets === before.packets) return { ...before, at };
  const { base } = before;
  // The last listing may be long ago.
  const grewAt = Math.max(before.at, used ?? until);
  const isMeasured = packets > base.packets && at - base.at >= RATE_MS;
  if (!isMeasured) {
    const anew = packets < base.packets ? { packets, at } : base;
    return { packets, at, grewAt, rate: before.rate, lastingRate, base: anew };
  }
  const rate = (packets - base.packets) / (at - base.at);
  return { packets, at, grewAt, rate, lastingRate, base: { packets, at } };
}

/** Since its CHILD_SAs were installed. */
function lastingRateOf({ childSas }: IkeSa): number {
  return childSas.reduce((sum, { packetsIn, installedSeconds = 0 }) => {
    // Whole seconds: the true age is up to one more.
    return sum + packetsIn / ((installedSeconds + 1) * 1000);
  }, 0);
}
