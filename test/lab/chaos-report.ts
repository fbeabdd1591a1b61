/** What a chaos run says. Pure. */
import type { Growth } from './chaos-memory.ts';
import { describeFault, type ScheduledFault } from './chaos-schedule.ts';
import type { Breach, Reaction } from './observer-event.ts';
import { round, spreadOf, type Spread } from './report.ts';
import type { RouterKind } from './router.ts';
import { formatEvent, type LabEvent } from './timeline.ts';

export interface DoneFault extends ScheduledFault {
  readonly outcome: 'undone' | 'skipped' | 'cut short';
}

export interface ChaosReport {
  readonly exercise: 'chaos';
  readonly seed: number;
  readonly seconds: number;
  readonly router: RouterKind;
  readonly supervise: boolean;
  readonly versions: Readonly<Record<string, string>>;
  readonly faults: readonly DoneFault[];
  readonly breaches: readonly Breach[];
  readonly leftovers: readonly string[];
  readonly ok: boolean;
  /** For whoever counts tests: a chaos run is one. */
  readonly runs: readonly { readonly ok: boolean }[];
  readonly summary: {
    readonly faults: number;
    readonly withdrawals: number;
    readonly announcements: number;
    readonly recover_ms: Spread | undefined;
    /** By cause: how often, and the latest withdrawal against its bound (without slack), ms after the cause. */
    readonly reactions: Readonly<Record<string, { count: number; worst_ms: number; bound_ms: number }>>;
    readonly memory: readonly Growth[];
  };
}

export function summarizeReactions(reactions: readonly Reaction[]): ChaosReport['summary']['reactions'] {
  const byCause: Record<string, { count: number; worst_ms: number; bound_ms: number }> = {};
  for (const { why, tookMs, boundMs } of reactions) {
    const known = byCause[why];
    const isWorse = known === undefined || tookMs - boundMs > known.worst_ms - known.bound_ms;
    const { worst_ms, bound_ms } = isWorse ? { worst_ms: round(tookMs), bound_ms: round(boundMs) } : known;
    byCause[why] = { count: (known?.count ?? 0) + 1, worst_ms, bound_ms };
  }
  return byCause;
}

export function recoverySpread(recoveries: readonly number[]): Spread | undefined {
  return spreadOf(recoveries.map(round));
}

const SHOWN_EVENTS = 15;

export interface BreachScene {
  readonly breaches: readonly Breach[];
  readonly seed: number;
  readonly startedAt: number;
  readonly faults: readonly DoneFault[];
  readonly events: readonly LabEvent[];
  /** Lines: what the observer believes, kernel routes, processes. */
  readonly state: readonly string[];
  readonly logs: string;
}

/** Everything that one needs to understand a breach and to see it again. */
export function formatBreach(scene: BreachScene): string {
  const { breaches, seed, startedAt, faults, events, state, logs } = scene;
  const at = breaches[0]?.at ?? startedAt;
  const seconds = ((at - startedAt) / 1000).toFixed(3);
  const shown = events
    .filter((event) => event.kind !== 'traffic' && event.at <= at + 1)
    .toSorted((a, b) => a.at - b.at)
    .slice(-SHOWN_EVENTS);
  return [
    `BREACH at ${seconds} s, seed ${seed}:`,
    ...breaches.map(
      ({ invariant, gateway, prefix, text }) => `  ${invariant}  ${gateway} ${prefix}: ${text}`,
    ),
    'faults until then:',
    ...faults.map((fault) => `  ${describeFault(fault)} (${fault.outcome})`),
    'state:',
    ...state.map((line) => `  ${line}`),
    'last events, ms before the breach:',
    ...shown.map((event) => `  ${formatEvent(event, at)}`),
    `logs: ${logs}`,
  ].join('\n');
}

export function formatChaos({ seed, seconds, faults, summary, ok, leftovers }: ChaosReport): string {
  const { withdrawals, announcements, recover_ms, reactions, memory } = summary;
  const recovery =
    recover_ms === undefined
      ? 'nothing had to recover'
      : `recovered in ms: median ${recover_ms.median}, p95 ${recover_ms.p95}, max ${recover_ms.max}`;
  const skipped = faults.filter(({ outcome }) => outcome === 'skipped').length;
  return [
    `chaos: ${ok ? 'ok' : 'FAILED'}, seed ${seed}, ${seconds} s: ${summary.faults} faults (${skipped} skipped), ${withdrawals} withdrawals, ${announcements} announcements; ${recovery}`,
    ...Object.entries(reactions).map(
      ([why, { count, worst_ms, bound_ms }]) =>
        `  ${why}: ${count}, latest after ${worst_ms} ms (bound ${bound_ms} ms, plus what the machine stood still)`,
    ),
    ...memory.map(
      ({ name, pid, lived_s, begin_mb, end_mb }) =>
        `  memory of ${name} (${pid}) over ${lived_s} s: ${begin_mb} → ${end_mb} MB`,
    ),
    ...leftovers.map((line) => `  LEFT BEHIND: ${line}`),
  ].join('\n');
}
