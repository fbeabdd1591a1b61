/** The keys of the two lists that say which routes go where: prefixes and bgp.neighbors. */
import { PREPEND_MAXIMUM } from '../../bgp/announcement.ts';
import type { MapSpec } from './key-spec.ts';

const ANNOUNCED = {
  doc: 'The attributes of the route while all is well.',
  keys: {
    med: {
      doc: 'Multi-exit discriminator (RFC 4271); the lower one wins between routes of one neighboring AS.',
      format: 'nat',
      maximum: 4_294_967_295,
      default: 100,
    },
    local_preference: {
      doc: 'Only for iBGP neighbors; the higher one wins.',
      format: 'nat',
      maximum: 4_294_967_295,
      default: null,
      unset: 'not sent',
    },
    prepend: {
      doc: 'How many times our own AS stands in front once more. Impossible (0) with an iBGP neighbor, which drops a route with its own AS in the path, and with a neighbor that is shown another local_as.',
      format: 'nat',
      maximum: PREPEND_MAXIMUM,
      default: 0,
    },
    communities: {
      doc: 'Communities (RFC 1997): "65001:100", or a name: no-export, graceful-shutdown and so on.',
      format: 'list-of-communities',
      default: [],
    },
    large_communities: {
      doc: 'Large communities (RFC 8092): "65001:1:2".',
      format: 'list-of-large-communities',
      default: [],
    },
  },
} as const satisfies MapSpec;

const LIKE_ANNOUNCED = { default: null, unset: 'as in `announced`' } as const;

const DEGRADED = {
  doc: 'The attributes while this gateway serves, but badly: they must make the route worse than `announced`, so that a better gateway gets the clients.',
  keys: {
    med: { ...ANNOUNCED.keys.med, default: 1000 },
    local_preference: { ...ANNOUNCED.keys.local_preference, ...LIKE_ANNOUNCED },
    prepend: { ...ANNOUNCED.keys.prepend, default: null, unset: '3, or 0 where prepending is impossible' },
    communities: { ...ANNOUNCED.keys.communities, ...LIKE_ANNOUNCED },
    large_communities: { ...ANNOUNCED.keys.large_communities, ...LIKE_ANNOUNCED },
  },
} as const satisfies MapSpec;

export const PREFIX = {
  doc: 'The anycast prefixes, of either family.',
  keys: {
    prefix: {
      doc: 'Address and length, host bits zero. Give IPv6 prefixes in quotes.',
      format: 'prefix',
      example: '192.0.2.1/32',
    },
    next_hop: {
      doc: '"self" (our address of the BGP session), or an address of the same family as the prefix.',
      format: 'next-hop',
      default: 'self',
    },
    checks: {
      doc: 'The names of the checks it stands on; one of them has the type charon.',
      format: 'list-of-names',
      default: null,
      unset: 'all checks; one with an address only for prefixes of its family',
    },
  },
  sections: { announced: ANNOUNCED, degraded: DEGRADED },
} as const satisfies MapSpec;

export const NEIGHBOR = {
  doc: 'The routers.',
  keys: {
    address: { doc: "The router's address.", format: 'address', example: '10.1.1.1' },
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
      doc: 'BGP hold time, whole seconds. It bounds how long a lost host or link stays announced; below 9 a busy router may drop the session for nothing.',
      format: 'whole-seconds',
      minimum: 3,
      maximum: 65_535,
      default: 9,
    },
    port: { doc: "The router's TCP port.", format: 'port', default: 179 },
    password_file: {
      doc: 'A file whose content is the TCP MD5 password (RFC 2385), readable by its owner alone.',
      format: 'path',
      default: null,
      unset: 'no password',
    },
    outgoing_ttl: {
      doc: 'TTL of what we send: 255 for a router that enforces GTSM (RFC 5082).',
      format: 'nat',
      minimum: 1,
      maximum: 255,
      default: null,
      unset: "the kernel's default",
    },
    families: {
      doc: 'Address families negotiated. The one that is not that of the session needs a `next_hop` in its prefixes.',
      format: 'list-of-families',
      default: null,
      unset: 'the family of `address`',
    },
  },
} as const satisfies MapSpec;
