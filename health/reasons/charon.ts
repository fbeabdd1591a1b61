/** Why charon itself does not serve: the process, its two planes, its workers, its IKE_SAs and CHILD_SAs. */
import type { ReasonEntry } from './entry.ts';

export const CHARON_REASONS = {
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
    sentence: 'an address that must be on this host is not there',
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
  'connection-incomplete': {
    class: 'impaired',
    sentence: 'a tunnel that this gateway initiates has its IKE_SA, but no installed CHILD_SA',
    wayOut:
      '`swanctl --list-sas --ike NAME`; traffic selectors or proposals that the far end refuses: see the log',
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
  'sas-lost': {
    class: 'impaired',
    sentence: 'many clients vanished: their IKE_SAs ended without a DELETE from either side',
    wayOut: 'a lost uplink, a route that moved, a packet filter? `ip route`, and the other gateways',
  },
  'rekeys-overdue': {
    class: 'impaired',
    sentence: 'many CHILD_SAs are due and not rekeyed: they expire, and their traffic ends',
    wayOut:
      'proposals (PFS groups) or traffic selectors that both sides no longer agree on: see the log of charon',
  },
  'rekeys-failing': {
    class: 'advisory',
    sentence: 'most CREATE_CHILD_SA exchanges lead to nothing, of a few clients only or not for long yet',
    wayOut: 'look for "CHILD_SA rekeying failed" or NO_PROPOSAL_CHOSEN in the log of charon, and whose it is',
  },
  'workers-exhausted': {
    class: 'impaired',
    sentence: 'no worker of charon is idle, and jobs wait',
    wayOut:
      'a dead RADIUS server or a slow updown script holds them; raise charon.threads only once that is mended',
  },
  'jobs-stuck': {
    class: 'impaired',
    sentence: 'charon answers, but jobs of one priority wait and are not worked off',
    wayOut:
      'low priority is logins and rekeys: look for a dead RADIUS server or a slow updown script (`swanctl --stats`)',
  },
  'charon-restarted': {
    class: 'advisory',
    sentence: 'charon was restarted a short while ago, and with it went every IKE_SA',
    wayOut: 'a crash? `coredumpctl list charon-systemd` and the journal of the unit tell',
  },
} as const satisfies Record<string, ReasonEntry>;
