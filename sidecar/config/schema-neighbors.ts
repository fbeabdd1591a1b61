/** The keys of the list bgp.neighbors. */
import { SIDES } from './config.ts';
import type { MapSpec } from './key-spec.ts';

export const NEIGHBOR = {
  doc: 'The routers.',
  keys: {
    name: {
      doc: 'A name for it, for `neighbors` of a prefix.',
      format: 'neighbor-name',
      default: null,
      unset: 'its address',
    },
    address: { doc: "The router's address.", format: 'address', example: '10.1.1.1' },
    side: {
      doc: 'Whether it leads to the clients or to the own network; prefixes go to the neighbors of their side.',
      format: SIDES,
      default: 'outside',
    },
    peer_as: { doc: "The router's AS number.", format: 'asn', example: 65000 },
    local_as: {
      doc: 'The AS number we show this neighbor.',
      format: 'asn',
      default: null,
      unset: '`bgp.local_as`',
    },
    local_address: {
      doc: 'Our address of the session, of the same family. It must be on this host and must not be the anycast address.',
      format: 'address',
      example: '10.1.1.2',
    },
    hold_time_seconds: {
      doc: 'BGP hold time, whole seconds. It bounds how long a lost host or link stays announced where there is no BFD; below 9 a busy router may drop the session for nothing.',
      format: 'whole-seconds',
      minimum: 3,
      maximum: 65_535,
      default: 9,
    },
    port: {
      doc: "The router's TCP port, another than 179 for a router program on this host; with `passive` ours.",
      format: 'port',
      default: 179,
    },
    passive: {
      doc: 'true: wait for the router to connect to `local_address` and `port`, instead of connecting to it. For a port below 1024 ExaBGP needs CAP_NET_BIND_SERVICE.',
      format: 'boolean',
      default: false,
    },
    password_file: {
      doc: 'A file whose content is the TCP MD5 password (RFC 2385), readable by its owner alone.',
      format: 'path',
      default: null,
      unset: 'no password',
    },
    password_credential: {
      doc: 'The same as a systemd credential: its name in `LoadCredential=` of the unit that needs it (swancast; with `supervise: false` the one that renders exabgp.conf).',
      format: 'credential',
      default: null,
      unset: 'no password',
    },
    gtsm: {
      doc: 'true: the router drops what does not come with TTL 255 (RFC 5082), so all is sent with it. What comes in is for a rule of the packet filter to check.',
      format: 'boolean',
      default: false,
    },
    multihop: {
      doc: 'How many hops away the router is at most: the TTL of what is sent, unless `gtsm`.',
      format: 'nat',
      minimum: 1,
      maximum: 255,
      default: null,
      unset: "the kernel's default TTL",
    },
    outgoing_ttl: {
      doc: 'TTL of what we send, where `gtsm` and `multihop` do not say it.',
      format: 'nat',
      minimum: 1,
      maximum: 255,
      default: null,
      unset: "255 with `gtsm`, else `multihop`, else the kernel's default",
    },
    families: {
      doc: 'Address families negotiated. The one that is not that of the session needs a `next_hop` in its prefixes.',
      format: 'list-of-families',
      default: null,
      unset: 'the family of `address`',
    },
  },
} as const satisfies MapSpec;
