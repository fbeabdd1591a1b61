/**
 * What a canary tells: for each of its tunnels, how the last round went, and how long ago. Ages, not times,
 * since it may run on another host with another clock. Pure.
 */

/** How far a round got that failed: nothing answered, no login, no address or CHILD_SA, nothing came through. */
export const STAGES = ['no-answer', 'no-auth', 'no-address', 'no-traffic'] as const;
export type Stage = (typeof STAGES)[number];

/** How one round went. `broken`: the canary itself could not try, which says nothing about the gateway. */
export type Outcome =
  | {
      readonly state: 'pass';
      readonly detail: string;
      /** The virtual IP that it was given; '' for a tunnel without one. */
      readonly address: string;
    }
  | { readonly state: 'fail'; readonly failed: Stage; readonly detail: string }
  | { readonly state: 'broken'; readonly detail: string };

/** One tunnel, as `GET /` of a canary has it. */
export type TunnelReport = Outcome & {
  readonly name: string;
  /** Rounds since the canary started. */
  readonly rounds: number;
  /** Rounds in a row that failed; those that could not try do not count. */
  readonly failures: number;
  /** Since the end of the last round. */
  readonly age_seconds: number;
  readonly duration_ms: number;
};

export interface CanaryReport {
  readonly canary: string;
  readonly tunnels: readonly TunnelReport[];
}

/** What stands in a canary's answer, or undefined when it is no such answer. */
export function readReport(value: unknown): CanaryReport | undefined {
  if (!isObject(value) || typeof value['canary'] !== 'string' || !Array.isArray(value['tunnels'])) {
    return undefined;
  }
  const tunnels = (value['tunnels'] as unknown[]).map(readTunnel);
  if (tunnels.includes(undefined)) return undefined;
  return { canary: value['canary'], tunnels: tunnels.filter((tunnel) => tunnel !== undefined) };
}

const DETAIL_LENGTH = 500;

function readTunnel(value: unknown): TunnelReport | undefined {
  if (!isObject(value)) return undefined;
  const { name, rounds, failures, detail, age_seconds, duration_ms, address } = value;
  if (typeof name !== 'string' || typeof detail !== 'string') return undefined;
  if (!isCount(rounds) || !isCount(failures) || !isCount(age_seconds) || !isCount(duration_ms)) {
    return undefined;
  }
  // It goes into logs and onto terminals, and comes from another host.
  const common = { name, rounds, failures, detail: detail.slice(0, DETAIL_LENGTH), age_seconds, duration_ms };
  switch (value['state']) {
    case 'pass':
      return { ...common, state: 'pass', address: typeof address === 'string' ? address : '' };
    case 'broken':
      return { ...common, state: 'broken' };
    case 'fail': {
      const failed = STAGES.find((stage) => stage === value['failed']);
      return failed === undefined ? undefined : { ...common, state: 'fail', failed };
    }
    default:
      return undefined;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
