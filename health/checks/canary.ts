/**
 * The check `canary`: a real client can log in at this gateway, is given an address, and gets traffic through.
 * It only reads what the canary tells (`swancast canary`, a daemon of its own), which has its own slow pace.
 */
import { fetchReport, urgeCanary, type Fetched } from '../canary/fetch.ts';
import type { Stage, TunnelReport } from '../canary/report.ts';
import type { Check, CheckOptions, Judgement } from '../check.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import type { HealthReason } from '../reason.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  report: {
    doc: 'Where the canary tells how it went: the path of its socket (report.socket), or "http://ADDRESS:PORT" (report.listen).',
    format: 'String',
    default: '/run/swancast-canary/report.sock',
  },
  tunnel: {
    doc: 'Which of its tunnels goes through this gateway; empty: the only one it has.',
    format: 'String',
    default: '',
  },
  address: {
    doc: 'The anycast address that the tunnel stands for: only prefixes of its family are concerned. Empty: all.',
    format: 'ip-or-empty',
    default: '',
  },
  failures: {
    doc: 'Rounds in a row that must fail before the gateway is to blame; until then nothing is known. 0 counts as 1.',
    format: 'nat',
    default: 3,
  },
  report_age_seconds: {
    doc: 'A last round older than this, or a canary not heard of for this long, counts as silent; more than its interval_seconds.',
    format: 'nat',
    default: 90,
  },
} as const satisfies LimitSchema;

export type CanaryLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

export interface Observation {
  readonly fetched: Fetched;
  /** Since a report was last read, or since the check began; milliseconds. */
  readonly silentMs: number;
}

const REASONS: Readonly<Record<Stage, HealthReason>> = {
  'no-answer': 'canary-no-answer',
  'no-auth': 'canary-no-auth',
  'no-address': 'canary-no-address',
  'no-traffic': 'canary-no-traffic',
};

/** Its silence is nobody's fault but its own: it is told, and never held against the gateway. */
export function judge({ fetched, silentMs }: Observation, limit: CanaryLimits): Judgement {
  if ('absent' in fetched) return silent(silentMs > limit.reportAgeMs, fetched.absent);
  const { tunnel: wanted } = limit;
  const [tunnel, another] = fetched.tunnels.filter(({ name }) => wanted === '' || name === wanted);
  if (tunnel === undefined) {
    const what = wanted === '' ? 'no tunnel' : `no tunnel "${wanted}"`;
    return silent(silentMs > limit.reportAgeMs, `${fetched.canary} has tried ${what} yet`);
  }
  if (another !== undefined) {
    return silent(true, `${fetched.canary} has several tunnels: name one in limits.tunnel`);
  }
  const ageMs = tunnel.age_seconds * 1000;
  const seen = `${ago(tunnel)}: ${tunnel.detail}`;
  if (ageMs > limit.reportAgeMs) return silent(true, `its last round ended ${seen}`);
  switch (tunnel.state) {
    case 'pass':
      return { verdict: 'pass', value: `${seen}, in ${String(tunnel.duration_ms)} ms` };
    case 'broken':
      return silent(true, seen);
    case 'fail': {
      const least = Math.max(1, limit.failures);
      const value = `failed ${times(tunnel.failures)}, the last ${seen}`;
      const reason = REASONS[tunnel.failed];
      if (tunnel.failures >= least) return { verdict: 'fail', reason, value };
      return { verdict: 'unknown', reason, value: `${value} (${String(least)} count)` };
    }
    default:
      return never(tunnel);
  }
}

/** Only for a moment it is unknown: what was known before still stands then. */
const silent = (long: boolean, value: string): Judgement => ({
  verdict: long ? 'fail' : 'unknown',
  reason: 'canary-silent',
  value,
});

const ago = ({ age_seconds: age }: TunnelReport): string => `${age.toFixed(0)} s ago`;

const times = (count: number): string => (count === 1 ? 'once' : `${String(count)} times in a row`);

const never = (tunnel: never): never => {
  throw new Error(`no such state of a round: ${JSON.stringify(tunnel)}`);
};

// --------------------------------------------------------------------------------------------- observe

export function create(options: CheckOptions<CanaryLimits>, { now }: World): Check {
  const { limits: own, ...check } = options;
  const deadlineMs = check.pace.timeoutMs * 0.9;
  let heardAt = now();
  return {
    ...check,
    async observe(signal) {
      const fetched = await fetchReport(own.report, deadlineMs, signal);
      const silentMs = now() - heardAt;
      if (!('absent' in fetched) && fetched.tunnels.length > 0) heardAt = now();
      return judge({ fetched, silentMs }, own);
    },
    urge() {
      void urgeCanary(own.report, deadlineMs);
    },
  };
}
