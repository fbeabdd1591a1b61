/**
 * The check `workers`: charon's worker threads get through their jobs, and it is still the charon of before.
 * A type of its own beside `charon`, which is about being alive: stuck workers are impaired, not gone, and
 * with `processor.priority_threads` charon answers everything promptly while nobody can log in.
 */
import type { Look } from '../charon-link.ts';
import type { Check, CheckOptions, Judgement } from '../check.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import type { ByPriority, Stats } from '../strongswan.ts';
import { lasting, sameRun, withSample } from '../window.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  stuck_seconds: {
    doc: 'How long no worker must be idle, or a queue must stand, all the time, to call the workers stuck. Longer than a burst of logins.',
    format: 'nat',
    default: 10,
  },
  queue_minimum: {
    doc: 'Fewer waiting jobs of a priority than this are no queue.',
    format: 'nat',
    default: 5,
  },
  restart_seconds: {
    doc: 'How long a restart of charon that was seen is reported. 0: not.',
    format: 'nat',
    default: 300,
  },
} as const satisfies LimitSchema;

export type WorkerLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

export interface WorkerSample {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly workers: Stats['workers'];
  readonly queues: ByPriority;
}

export interface WorkerMemory {
  /** When charon started, wall clock in milliseconds; NaN before the first look. */
  readonly startedAt: number;
  /** Of this run of charon, oldest first. */
  readonly samples: readonly WorkerSample[];
  /** When restarts were seen, monotonic milliseconds. */
  readonly restarts: readonly number[];
}

export const NO_MEMORY: WorkerMemory = { startedAt: NaN, samples: [], restarts: [] };

/** More restarts than this need not be told apart. */
const RESTARTS_KEPT = 100;

const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const;

export function judge(
  at: number,
  look: Look,
  limit: WorkerLimits,
  memory: WorkerMemory,
): { readonly judgement: Judgement; readonly memory: WorkerMemory } {
  if (look.kind !== 'answered') {
    return { judgement: { verdict: 'unknown', reason: 'cause-unknown', value: look.detail }, memory };
  }
  const { stats } = look.snapshot;
  const same = sameRun(memory.startedAt, stats.startedAt);
  const restarts = (same ? memory.restarts : [...memory.restarts, at])
    .filter((then) => at - then < limit.restartMs)
    .slice(-RESTARTS_KEPT);
  const sample = { at, workers: stats.workers, queues: stats.queues };
  const samples = withSample(same ? memory.samples : [], sample, limit.stuckMs, calmer);
  const next: WorkerMemory = { startedAt: stats.startedAt, samples, restarts };
  return {
    judgement: stuck(samples, limit) ?? restarted(at, restarts) ?? { verdict: 'pass', value: said(sample) },
    memory: next,
  };
}

/** Looks that fall into one sample: the least bad of both is what lasted. */
const calmer = (older: WorkerSample, newer: WorkerSample): WorkerSample =>
  newer.workers.idle === 0 && older.workers.idle > 0 ? { ...older, at: newer.at } : newer;

function stuck(samples: readonly WorkerSample[], limit: WorkerLimits): Judgement | undefined {
  const period = lasting(samples, limit.stuckMs);
  const last = samples.at(-1);
  if (period === undefined || last === undefined) return undefined;
  const value = said(last);
  // Busy to the last worker is not stuck while the queues are empty: there is just enough to do.
  if (period.every(({ workers, queues }) => workers.idle === 0 && total(queues) > 0)) {
    return { verdict: 'fail', reason: 'workers-exhausted', value };
  }
  for (const priority of PRIORITIES) {
    const waiting = period.map(({ queues }) => queues[priority]);
    const [first = 0] = waiting;
    // A queue that is worked off shrinks; one that stands while as many are at it as ever is not worked on.
    if (Math.min(...waiting) >= Math.max(1, limit.queueMinimum) && last.queues[priority] >= first) {
      return { verdict: 'fail', reason: 'jobs-stuck', value };
    }
  }
  return undefined;
}

function restarted(at: number, restarts: readonly number[]): Judgement | undefined {
  const last = restarts.at(-1);
  if (last === undefined) return undefined;
  const ago = ((at - last) / 1000).toFixed(0);
  const value = `${String(restarts.length)} ${restarts.length === 1 ? 'restart' : 'restarts'}, the last ${ago} s ago`;
  return { verdict: 'fail', reason: 'charon-restarted', value };
}

function said({ workers, queues }: WorkerSample): string {
  const busy = PRIORITIES.filter((priority) => queues[priority] > 0).map(
    (priority) =>
      `${priority} priority: ${String(workers.active[priority])} active, ${String(queues[priority])} waiting`,
  );
  return [`${String(workers.idle)} of ${String(workers.total)} workers idle`, ...busy].join(', ');
}

const total = (queues: ByPriority): number => PRIORITIES.reduce((sum, priority) => sum + queues[priority], 0);

// --------------------------------------------------------------------------------------------- observe

/** An answer this young need not be asked for again. */
const FRESH_MS = 100;

export function create(options: CheckOptions<WorkerLimits>, { link, now }: World): Check {
  const { limits: own, ...check } = options;
  const deadlineMs = check.pace.timeoutMs * 0.9;
  let memory = NO_MEMORY;
  return {
    ...check,
    async observe(signal) {
      const at = now();
      const judged = judge(at, await link.recent(FRESH_MS, deadlineMs, signal), own, memory);
      memory = judged.memory;
      return judged.judgement;
    },
  };
}
