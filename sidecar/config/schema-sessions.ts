/** The keys of the section sessions: which clients are moved, where to, and how fast. */
import type { MapSpec } from './key-spec.ts';

/** `identity`: bound to who the client is (RADIUS, SQL, a pool of one). */
export const ADDRESS_KINDS = ['pool', 'identity'] as const;

export const SESSIONS = {
  doc: 'What becomes of connected clients when this gateway goes, or its routes change.',
  keys: {
    addresses: {
      doc: '"identity": a client gets the same inner address on every gateway, so it can be redirected and keeps its connections. "pool": each gateway hands out its own, so a client that moves logs in anew.',
      format: ADDRESS_KINDS,
      default: 'pool',
    },
    own_address: {
      doc: 'The IPv4 address that is this gateway alone, for clients that are pinned here.',
      format: 'address',
      default: null,
      unset: 'that of our own entry in `fleet.gateways`',
    },
    own_address6: {
      doc: 'The same for IPv6.',
      format: 'address',
      default: null,
      unset: 'that of our own entry in `fleet.gateways`',
    },
    connections: {
      doc: 'Connections of swanctl.conf whose IKE_SAs are clients.',
      format: 'list-of-texts',
      default: null,
      unset: 'those that take anybody on an anycast address',
    },
    ignore: {
      doc: 'Identities (EAP, else IKE) that are neither pinned nor swept: a canary. A drain moves them too.',
      format: 'list-of-texts',
      default: [],
    },
    rate_per_second: {
      doc: 'So many logins a second at most are caused at the other gateways. `swancast drain --rate` goes before it.',
      format: 'nat',
      minimum: 1,
      maximum: 10_000,
      default: 100,
    },
  },
  sections: {
    pin: {
      doc: 'Pinning: each new client on an anycast address is redirected (RFC 5685) to our own address, and then no change of routes takes its session away.',
      keys: {
        enabled: {
          doc: 'It doubles logins. `local_addrs` of the connection must include our own address.',
          format: 'boolean',
          default: false,
        },
        delay_ms: {
          doc: 'So long after the login: a redirect that overtakes the end of the login is repeated only after 4 s. More than the round trip of the slowest clients.',
          format: 'nat',
          minimum: 50,
          maximum: 60_000,
          default: 50,
        },
        rate_per_second: {
          doc: 'So many clients a second at most.',
          format: 'nat',
          minimum: 1,
          maximum: 10_000,
          default: 50,
        },
        storm_per_second: {
          doc: 'While more clients than this log in per second, pinning waits.',
          format: 'nat',
          minimum: 1,
          maximum: 100_000,
          default: 100,
        },
        verify_ms: {
          doc: 'Who has not moved after this long ignores redirects, and is left alone. More than one retransmission of the clients.',
          format: 'nat',
          minimum: 1000,
          maximum: 600_000,
          default: 10_000,
        },
      },
    },
    drain: {
      doc: 'How `swancast drain` goes on.',
      keys: {
        pin_first: {
          doc: 'Where clients are terminated: pin those on an anycast address before, so that none waits for its turn in silence. It doubles logins.',
          format: 'boolean',
          default: false,
        },
        worse_ms: {
          doc: 'How long the attributes `draining` stand before the withdrawal, so that the routers have found the other way.',
          format: 'nat',
          maximum: 60_000,
          default: 1000,
        },
        settle_ms: {
          doc: 'After the withdrawal, while nobody on an anycast address sends: so long until the route counts as moved.',
          format: 'nat',
          maximum: 60_000,
          default: 500,
        },
        settle_max_ms: {
          doc: 'The same while somebody still sends.',
          format: 'nat',
          maximum: 60_000,
          default: 3000,
        },
        verify_ms: {
          doc: 'Who was redirected and is still here after this long is terminated.',
          format: 'nat',
          minimum: 1000,
          maximum: 600_000,
          default: 5000,
        },
        deadline_seconds: {
          doc: 'After so long who is left stays. `swancast drain --deadline` goes before it.',
          format: 'whole-seconds',
          minimum: 1,
          maximum: 86_400,
          default: 300,
        },
      },
    },
    evacuate: {
      doc: 'Evacuation: what a drain does for the clients, when the checks withdraw a prefix, charon lives, and another gateway of the fleet is known to announce it.',
      keys: { enabled: { doc: 'Off: they wait for their DPD.', format: 'boolean', default: true } },
    },
    sweep: {
      doc: 'Sweeping: clients that fall silent when another gateway gets a better path are terminated here, so that they come up there at once. Never one that still sends.',
      keys: {
        enabled: {
          doc: 'Off: they wait for their DPD. On: a client that merely pauses for longer than quiet_ms just then logs in anew as well, so leave it off where traffic comes in bursts.',
          format: 'boolean',
          default: false,
        },
        before_ms: {
          doc: 'Silence that began so long before we heard of the better path still counts as its effect.',
          format: 'nat',
          maximum: 60_000,
          default: 3000,
        },
        after_ms: {
          doc: 'And so long after it.',
          format: 'nat',
          maximum: 600_000,
          default: 10_000,
        },
        quiet_ms: {
          doc: 'The shortest silence that counts.',
          format: 'nat',
          minimum: 50,
          maximum: 60_000,
          default: 300,
        },
      },
    },
  },
} as const satisfies MapSpec;
