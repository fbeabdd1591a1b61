/** The check `sa-count`: IKE_SAs and CHILD_SAs lie within limits, and did not collapse. */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import type { ConnectionMinimum, LimitSchema, LimitsOf } from '../limits.ts';
import type { HealthReason } from '../reason.ts';
import { SaCensus, type Census } from '../sa-census.ts';
import { NEVER_WITHDRAWN, staleOf, type Withdrawal } from '../stale.ts';
import { sameRun } from '../window.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  ike_sas_minimum: {
    doc: 'Fewer established IKE_SAs than this are too few, once there were that many while announced. 0: no minimum.',
    format: 'nat',
    default: 0,
  },
  ike_sas_maximum: {
    doc: 'More established IKE_SAs than this are too many for this gateway. 0: no maximum.',
    format: 'nat',
    default: 0,
  },
  child_sas_minimum: {
    doc: 'Fewer installed CHILD_SAs than this are too few, once there were that many while announced. 0: no minimum.',
    format: 'nat',
    default: 0,
  },
  child_sas_maximum: {
    doc: 'More installed CHILD_SAs than this are too many for this gateway. 0: no maximum.',
    format: 'nat',
    default: 0,
  },
  half_open_maximum: {
    doc: 'More half-open IKE_SAs than this mean that logins get stuck. strongSwan before 5.9.12 may count too many. 0: no maximum.',
    format: 'nat',
    default: 0,
  },
  collapse_percent: {
    doc: 'This share of the IKE_SAs of the recent peak must be gone to call it a collapse; lower is touchier. 0: off.',
    format: 'percent',
    default: 80,
  },
  collapse_window_seconds: {
    doc: 'How long a peak counts as recent, and so how long a collapse, or a minimum no longer reached, is held against the gateway at most; and for how long after a withdrawal IKE_SAs from before it may end unheeded, as their clients moved away. Longer than the dead peer detection of the gateway takes.',
    format: 'nat',
    default: 300,
  },
  collapse_floor: {
    doc: 'A peak below this many IKE_SAs never collapses: a few clients that leave are no incident.',
    format: 'nat',
    default: 20,
  },
  connection_minimums: {
    doc: 'The least number of IKE_SAs for single connections, each armed like ike_sas_minimum. Those that this gateway initiates count at once, and only IKE_SAs with an installed CHILD_SA do.',
    format: 'connection-minimums',
    default: [],
  },
  list_interval_seconds: {
    doc: 'How often events are reconciled with list-sas, which holds up IKE on large gateways; rarer by itself when it is slow.',
    format: 'nat',
    default: 60,
  },
  ignore_identities: {
    doc: 'IKE or EAP identities of clients that are never counted: that of a canary.',
    format: 'text-list',
    default: [],
  },
} as const satisfies LimitSchema;

export type SaLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

export interface Observation {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly census: Census;
  /** Whether this gateway announces just now. */
  readonly announced: boolean;
}

/** What is remembered from look to look; withdrawing forgets counts and minimums, a new charon everything. */
export interface Memory extends Withdrawal {
  /** When the charon that it is about started. */
  readonly startedAt: number;
  /**
   * Minimums that were reached while announced, and when last: older than the window, they are forgotten, as a
   * degraded gateway gets no new clients and could never reach them again.
   */
  readonly armed: ReadonlyMap<string, number>;
  /** Highest count in each slice of the window, oldest first; bounded by SLICES. */
  readonly peaks: readonly { readonly at: number; readonly ikeSas: number }[];
}

export const NO_MEMORY: Memory = { startedAt: NaN, armed: new Map(), peaks: [], ...NEVER_WITHDRAWN };

/** The window is remembered in this many slices. */
const SLICES = 30;

interface Failure {
  readonly reason: HealthReason;
  readonly value: string;
}

/** Pure: the same observation, limits and memory give the same judgement and the memory for the next one. */
export function judge(
  { at, census, announced }: Observation,
  limit: SaLimits,
  memory: Memory,
): { readonly judgement: Judgement; readonly memory: Memory } {
  const before = announced ? memory : { ...NO_MEMORY, startedAt: memory.startedAt, withdrawnAt: at };
  // Unknown is not zero: nothing is learned, and only what a withdrawal ends is forgotten.
  if (census.kind === 'down') {
    return { judgement: unknown('cause-unknown', census.down.detail), memory: before };
  }
  if (census.kind === 'listing') {
    return { judgement: unknown('not-run-yet', 'the first listing of IKE_SAs is under way'), memory: before };
  }
  const { count, snapshot } = census;
  const { ikeSas, childSas, unseen } = count;
  const { startedAt } = snapshot.stats;
  const known = sameRun(memory.startedAt, startedAt) ? before : NO_MEMORY;
  const minimums = minimumsOf(limit, census.count);
  const stale = staleOf([{ key: PEAK, seen: ikeSas }, ...minimums], known, at, limit.collapseWindowMs);
  const since = (key: string, seen: number): number => seen - (stale.get(key) ?? 0);

  const armed = new Map([...known.armed].filter(([, reached]) => at - reached <= limit.collapseWindowMs));
  const failures: Failure[] = [];
  const unarmed: string[] = [];
  for (const { key, noun, reason, minimum, seen, initiated } of minimums) {
    // IKE_SAs that a worker holds may be any of these: too few is only what is too few even with them.
    if (since(key, seen) >= minimum) armed.set(key, at);
    if (seen + unseen >= minimum) continue;
    if (initiated || armed.has(key))
      failures.push({ reason, value: `${String(seen)} of ${String(minimum)} ${noun}` });
    else unarmed.push(`minimum of ${String(minimum)} ${noun} not armed yet`);
  }
  const above = (value: number, maximum: number, noun: string, reason: HealthReason): void => {
    if (maximum > 0 && value > maximum) {
      failures.push({ reason, value: `${String(value)} ${noun}, at most ${String(maximum)} allowed` });
    }
  };
  const { halfOpen } = snapshot.stats.ikeSas;
  above(ikeSas, limit.ikeSasMaximum, 'IKE_SAs', 'ike-sas-above-maximum');
  above(childSas, limit.childSasMaximum, 'CHILD_SAs', 'child-sas-above-maximum');
  above(halfOpen, limit.halfOpenMaximum, 'half-open IKE_SAs', 'half-open-high');

  const peaks = withPeak(known.peaks, at, since(PEAK, ikeSas), limit.collapseWindowMs);
  const peak = Math.max(0, ...peaks.map((slice) => slice.ikeSas));
  if (collapsed(peak, ikeSas + unseen, limit)) {
    failures.push({
      reason: 'sa-collapse',
      value: `${String(ikeSas)} IKE_SAs, the recent peak was ${String(peak)}`,
    });
  }

  const next: Memory = announced
    ? { startedAt, armed, peaks, withdrawnAt: known.withdrawnAt, stale }
    : { ...NO_MEMORY, startedAt, withdrawnAt: at, stale };
  const [worst] = failures.sort((a, b) => ORDER.indexOf(a.reason) - ORDER.indexOf(b.reason));
  if (worst !== undefined) return { judgement: { verdict: 'fail', ...worst }, memory: next };
  const seen = `${String(ikeSas)} IKE_SAs, ${String(childSas)} CHILD_SAs`;
  return { judgement: { verdict: 'pass', value: [seen, ...unarmed].join(', ') }, memory: next };
}

