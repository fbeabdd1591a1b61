/** The keys of the list prefixes: which routes, to whom, with what on them. */
import { PREPEND_MAXIMUM } from '../../bgp/announcement.ts';
import { SIDES } from './config.ts';
import type { MapSpec } from './key-spec.ts';

const ATTRIBUTES = {
  next_hop: {
    doc: '"self", or an address of the family of the prefix.',
    format: 'next-hop',
    default: null,
    unset: '`next_hop` of the prefix',
  },
  med: {
    doc: 'Multi-exit discriminator (RFC 4271); the lower one wins between routes of one neighboring AS.',
    format: 'nat',
    maximum: 4_294_967_295,
    default: null,
  },
  local_preference: {
    doc: 'The higher one wins. Only iBGP neighbors are sent it.',
    format: 'nat',
    maximum: 4_294_967_295,
    default: null,
  },
  prepend: {
    doc: 'How many times our own AS stands in front once more. Left out for iBGP neighbors, which drop a route with their own AS in the path, and for those that are shown another local_as.',
    format: 'nat',
    maximum: PREPEND_MAXIMUM,
    default: null,
  },
  communities: {
    doc: 'Communities (RFC 1997): "65001:100", or a name: no-export, graceful-shutdown and so on.',
    format: 'list-of-communities',
    default: null,
  },
  large_communities: {
    doc: 'Large communities (RFC 8092): "65001:1:2".',
    format: 'list-of-large-communities',
    default: null,
  },
  extended_communities: {
    doc: 'Extended communities (RFC 4360): "target:65001:100", "origin:65001:100".',
    format: 'list-of-extended-communities',
    default: null,
  },
} as const;

/** What happens without the key differs from state to state; the key itself does not. */
const attributes = <M extends string, L extends string, P extends string, C extends string>(
  med: M,
  localPreference: L,
  prepend: P,
  communities: C,
  others: string,
) => ({
  next_hop: ATTRIBUTES.next_hop,
  med: { ...ATTRIBUTES.med, unset: med },
  local_preference: { ...ATTRIBUTES.local_preference, unset: localPreference },
  prepend: { ...ATTRIBUTES.prepend, unset: prepend },
  communities: { ...ATTRIBUTES.communities, unset: communities },
  large_communities: { ...ATTRIBUTES.large_communities, unset: others },
  extended_communities: { ...ATTRIBUTES.extended_communities, unset: others },
});

const ANNOUNCED = {
  doc: 'The attributes of the route while all is well.',
  keys: attributes(
    '100; with `preference` p: 100 p',
    'not sent; with `preference` p: 200 - 10 p',
    '0; with `preference` p: p - 1',
    'none; with `preference` p: AS:100+p',
    'none',
  ),
} as const satisfies MapSpec;

const LIKE_ANNOUNCED = 'as in `announced`';

const YIELDING = {
  doc: 'The attributes while another gateway has the prefix and `preempt` is false: between `announced` and `degraded`.',
  keys: attributes(
    '500',
    `${LIKE_ANNOUNCED}; with \`preference\`: 150`,
    '2; with `preference`: 4',
    `${LIKE_ANNOUNCED}; with \`preference\` AS:105 as well`,
    LIKE_ANNOUNCED,
  ),
} as const satisfies MapSpec;

const DEGRADED = {
  doc: 'The attributes while this gateway serves, but badly: they must make the route worse than `announced`, so that a better gateway gets the clients.',
  keys: attributes(
    '1000; with `preference` p: 1000 + 100 p',
    `${LIKE_ANNOUNCED}; with \`preference\` p: 100 - 10 p`,
    '3; with `preference` p: 4 + p',
    `${LIKE_ANNOUNCED}; with \`preference\` p AS:200+p as well`,
    LIKE_ANNOUNCED,
  ),
} as const satisfies MapSpec;

const DRAINING = {
  doc: 'The attributes while an operator empties this gateway: worse than `degraded`, so that every other gateway is taken before it.',
  keys: attributes(
    '10000',
    '0',
    '10',
    `${LIKE_ANNOUNCED}, and graceful-shutdown (RFC 8326); with \`preference\` AS:300 as well`,
    LIKE_ANNOUNCED,
  ),
} as const satisfies MapSpec;

export const PREFIX = {
  doc: 'The prefixes, of either family: anycast ones, and inside ones such as pools of virtual addresses. None lies in another.',
  keys: {
    prefix: {
      doc: 'Address and length, host bits zero. Give IPv6 prefixes in quotes.',
      format: 'prefix',
      example: '192.0.2.1/32',
    },
    side: {
      doc: 'outside: where the clients come from. inside: towards the own network, for a pool of virtual addresses, so that the way back leads through the gateway that has the client.',
      format: SIDES,
      default: 'outside',
    },
    neighbors: {
      doc: 'Names or addresses of the neighbors that hear of it.',
      format: 'list-of-neighbors',
      default: null,
      unset: 'those of its side; all, where none is of its side',
    },
    preference: {
      doc: 'Which choice this gateway is: 1 the first, 4 the last. It sets MED, prepend, local preference and community of every state at once, since some routers ignore some of them; keys given in a state go before it. For AS numbers above 65535 the community is the large one AS:0:number.',
      format: 'nat',
      minimum: 1,
      maximum: 4,
      default: null,
      unset: 'all gateways are alike',
    },
    preempt: {
      doc: 'Whether a gateway that comes back takes the prefix from the one that has it meanwhile. false: it announces it with the attributes of `yielding` until that one steps down; it needs `fleet`.',
      format: 'boolean',
      default: true,
    },
    path_id: {
      doc: 'Path identifier (RFC 7911), for routers that are to keep several paths: the neighbors of this prefix are offered to be sent some.',
      format: 'nat',
      minimum: 1,
      maximum: 4_294_967_295,
      default: null,
      unset: 'none',
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
  sections: { announced: ANNOUNCED, yielding: YIELDING, degraded: DEGRADED, draining: DRAINING },
} as const satisfies MapSpec;
