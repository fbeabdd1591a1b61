/**
 * Why a check failed or does not know: one closed table. The token is the same in the log, the metric
 * label, `explain` and README.md beside this; class, sentence and way out belong to it and are written nowhere else.
 */
import { CHARON_REASONS } from './reasons/charon.ts';
import type { ReasonEntry } from './reasons/entry.ts';
import { HOST_REASONS } from './reasons/host.ts';
import { ROUTING_REASONS } from './reasons/routing.ts';
import { SERVICE_REASONS } from './reasons/service.ts';

export { CLASSES, type Class, type ReasonEntry } from './reasons/entry.ts';

export const HEALTH_REASONS = {
  ...CHARON_REASONS,
  ...SERVICE_REASONS,
  ...HOST_REASONS,
  ...ROUTING_REASONS,
  'check-timed-out': {
    class: 'advisory',
    sentence: 'the check did not come back in time, so nothing is known',
    wayOut: 'raise timeout_seconds if the host is slow; otherwise look at what the check talks to',
  },
  'host-exhausted': {
    class: 'advisory',
    sentence: 'the sidecar has no file descriptor or memory left to look with, so nothing is known',
    wayOut: 'raise LimitNOFILE of the unit; if it fills up again, `ls -l /proc/PID/fd` shows with what',
  },
  'check-crashed': {
    class: 'advisory',
    sentence: 'the check itself failed',
    wayOut: 'a defect: report it with the log line of this check',
  },
  lagging: {
    class: 'advisory',
    sentence: 'the sidecar itself was late, so what it timed says nothing about charon',
    wayOut: 'the host is short of CPU: see event_loop_lag_seconds and raise CPUWeight of the unit',
  },
  'not-run-yet': {
    class: 'advisory',
    sentence: 'the check has not run yet',
    wayOut: 'wait for its interval',
  },
  'cause-unknown': {
    class: 'advisory',
    sentence: 'nothing is known, because a check that this one depends on fails',
    wayOut: 'mend the cause named beside it',
  },
} as const satisfies Record<string, ReasonEntry>;

export type HealthReason = keyof typeof HEALTH_REASONS;