const unknown = (reason: HealthReason, value: string): Judgement => ({ verdict: 'unknown', reason, value });

/** Under which the IKE_SAs that the peak is made of are remembered as stale. */
const PEAK = 'peak';

/** Which failure gives its name when there are several: the one that says most about the cause. */
const ORDER: readonly HealthReason[] = [
  'sa-collapse',
  'connection-below-minimum',
  'connection-incomplete',
  'ike-sas-below-minimum',
  'child-sas-below-minimum',
  'half-open-high',
  'ike-sas-above-maximum',
  'child-sas-above-maximum',
];

interface Minimum {
  /** Under which it is armed. */
  readonly key: string;
  readonly noun: string;
  readonly reason: HealthReason;
  readonly minimum: number;
  readonly seen: number;
  readonly initiated: boolean;
}

function minimumsOf(
  { ikeSasMinimum, childSasMinimum, connectionMinimums }: SaLimits,
  { ikeSas, childSas, connections }: Extract<Census, { kind: 'counted' }>['count'],
): Minimum[] {
  const ofConnection = ({ name, minimum, initiated = false }: ConnectionMinimum): Minimum[] => {
    const own = connections.get(name) ?? { ikeSas: 0, complete: 0 };
    const established: Minimum = {
      key: `connection ${name}`,
      noun: `IKE_SAs of connection ${name}`,
      reason: 'connection-below-minimum',
      minimum,
      seen: own.ikeSas,
      initiated,
    };
    if (!initiated) return [established];
    const noun = `tunnels of connection ${name} with a CHILD_SA`;
    return [established, { ...established, noun, reason: 'connection-incomplete', seen: own.complete }];
  };
  const all: Minimum[] = [
    {
      key: 'ike',
      noun: 'IKE_SAs',
      reason: 'ike-sas-below-minimum',
      minimum: ikeSasMinimum,
      seen: ikeSas,
      initiated: false,
    },
    {
      key: 'child',
      noun: 'CHILD_SAs',
      reason: 'child-sas-below-minimum',
      minimum: childSasMinimum,
      seen: childSas,
      initiated: false,
    },
    ...connectionMinimums.flatMap(ofConnection),
  ];
  return all.filter(({ minimum }) => minimum > 0);
}

function collapsed(peak: number, now: number, limit: SaLimits): boolean {
  if (limit.collapsePercent === 0 || peak < Math.max(1, limit.collapseFloor)) return false;
  return (peak - now) * 100 >= peak * limit.collapsePercent;
}

/** The peaks with one count more: in the newest slice if that is young enough, and without the old ones. */
export function withPeak(
  peaks: Memory['peaks'],
  at: number,
  ikeSas: number,
  windowMs: number,
): Memory['peaks'] {
  const recent = peaks.filter((slice) => at - slice.at < windowMs);
  const newest = recent.at(-1);
  if (newest === undefined || at - newest.at >= windowMs / SLICES) return [...recent, { at, ikeSas }];
  return [...recent.slice(0, -1), { at: newest.at, ikeSas: Math.max(newest.ikeSas, ikeSas) }];
}

// --------------------------------------------------------------------------------------------- observe

export function create(options: CheckOptions<SaLimits>, world: World): Check {
  const { link, now, announced, log } = world;
  const { limits: own, ...check } = options;
  const census = new SaCensus({
    link,
    now,
    log,
    listIntervalMs: own.listIntervalMs,
    ignoredIdentities: own.ignoreIdentities,
  });
  const deadlineMs = check.pace.timeoutMs * 0.9;
  let memory = NO_MEMORY;
  return {
    ...check,
    async observe(signal) {
      const at = now();
      const taken = await census.take(deadlineMs, signal);
      world.onSaCount?.(taken.kind === 'counted' ? taken.count : undefined);
      const judged = judge({ at, census: taken, announced: announced() }, own, memory);
      memory = judged.memory;
      return judged.judgement;
    },
    watch: () => census.watch(),
  };
}
