/** All reasons of the product in one table: those of the checks, and those of the decision itself. */
import { HEALTH_REASONS, type HealthReason, type ReasonEntry } from '../health/reason.ts';

export const DECISION_REASONS = {
  'all-pass': {
    class: 'advisory',
    sentence: 'every check that bears on the announcement passes',
    wayOut: 'nothing to do',
  },
  starting: {
    class: 'advisory',
    sentence: 'the announcement is not earned yet: a required check has not risen',
    wayOut: 'wait for the check named beside it, or see why it does not pass',
  },
  'hold-down': {
    class: 'advisory',
    sentence: 'the checks pass again, and must go on passing until the hold-down is over',
    wayOut: 'wait; the hold-down doubles with every flap and halves with every quiet period',
  },
  'flap-hold': {
    class: 'advisory',
    sentence: 'it stepped down too often of late, so it is held degraded: every step moves clients',
    wayOut:
      'mend what made it flap (see the history), then `swancast release PREFIX`; without that it ends by itself after decision.flap_hold_seconds',
  },
  'last-gateway': {
    class: 'advisory',
    sentence: 'it fails, but no other gateway is known that announces it and is better off, so it stays',
    wayOut: 'mend the cause; see `swancast fleet` for what is known of the others',
  },
  yielding: {
    class: 'advisory',
    sentence: 'announced behind another gateway that has the prefix already (preempt: false)',
    wayOut: 'nothing to do; it takes over as soon as no other gateway has the prefix',
  },
  'guard-absent': {
    class: 'advisory',
    sentence: 'the guard in ExaBGP does not answer on the lease socket, so nothing can be announced',
    wayOut: 'look at the log of ExaBGP; with bgp.supervise: false, at the unit that runs ExaBGP',
  },
  adopted: {
    class: 'advisory',
    sentence: 'found announced by a predecessor; kept until the own checks have risen',
    wayOut: 'wait; it withdraws by itself when lease.handover_seconds pass first',
  },
  'adoption-expired': {
    class: 'not-serving',
    sentence: 'the own checks did not rise before lease.handover_seconds passed',
    wayOut: 'see which check does not pass: `swancast explain`',
  },
  'both-planes-silent': {
    class: 'not-serving',
    sentence: 'charon answers neither VICI nor IKE_SA_INIT: it is frozen, or not on the processor',
    wayOut: 'look at the state of the charon process (stopped? swapping?), then restart strongSwan',
  },
  'evidence-stale': {
    class: 'not-serving',
    sentence: 'nothing has proved charon alive for longer than lease.max_age_seconds',
    wayOut: 'see why the check charon does not pass: `swancast explain`',
  },
  'check-stale': {
    class: 'impaired',
    sentence: 'a check has known nothing for longer than its max_age_seconds',
    wayOut: 'see why it does not come to an answer; raise its timeout_seconds if the host is slow',
  },
  'lease-lapsed': {
    class: 'not-serving',
    sentence: 'the guard withdrew because this sidecar did not renew in time',
    wayOut: 'the sidecar stood still: see event_loop_lag_seconds, memory and CPU pressure of the host',
  },
  'forced-announce': {
    class: 'advisory',
    sentence: 'an operator forced it to be announced, whatever the checks say',
    wayOut: 'it ends by itself; `swancast release` ends it now, and the checks decide again',
  },
  'forced-withdraw': {
    class: 'advisory',
    sentence: 'an operator forced it to be withdrawn, whatever the checks say',
    wayOut: 'it ends by itself; `swancast release` ends it now, and the checks decide again',
  },
  draining: {
    class: 'advisory',
    sentence: 'an operator empties this gateway: announced with worse attributes, and withdrawn in a moment',
    wayOut:
      'see `swancast status` for how far it is; `swancast undrain` ends it, and the checks decide again',
  },
  drained: {
    class: 'advisory',
    sentence: 'an operator emptied this gateway: it stays withdrawn, whatever the checks say',
    wayOut: '`swancast undrain` when the work is done; then the checks decide again, without a hold-down',
  },
  'restart-grace': {
    class: 'advisory',
    sentence: 'charon is gone or not ready again, and may come back within strongswan.restart_grace_ms',
    wayOut: 'wait; it is withdrawn by itself when the grace is over, or the evidence is too old',
  },
  stopping: {
    class: 'advisory',
    sentence: 'the sidecar was told to stop, and withdraws first',
    wayOut: 'start it again: its unit, or `swancast run`',
  },
} as const satisfies Record<string, ReasonEntry>;

export const REASONS = { ...HEALTH_REASONS, ...DECISION_REASONS };
export type Reason = HealthReason | keyof typeof DECISION_REASONS;
