/**
 * The check `ecmp-split`: no router sends UDP 500 of a client here and its UDP 4500 to another gateway. One that
 * hashes on ports does so with many clients, in both directions, and keeps doing it:
 *
 *   their IKE_SA_INIT comes here, their IKE_AUTH goes elsewhere   half-open IKE_SAs that get no IKE_AUTH
 *   the IKE_AUTH of others comes here, without their IKE_SA_INIT  messages for unknown IKE_SAs (`invalid-spi`)
 *
 * Only both at once are the sign, in each third of a time so long that no client would go on asking for an IKE_SA
 * that it has lost from its first third to its last: a scanner brings about the first alone, a route that moved
 * the second alone, and that one ends.
 */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import type { Down } from '../down.ts';
import { lookAtHalfOpen } from '../half-open.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import { lasting, sameRun, withSample } from '../window.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  lasting_seconds: {
    doc: 'For how long both signs must be there: in each third of this time. Clients of a route that moved go on asking for their IKE_SAs for 165 s with the defaults of strongSwan, and that must not reach into all three.',
    format: 'nat',
    default: 600,
  },
  half_open_minimum: {
    doc: 'Fewer half-open IKE_SAs than this are no sign.',
    format: 'nat',
    default: 3,
  },
  unknown_minimum: {
    doc: "Fewer IKE messages for unknown IKE_SAs (charon's counter invalid-spi) than this in a third of the time are no sign.",
    format: 'nat',
    default: 3,
  },
} as const satisfies LimitSchema;

export type EcmpSplitLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

/** What one look saw. Counts go up for as long as charon lives. */
export interface SplitSample {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** When charon started, wall clock in milliseconds. */
  readonly startedAt: number;
  readonly halfOpen: number;
  /** Undefined without the plugin `counters`. */
  readonly counts: SplitCounts | undefined;
}

export interface SplitCounts {
  /** IKE_SA_INIT requests that came in, our own probe's included. */
  readonly inits: number;
  /** IKE_AUTH requests that came in for an IKE_SA that is here. */
  readonly auths: number;
  /** IKE messages for an IKE_SA that is not here. */
  readonly unknown: number;
}

export type SplitObservation = { readonly kind: 'seen'; readonly sample: SplitSample } | Down;

/** Oldest first, of one run of charon. */
export type SplitMemory = readonly SplitSample[];

const THIRDS = 3;

export function judge(
  observation: SplitObservation,
  limit: EcmpSplitLimits,
  memory: SplitMemory,
): { readonly judgement: Judgement; readonly memory: SplitMemory } {
  if (observation.kind !== 'seen') {
    const value = observation.detail;
    return { judgement: { verdict: 'unknown', reason: 'cause-unknown', value }, memory };
  }
  const { sample } = observation;
  if (sample.counts === undefined) {
    const value = 'the plugin counters is not loaded';
    return { judgement: { verdict: 'unknown', reason: 'charon-without-counters', value }, memory: [] };
  }
  const last = memory.at(-1);
  const known = last !== undefined && sameRun(last.startedAt, sample.startedAt) ? memory : [];
  const samples = withSample(known, sample, limit.lastingMs, higher);
  return { judgement: split(samples, limit) ?? fine(sample), memory: samples };
}

/** Looks that fall into one sample: half-open is the most of them, since a split login is not tried all the time. */
const higher = (older: SplitSample, newer: SplitSample): SplitSample => ({
  ...newer,
  halfOpen: Math.max(older.halfOpen, newer.halfOpen),
});

function split(samples: SplitMemory, limit: EcmpSplitLimits): Judgement | undefined {
  const period = lasting(samples, limit.lastingMs);
  if (period === undefined) return undefined;
  const end = period.at(-1) ?? period[0];
  const from = (third: number): number => end.at - (limit.lastingMs * (THIRDS - third)) / THIRDS;
  for (let third = 0; third < THIRDS; third += 1) {
    // The last sample before it is where its growth begins.
    const first = period.findLast(({ at }) => at <= from(third)) ?? period[0];
    const within = period.filter(({ at }) => at > from(third) && at <= from(third + 1));
    if (!hasBothSigns([first, ...within], limit)) return undefined;
  }
  const grown = growth(period);
  const seconds = (limit.lastingMs / 1000).toFixed(0);
  const value =
    `${String(end.halfOpen)} half-open, ${String(grown?.unknown ?? 0)} messages for unknown IKE_SAs` +
    ` and ${String(grown?.auths ?? 0)} IKE_AUTH for known ones within ${seconds} s`;
  return { verdict: 'fail', reason: 'clients-split', value };
}

function hasBothSigns(samples: SplitMemory, limit: EcmpSplitLimits): boolean {
  const grown = growth(samples);
  if (grown === undefined || grown.unknown < Math.max(1, limit.unknownMinimum)) return false;
  const halfOpen = Math.max(0, ...samples.slice(1).map((sample) => sample.halfOpen));
  if (halfOpen < Math.max(1, limit.halfOpenMinimum)) return false;
  // A rush of clients after a route moved is half-open too, for a moment: most of theirs go on to IKE_AUTH.
  return grown.auths * 2 <= grown.inits;
}

function growth(samples: SplitMemory): SplitCounts | undefined {
  const [before, after] = [samples[0]?.counts, samples.at(-1)?.counts];
  if (before === undefined || after === undefined) return undefined;
  return {
    inits: after.inits - before.inits,
    auths: after.auths - before.auths,
    unknown: after.unknown - before.unknown,
  };
}

const fine = ({ halfOpen, counts }: SplitSample): Judgement => ({
  verdict: 'pass',
  value: `${String(halfOpen)} IKE_SAs half-open, ${String(counts?.unknown ?? 0)} messages for unknown ones so far`,
});

// --------------------------------------------------------------------------------------------- observe

export function create(
  options: CheckOptions<EcmpSplitLimits>,
  { link, now }: { readonly link: Pick<World['link'], 'ask' | 'recent'>; readonly now: () => number },
): Check {
  const { limits: own, ...check } = options;
  const deadlineMs = check.pace.timeoutMs * 0.9;
  let memory: SplitMemory = [];
  const see = async (signal: AbortSignal): Promise<SplitObservation> => {
    const look = await lookAtHalfOpen(link, now(), deadlineMs, signal);
    if (look.kind !== 'seen') return look;
    const { at, startedAt, halfOpen, counters } = look;
    const count = (name: string): number => counters?.get(name) ?? 0;
    const counts = counters && {
      inits: count('ike-init-in-req'),
      auths: count('ike-auth-in-req'),
      unknown: count('invalid-spi'),
    };
    return { kind: 'seen', sample: { at, startedAt, halfOpen, counts } };
  };
  return {
    ...check,
    async observe(signal) {
      const judged = judge(await see(signal), own, memory);
      memory = judged.memory;
      return judged.judgement;
    },
  };
}
