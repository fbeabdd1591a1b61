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
    sentence: "charon's VICI socket closed and a new connection is refused",
    wayOut: 'look at `systemctl status strongswan` and the journal of charon for the crash; start it again',
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
  'logins-failing': {
    class: 'impaired',
    sentence: 'most clients that try to log in are turned away',
    wayOut:
      'look for "authentication of" in the log of charon: an expired certificate, a changed secret, RADIUS',
  },
  'logins-stuck': {
    class: 'impaired',
    sentence: 'clients begin to log in and neither get in nor are turned away',
    wayOut: 'a RADIUS server that does not answer, a slow updown script, or fragments lost on the way back',
  },
  'certificate-expired': {
    class: 'impaired',
    sentence: 'a certificate that this gateway needs has expired: clients refuse it',
    wayOut: 'renew it and `swanctl --load-creds`; the other gateways most likely have the same',
  },
  'certificate-not-yet-valid': {
    class: 'impaired',
    sentence: 'a certificate that this gateway needs is not valid yet',
    wayOut: 'is the clock of this host right (`timedatectl`)? otherwise load the certificate of before',
  },
  'certificate-key-missing': {
    class: 'impaired',
    sentence: 'charon has a certificate, but not the private key to it: nobody can log in',
    wayOut: 'put the key into swanctl/private (or rsa, ecdsa, pkcs8) and `swanctl --load-creds`',
  },
  'certificate-missing': {
    class: 'impaired',
    sentence: 'a connection shows a certificate, and charon has none for it',
    wayOut: '`swanctl --list-certs` shows what is loaded; `swanctl --load-creds` loads it',
  },
  'certificate-identity-missing': {
    class: 'impaired',
    sentence: 'no certificate of this gateway carries an identity that clients expect',
    wayOut: 'issue it with that name as subjectAltName; compare `id` in swanctl.conf',
  },
  'certificate-expiring': {
    class: 'advisory',
    sentence: 'a certificate that this gateway needs expires soon',
    wayOut: 'renew it on all gateways before it does; `swanctl --load-creds` takes it over without a restart',
  },
  'pool-exhausted': {
    class: 'impaired',
    sentence: 'a pool of virtual addresses has none left: new clients log in and get no address',
    wayOut: '`swanctl --list-pools --leases`; enlarge the pool, or look for clients that hold several leases',
  },
  'pool-missing': {
    class: 'impaired',
    sentence: 'a pool of virtual addresses that is meant to be there is not loaded',
    wayOut: 'load it: `swanctl --load-pools`; compare its name with the configuration',
  },
  'pool-filling': {
    class: 'advisory',
    sentence: 'a pool of virtual addresses is nearly full',
    wayOut: 'enlarge the pool before it is exhausted: `swanctl --list-pools`',
  },
  'canary-no-answer': {
    class: 'not-serving',
    sentence: 'a real client (the canary) gets no answer to IKE_SA_INIT',
    wayOut:
      'compare with ike-probe: if that passes, something between the canary and charon drops UDP 500/4500',
  },
  'canary-no-auth': {
    class: 'not-serving',
    sentence: 'a real client (the canary) is answered, but cannot log in',
    wayOut:
      "look for its identity in charon's log: proposal, certificate, secret, RADIUS; has its own certificate expired?",
  },
  'canary-no-address': {
    class: 'not-serving',
    sentence: 'a real client (the canary) logs in, but gets no address or no CHILD_SA',
    wayOut:
      'is the pool full (`swanctl --list-pools`), do the traffic selectors fit, can the kernel take SAs?',
  },
  'canary-no-traffic': {
    class: 'not-serving',
    sentence: 'the tunnel of a real client (the canary) comes up, but nothing comes through it',
    wayOut:
      'forwarding, packet filter, the return route to the pool, or the endpoint itself: ping it from here',
  },
  'canary-silent': {
    class: 'advisory',
    sentence: 'the canary does not tell how a real client fares, so that nobody watches it',
    wayOut: 'is its daemon (`swancast canary`) running, and its charon? is limits.report right?',
  },
  'interface-down': {
    class: 'not-serving',
    sentence: 'a network interface that must be up is down, has no carrier, or is not there',
    wayOut: '`ip link show DEVICE`: is it set up, is the cable or the far end gone, did its name change?',
  },
  'default-route-missing': {
    class: 'not-serving',
    sentence: 'this host has no default route, so answers to clients go nowhere',
    wayOut: '`ip route show default`, `ip -6 route show default`: what should have set it, DHCP, RA or BGP?',
  },
  'mtu-low': {
    class: 'impaired',
    sentence: 'the MTU of a network interface is below its minimum: large packets of clients get lost',
    wayOut: '`ip link set DEVICE mtu N`, and look for what lowered it',
  },
  'interface-errors': {
    class: 'advisory',
    sentence: 'a network interface counts errors or drops faster than it may',
    wayOut: '`ip -s -s link show DEVICE`, `ethtool -S DEVICE`: cable, far end, ring size, load',
  },
  'inside-unreachable': {
    class: 'not-serving',
    sentence: 'nothing behind the gateway can be reached: tunnels come up and lead nowhere',
    wayOut: 'look at the inside interface, its routes and the firewall; every endpoint is named beside it',
  },
  'inside-below-minimum': {
    class: 'impaired',
    sentence: 'too few of the endpoints behind the gateway can be reached',
    wayOut: 'try the endpoints named beside it from this host; is one of them broken, or the way to it?',
  },
  'program-unusable': {
    class: 'advisory',
    sentence: 'a program that the check needs cannot be started or used, so nothing is known',
    wayOut: 'is it installed, executable, and allowed for the user of swancast?',
  },
  'exec-critical': {
    class: 'impaired',
    sentence: 'a program of the operator says that something is broken (exit code 2)',
    wayOut: 'run it by hand as the user of swancast: `swancast config print` shows its command',
  },
  'exec-warning': {
    class: 'advisory',
    sentence: 'a program of the operator warns (exit code 1)',
    wayOut: 'run it by hand as the user of swancast: `swancast config print` shows its command',
  },
  'exec-timed-out': {
    class: 'impaired',
    sentence: 'a program of the operator did not end in time and was killed',
    wayOut: 'run it by hand to see what it waits for, or raise timeout_seconds',
  },
  'exec-unknown': {
    class: 'advisory',
    sentence: 'a program of the operator does not know (exit code 3, another one, or a signal)',
    wayOut: 'run it by hand as the user of swancast; 127 means that it called something that is not there',
  },
  'http-no-answer': {
    class: 'impaired',
    sentence: 'a page of the operator cannot be got',
    wayOut: 'try it with `curl -v URL` on this host: is the server up, does its certificate hold?',
  },
  'http-unexpected': {
    class: 'impaired',
    sentence: 'a page of the operator answers, but not as expected',
    wayOut: 'compare `curl -i URL` with limits.status and limits.body',
  },
  'cpu-pressure': {
    class: 'advisory',
    sentence: 'work on this host waits for a CPU much of the time',
    wayOut: '`top`: what takes the CPU? give charon and swancast more weight, or the gateway more cores',
  },
  'memory-pressure': {
    class: 'advisory',
    sentence: 'this host is short of memory',
    wayOut: '`ps aux --sort=-rss`: what grew? before the kernel kills charon, restart it in a drain',
  },
  'io-pressure': {
    class: 'advisory',
    sentence: 'work on this host waits for disks much of the time',
    wayOut: '`iostat -x 1`, `iotop`: a full log disk or a backup? charon logs synchronously',
  },
  'file-descriptors-low': {
    class: 'advisory',
    sentence: 'file descriptors are nearly used up',
    wayOut: 'raise LimitNOFILE of the unit, or fs.file-max; look for what leaks them',
  },
  'charon-memory-growing': {
    class: 'advisory',
    sentence: 'the memory of charon grew a lot within the window',
    wayOut: 'compare with the number of IKE_SAs; if they did not grow, plan a restart of charon in a drain',
  },
  'clock-unsynchronised': {
    class: 'advisory',
    sentence: 'the clock of this host is not synchronised: certificates may seem expired or not yet valid',
    wayOut: '`timedatectl`, `chronyc tracking`: can the time servers be reached?',
  },
  'clients-without-state': {
    class: 'advisory',
    sentence: 'packets of clients land here whose IKE_SAs and CHILD_SAs are on another gateway',
    wayOut: 'a route shift or ECMP over 500, 4500 and ESP: compare the routers; pinned sessions are safe',
  },
  'ipsec-errors-in': {
    class: 'advisory',
    sentence: 'the kernel drops packets that came in by IPsec faster than it may',
    wayOut: '`cat /proc/net/xfrm_stat` twice: the counters that grow are named beside it',
  },
  'ipsec-errors-out': {
    class: 'advisory',
    sentence: 'the kernel cannot send packets by IPsec and drops them faster than it may',
    wayOut: '`cat /proc/net/xfrm_stat` twice: the counters that grow are named beside it',
  },
  'kernel-without-xfrm-statistics': {
    class: 'advisory',
    sentence: 'this kernel does not count IPsec errors, so nothing is known',
    wayOut:
      'a kernel with CONFIG_XFRM_STATISTICS, or remove the check; user space ESP (kernel-libipsec) has none',
  },
  'check-timed-out': {
    class: 'advisory',
    sentence: 'the check did not come back in time, so nothing is known',
    wayOut: 'raise timeout_seconds if the host is slow; otherwise look at what the check talks to',
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
