/**
 * The check `auth`: clients that begin a login get in. Counted by events: charon tells of each IKE_SA that is
 * established, and of each that ends while CONNECTING; logins that do neither stand in `half-open`.
 */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import type { Down } from '../down.ts';
import { lookAtHalfOpen } from '../half-open.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import { LoginTally, type FailedLogin } from '../login-tally.ts';
import { lasting, sameRun, withSample } from '../window.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  window_seconds: {
    doc: 'How far back logins are looked at, and so how long a failure is held against the gateway once nobody logs in any more.',
    format: 'nat',
    default: 60,
  },
  failed_percent: {
    doc: 'This share of the logins that ended must have failed. 0: failed logins do not matter.',
    format: 'percent',
    default: 80,
  },
  failed_minimum: {
    doc: 'Fewer failed logins than this in the window are the trouble of a few clients.',
    format: 'nat',
    default: 5,
  },
  clients_minimum: {
    doc: 'The failed logins must come from this many addresses: one client with a wrong password tries for ever.',
    format: 'nat',
    default: 3,
  },
  stuck_percent: {
    doc: 'This share of the logins must be half-open all through stuck_seconds, the rest having got in. 0: off.',
    format: 'percent',
    default: 80,
  },
  stuck_minimum: {
    doc: 'Fewer half-open IKE_SAs than this are no sign. strongSwan before 5.9.12 may count some that are long gone.',
    format: 'nat',
    default: 5,
  },
  stuck_seconds: {
    doc: 'How long the half-open IKE_SAs must stand; longer than a login takes on the slowest line.',
    format: 'nat',
    default: 15,
  },
} as const satisfies LimitSchema;

export type AuthLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

/** What one look saw. Counts go up for as long as charon and this process live. */
export interface AuthSample {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** When charon started, wall clock in milliseconds. */
  readonly startedAt: number;
  readonly halfOpen: number;
  /** IKE_AUTH requests that came in; undefined without the plugin `counters`. */
  readonly requests: number | undefined;
  /** IKE_SAs that were established since watching began. */
  readonly established: number;
}

export type AuthObservation =
  { readonly kind: 'seen'; readonly sample: AuthSample; readonly failed: readonly FailedLogin[] } | Down;

/** Oldest first, of one run of charon. */
export type AuthMemory = readonly AuthSample[];

export function judge(
  observation: AuthObservation,
  limit: AuthLimits,
  memory: AuthMemory,
): { readonly judgement: Judgement; readonly memory: AuthMemory } {
  if (observation.kind !== 'seen') {
    const value = observation.detail;
    return { judgement: { verdict: 'unknown', reason: 'cause-unknown', value }, memory };
  }
  const { sample, failed } = observation;
  const last = memory.at(-1);
  const known = last !== undefined && sameRun(last.startedAt, sample.startedAt) ? memory : [];
  const samples = withSample(known, sample, Math.max(limit.windowMs, limit.stuckMs), lower);
  return {
    judgement: failing(samples, failed, limit) ?? stuck(samples, limit) ?? fine(sample),
    memory: samples,
  };
}

/** Looks that fall into one sample: what stood half-open is the fewest of them. */
const lower = (older: AuthSample, newer: AuthSample): AuthSample => ({
  ...newer,
  halfOpen: Math.min(older.halfOpen, newer.halfOpen),
});

function failing(
  samples: AuthMemory,
  failures: readonly FailedLogin[],
  limit: AuthLimits,
): Judgement | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (limit.failedPercent === 0 || first === undefined || last === undefined) return undefined;
  const recent = failures.filter(({ at }) => at > last.at - limit.windowMs);
  const clients = new Set(recent.map(({ from }) => from)).size;
  const established = last.established - first.established;
  if (recent.length < Math.max(1, limit.failedMinimum) || clients < limit.clientsMinimum) return undefined;
  if (recent.length * 100 < limit.failedPercent * (recent.length + established)) return undefined;
  const value = `${String(recent.length)} logins from ${String(clients)} addresses failed, ${String(established)} got in`;
  return { verdict: 'fail', reason: 'logins-failing', value };
}

function stuck(samples: AuthMemory, limit: AuthLimits): Judgement | undefined {
  const period = lasting(samples, limit.stuckMs);
  if (limit.stuckPercent === 0 || period === undefined) return undefined;
  const [first, last] = [period[0], period.at(-1) ?? period[0]];
  const halfOpen = Math.min(...period.map((sample) => sample.halfOpen));
  if (halfOpen < Math.max(1, limit.stuckMinimum)) return undefined;
  const established = last.established - first.established;
  // A login sends at least one IKE_AUTH; half-open IKE_SAs without any are a flood, or charon's miscount. Where
  // nobody gets in, only as many are counted as there are workers to get stuck.
  const requests = (last.requests ?? Infinity) - (samples[0]?.requests ?? 0);
  if (requests < (established === 0 ? Math.min(halfOpen, limit.stuckMinimum) : halfOpen)) return undefined;
  if (halfOpen * 100 < limit.stuckPercent * (halfOpen + established)) return undefined;
  const seconds = ((last.at - first.at) / 1000).toFixed(0);
  const value = `${String(halfOpen)} logins half-open for ${seconds} s, ${String(established)} got in meanwhile`;
  return { verdict: 'fail', reason: 'logins-stuck', value };
}

const fine = ({ halfOpen }: AuthSample): Judgement => ({
  verdict: 'pass',
  value: `${String(halfOpen)} IKE_SAs half-open`,
});

// --------------------------------------------------------------------------------------------- observe

export function create(options: CheckOptions<AuthLimits>, { link, now }: World): Check {
  const { limits: own, ...check } = options;
  const deadlineMs = check.pace.timeoutMs * 0.9;
  const tally = new LoginTally();
  let memory: AuthMemory = [];
  const see = async (signal: AbortSignal): Promise<AuthObservation> => {
    const look = await lookAtHalfOpen(link, now(), deadlineMs, signal);
    if (look.kind !== 'seen') return look;
    const { at, startedAt, halfOpen, counters } = look;
    const requests = counters?.get('ike-auth-in-req');
    const sample = { at, startedAt, halfOpen, requests, established: tally.established };
    return { kind: 'seen', sample, failed: tally.failed };
  };
  return {
    ...check,
    async observe(signal) {
      const judged = judge(await see(signal), own, memory);
      memory = judged.memory;
      return judged.judgement;
    },
    watch: () =>
      link.onEvent((event) => {
        tally.apply(event, now());
      }),
  };
}
