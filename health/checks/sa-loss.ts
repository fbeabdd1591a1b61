/** The check `sa-loss`: clients do not vanish in numbers, that is, without a DELETE from either side. */
import type { Look } from '../charon-link.ts';
import type { Check, CheckOptions, Judgement } from '../check.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import { SaLosses } from '../sa-losses.ts';
import { sameRun, withSample } from '../window.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  window_seconds: {
    doc: 'How far back losses are counted, and how recent the peak is that they are held against; and for how long after a withdrawal IKE_SAs from before it may be lost unheeded, as their clients moved away. Longer than the dead peer detection of the gateway takes (dpd_delay and all retransmissions).',
    format: 'nat',
    default: 300,
  },
  loss_percent: {
    doc: 'This share of the IKE_SAs of the recent peak must be lost, and not have come back.',
    format: 'percent',
    default: 20,
  },
  loss_minimum: {
    doc: 'Fewer lost IKE_SAs than this are laptops that were closed.',
    format: 'nat',
    default: 10,
  },
} as const satisfies LimitSchema;

export type LossLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

export interface LossObservation {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly look: Look;
  /** Lost within the window, and not back. */
  readonly lost: number;
  readonly announced: boolean;
}

export interface LossMemory {
  /** When the charon that it is about started; NaN before the first look. */
  readonly startedAt: number;
  readonly peaks: readonly { readonly at: number; readonly ikeSas: number }[];
}

export const NO_MEMORY: LossMemory = { startedAt: NaN, peaks: [] };

export function judge(
  { at, look, lost, announced }: LossObservation,
  limit: LossLimits,
  memory: LossMemory,
): { readonly judgement: Judgement; readonly memory: LossMemory } {
  if (look.kind !== 'answered') {
    return { judgement: { verdict: 'unknown', reason: 'cause-unknown', value: look.detail }, memory };
  }
  const { startedAt, ikeSas } = look.snapshot.stats;
  // Clients that follow a withdrawn route elsewhere cannot say goodbye: nobody lost them.
  if (!announced)
    return { judgement: { verdict: 'pass', value: 'not announced' }, memory: { startedAt, peaks: [] } };
  const known = sameRun(memory.startedAt, startedAt) ? memory.peaks : [];
  const seen = { at, ikeSas: Math.max(0, ikeSas.total - ikeSas.halfOpen) };
  const peaks = withSample(known, seen, limit.windowMs, higher);
  const peak = Math.max(lost, ...peaks.map((sample) => sample.ikeSas));
  const value = `${String(lost)} of ${String(peak)} IKE_SAs lost`;
  const many = lost >= Math.max(1, limit.lossMinimum) && lost * 100 >= limit.lossPercent * peak;
  const judgement: Judgement = many
    ? { verdict: 'fail', reason: 'sas-lost', value }
    : { verdict: 'pass', value };
  return { judgement, memory: { startedAt, peaks } };
}

const higher = (older: LossMemory['peaks'][0], newer: LossMemory['peaks'][0]): LossMemory['peaks'][0] => ({
  at: newer.at,
  ikeSas: Math.max(older.ikeSas, newer.ikeSas),
});

// --------------------------------------------------------------------------------------------- observe

/** An answer this young need not be asked for again. */
const FRESH_MS = 500;

export function create(options: CheckOptions<LossLimits>, { link, now, announced }: World): Check {
  const { limits: own, ...check } = options;
  const deadlineMs = check.pace.timeoutMs * 0.9;
  const losses = new SaLosses(own.windowMs);
  let memory = NO_MEMORY;
  return {
    ...check,
    async observe(signal) {
      const at = now();
      if (!announced()) losses.withdrawn(at);
      const look = await link.recent(FRESH_MS, deadlineMs, signal);
      if (look.kind === 'answered' && !sameRun(memory.startedAt, look.snapshot.stats.startedAt)) {
        losses.forget(at);
      }
      losses.forget(at - own.windowMs);
      const judged = judge({ at, look, lost: losses.count, announced: announced() }, own, memory);
      memory = judged.memory;
      return judged.judgement;
    },
    watch: () =>
      link.onEvent((event) => {
        const at = now();
        if (!announced()) losses.withdrawn(at);
        losses.apply(event, at);
      }),
  };
}
