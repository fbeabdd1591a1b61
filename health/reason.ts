/**
 * Why a check failed or does not know: one closed table. The token is the same in the log, the metric
 * label, `explain` and the README; class, sentence and way out belong to it and are written nowhere else.
 */

/** How bad it is, worst first (the table is in README, "How bad is it"). */
export const CLASSES = ['gone', 'not-serving', 'impaired', 'advisory'] as const;
export type Class = (typeof CLASSES)[number];

export interface ReasonEntry {
  readonly class: Class;
  /** What is the case, for a person at 3 a.m. */
  readonly sentence: string;
  /** What to do about it. */
  readonly wayOut: string;
}

export const HEALTH_REASONS = {
  'charon-gone': {
    class: 'gone',
    sentence: 'charon is not there: its VICI socket is closed or missing, and a new connection is refused',
    wayOut:
      'start it, if it never was (`systemctl enable --now strongswan`); else look at `systemctl status strongswan` and its journal for the crash; is strongswan.vici_socket right?',
  },
  'no-connections': {
    class: 'gone',
    sentence: 'charon runs, but has no connections loaded: every client gets NO_PROPOSAL_CHOSEN',
    wayOut: 'load them: `swanctl --load-all`; check that the unit does so after a restart',
  },
  'address-missing': {
    class: 'gone',
    sentence: 'the probed address is not on this host',
    wayOut:
      'add the anycast address again (`ip addr add ADDRESS dev lo`); it must never be removed to withdraw',
  },
  'vici-silent': {
    class: 'impaired',
    sentence: 'charon did not answer on VICI within the deadline',
    wayOut:
      'see whether its workers are stuck (`swanctl --stats`): a dead RADIUS server or a slow updown script',
  },
  'vici-denied': {
    class: 'impaired',
    sentence: 'the VICI socket may not be opened by this user',
    wayOut:
      "set `charon-systemd { group = swancast }` in strongswan.d, or put the user into the socket's group",
  },
  'not-charon': {
    class: 'not-serving',
    sentence: 'what listens on the VICI socket does not speak VICI, or is not charon',
    wayOut: 'check strongswan.vici_socket against `vici.socket` in strongswan.conf',
  },
  'ike-silent': {
    class: 'impaired',
    sentence: 'charon answers no IKE_SA_INIT, not even from its receiver thread',
    wayOut:
      'is charon frozen, or does a packet filter drop UDP 500/4500 on this host? try `swancast explain`',
  },
  'ike-workers-stuck': {
    class: 'impaired',
    sentence: "charon's receiver answers, but no worker is free to look at an IKE_SA_INIT",
    wayOut:
      'a dead RADIUS server or a slow updown script holds the workers: see `swanctl --stats`, queues and active',
  },
  'ike-overloaded': {
    class: 'impaired',
    sentence: "charon's receiver asks for a cookie, and no worker takes up the IKE_SA_INIT that brings it",
    wayOut:
      'a flood of IKE_SA_INIT, or stuck workers: see half-open and queues in `swanctl --stats`, and charon.cookie_threshold',
  },
  'ike-refused': {
    class: 'not-serving',
    sentence: 'nobody listens on the IKE port',
    wayOut: 'check charon.port and charon.port_nat_t, and that socket-default is loaded',
  },
  'ike-sas-below-minimum': {
    class: 'impaired',
    sentence: 'fewer IKE_SAs than the minimum that was reached while announced',
    wayOut: 'compare with the other gateways: did clients move, or do they fail to log in here?',
  },
  'ike-sas-above-maximum': {
    class: 'impaired',
    sentence: 'more IKE_SAs than this gateway is meant to carry',
    wayOut: 'add a gateway, or raise limits.ike_sas_maximum',
  },
  'child-sas-below-minimum': {
    class: 'impaired',
    sentence: 'fewer CHILD_SAs than the minimum that was reached while announced',
    wayOut: 'IKE_SAs without CHILD_SAs point to failed rekeys or exhausted pools: `swanctl --list-sas`',
  },
  'child-sas-above-maximum': {
    class: 'impaired',
    sentence: 'more CHILD_SAs than this gateway is meant to carry',
    wayOut: 'add a gateway, or raise limits.child_sas_maximum',
  },
  'connection-below-minimum': {
    class: 'impaired',
    sentence: 'a named connection has fewer IKE_SAs than its minimum',
    wayOut: '`swanctl --list-sas --ike NAME`; for a tunnel this gateway initiates, look at the far end',
  },
  'half-open-high': {
    class: 'impaired',
    sentence: 'too many IKE_SAs are half-open: clients start a login and do not finish it',
    wayOut: 'a flood, a dead RADIUS server, or fragments lost on the way: compare ike-auth counters',
  },
  'sa-collapse': {
    class: 'impaired',
    sentence: 'a large share of the IKE_SAs of the recent peak is gone',
    wayOut: 'look for a mass DELETE in the log of charon, a lost uplink, or an expired certificate',
  },
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
