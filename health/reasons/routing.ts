/** What is wrong between this gateway and the routers in front of it. */
import type { ReasonEntry } from './entry.ts';

export const ROUTING_REASONS = {
  'bfd-session-down': {
    class: 'advisory',
    sentence: 'a BFD session with a router is not up: that router has dropped our routes, or is not there',
    wayOut: '`vtysh -c "show bfd peers"` here and there: link, addresses, UDP 3784; does BGP with it stand?',
  },
  'bfd-session-missing': {
    class: 'advisory',
    sentence: 'bfdd has no session with a router that should have one',
    wayOut:
      'add the `peer` to the section bfd of frr.conf (deploy/routers/gateway-bfdd.conf), and reload FRR',
  },
  'bfd-not-known': {
    class: 'advisory',
    sentence: 'nothing is known of BFD sessions: bfdd of FRR did not say how they are',
    wayOut:
      'is it running (`systemctl status frr`, `bfdd=yes`), is swancast in the group frrvty, is limits.socket_directory right?',
  },
  'clients-split': {
    class: 'advisory',
    sentence:
      'a router seems to send UDP 500 of a client here and its UDP 4500 to another gateway: no tunnel comes up so',
    wayOut:
      'let the routers hash on addresses alone (Linux: net.ipv4.fib_multipath_hash_policy=0 and the one of ipv6; deploy/routers/README.md), or give up ECMP',
  },
  'charon-without-counters': {
    class: 'advisory',
    sentence: 'charon does not count its IKE messages, so nothing is known',
    wayOut: 'load its plugin `counters` (Debian: libcharon-extra-plugins), or remove the check',
  },
} as const satisfies Record<string, ReasonEntry>;
