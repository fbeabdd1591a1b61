/**
 * The check `rekey`: CHILD_SAs are rekeyed when they are due. charon (5.9, 6.0) raises no event for a rekey that
 * failed; it shows in the counters (exchanges that lead to nothing) at once, and then in the CHILD_SAs, whose
 * time to be rekeyed passes until they expire. The counters make this check list; what is overdue decides.
 */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import { askCounters } from '../counters.ts';
import type { Down } from '../down.ts';
import { watchErrorNotify } from '../error-notify.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import { OverdueWatch, type Overdue } from '../overdue.ts';
import { RekeyTally, type RekeyCount } from '../rekey-tally.ts';
import type { World } from '../world.ts';
import { withSample } from '../window.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  overdue_seconds: {
    doc: 'How long after its time a CHILD_SA may still wait to be rekeyed: charon tries again after some 15 s.',
    format: 'nat',
    default: 30,
  },
  overdue_percent: {
    doc: 'This share of the CHILD_SAs must be overdue to hold it against the gateway.',
    format: 'percent',
    default: 10,
  },
  overdue_minimum: {
    doc: 'Fewer overdue CHILD_SAs than this are the trouble of a few clients.',
    format: 'nat',
    default: 3,
  },
  failed_percent: {
    doc: 'This share of the CREATE_CHILD_SA exchanges of the window must have led to nothing to report it. 0: off.',
    format: 'percent',
    default: 80,
  },
  failed_minimum: {
    doc: 'Fewer such exchanges than this in the window are not reported.',
    format: 'nat',
    default: 5,
  },
  window_seconds: {
    doc: 'How far back exchanges are counted.',
    format: 'nat',
    default: 300,
  },
  list_interval_seconds: {
    doc: 'How often to look with list-sas while the counters show nothing, which holds up IKE on large gateways; rarer by itself when it is slow.',
    format: 'nat',
    default: 300,
  },
  error_notify_socket: {
    doc: 'Socket of the plugin error-notify (charon.enfy), to hear of failures before strongSwan 6.0.3, which has the event alert. Empty: none.',
    format: 'String',
    default: '',
  },
} as const satisfies LimitSchema;

export type RekeyLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

/** Counts go up; `at` is monotonic milliseconds. */
export interface RekeySample extends RekeyCount {
  readonly at: number;
}

export type RekeyObservation =
  { readonly kind: 'seen'; readonly sample: RekeySample; readonly overdue: Overdue | undefined } | Down;

/** Oldest first, of one run of charon. */
export type RekeyMemory = readonly RekeySample[];

/** With what the counters say now; they begin anew with a new charon. */
export function remember(memory: RekeyMemory, sample: RekeySample, windowMs: number): RekeyMemory {
  const last = memory.at(-1);
  const same = last === undefined || (last.exchanges <= sample.exchanges && last.done <= sample.done);
  return withSample(same ? memory : [], sample, windowMs);
}

/** How many exchanges of the window led to something, and how many to nothing. */
export function exchanged(memory: RekeyMemory): { readonly done: number; readonly failed: number } {
  const [first, last] = [memory[0], memory.at(-1)];
  if (first === undefined || last === undefined) return { done: 0, failed: 0 };
  const done = last.done - first.done;
  return { done, failed: Math.max(0, last.exchanges - first.exchanges - done) };
}

/** `memory` holds the sample of the observation already. */
export function judge(observation: RekeyObservation, limit: RekeyLimits, memory: RekeyMemory): Judgement {
  if (observation.kind !== 'seen') {
    return { verdict: 'unknown', reason: 'cause-unknown', value: observation.detail };
  }
  const { overdue, sample } = observation;
  const { done, failed } = exchanged(memory);
  const alerts = sample.alerts - (memory[0]?.alerts ?? 0);
  const told = alerts > 0 ? `, ${String(alerts)} alerts` : '';
  if (overdue !== undefined && overdue.overdue >= Math.max(1, limit.overdueMinimum)) {
    if (overdue.overdue * 100 >= limit.overduePercent * overdue.installed) {
      const value = `${String(overdue.overdue)} of ${String(overdue.installed)} CHILD_SAs overdue (${overdue.connections.join(', ')})`;
      return { verdict: 'fail', reason: 'rekeys-overdue', value: value + told };
    }
  }
  const exchanges = `${String(failed)} of ${String(failed + done)} CREATE_CHILD_SA exchanges led to nothing`;
  if (limit.failedPercent > 0 && failed >= Math.max(1, limit.failedMinimum)) {
    if (failed * 100 >= limit.failedPercent * (failed + done)) {
      return { verdict: 'fail', reason: 'rekeys-failing', value: exchanges + told };
    }
  }
  const late =
    overdue === undefined
      ? 'not listed yet'
      : `${String(overdue.overdue)} of ${String(overdue.installed)} CHILD_SAs overdue`;
  return { verdict: 'pass', value: late + told };
}

// --------------------------------------------------------------------------------------------- observe

export function create(options: CheckOptions<RekeyLimits>, { link, now, log }: World): Check {
  const { limits: own, ...check } = options;
  const deadlineMs = check.pace.timeoutMs * 0.9;
  const counted = new RekeyTally();
  const watch = new OverdueWatch({
    link,
    now,
    allowedSeconds: own.overdueMs / 1000,
    listIntervalMs: own.listIntervalMs,
  });
  let memory: RekeyMemory = [];
  const see = async (signal: AbortSignal): Promise<RekeyObservation> => {
    const at = now();
    const counters = await link.ask(askCounters, deadlineMs, signal);
    if (counters.kind !== 'answered') return counters;
    const sample = { at, ...counted.with(counters.answer) };
    const last = memory.at(-1);
    memory = remember(memory, sample, own.windowMs);
    const suspicious =
      last !== undefined &&
      (sample.alerts > last.alerts || sample.exchanges - last.exchanges > sample.done - last.done);
    await watch.list(suspicious, signal);
    const { found } = watch;
    if (found !== undefined && 'kind' in found) return found;
    return { kind: 'seen', sample, overdue: found };
  };
  return {
    ...check,
    async observe(signal) {
      const observation = await see(signal);
      return judge(observation, own, memory);
    },
    watch() {
      const stops = [
        link.onEvent((event) => {
          counted.apply(event);
        }),
        link.onUp(() => {
          counted.forget();
        }),
        ...(own.errorNotifySocket === ''
          ? []
          : [
              watchErrorNotify(
                own.errorNotifySocket,
                (type) => {
                  counted.alert(type);
                },
                log,
              ),
            ]),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
