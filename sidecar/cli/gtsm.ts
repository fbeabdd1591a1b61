/**
 * The receive side of GTSM (RFC 5082) as an nftables file: ExaBGP 4.2 sends with TTL 255, and takes packets of any
 * TTL. What a neighbor sends from its link arrives with 255; what anybody sends from farther away cannot. Pure.
 */
import type { NeighborConfig } from '../config/config.ts';

export type GtsmNeighbor = Pick<
  NeighborConfig,
  'address' | 'family' | 'port' | 'passive' | 'gtsm' | 'multihop'
>;

/** The whole file. Loading it again takes the place of what was there. */
export function gtsmRules(neighbors: readonly GtsmNeighbor[]): string {
  const rules = neighbors.filter(({ gtsm }) => gtsm).map(ruleOf);
  return [
    '#!/usr/sbin/nft -f',
    '# Rendered by `swancast render gtsm`: BGP of these neighbors counts only with TTL 255, that is, from the link.',
    '# The neighbor has to send so (GTSM, "ttl-security"), or its session ends. A table of its own, for which it does',
    '# not matter what other tables accept. Load it before ExaBGP is started.',
    '',
    'table inet swancast_gtsm',
    'delete table inet swancast_gtsm',
    'table inet swancast_gtsm {',
    '\tchain input {',
    '\t\ttype filter hook input priority filter - 10; policy accept;',
    ...rules.map((rule) => `\t\t${rule}`),
    '\t}',
    '}',
    '',
  ].join('\n');
}

function ruleOf({ address, family, port, passive, multihop = 1 }: GtsmNeighbor): string {
  const [from, hops] =
    family === 4 ? [`ip saddr ${address}`, 'ip ttl'] : [`ip6 saddr ${address}`, 'ip6 hoplimit'];
  // Every router on the way takes one off: the first hop is the link itself.
  const tooLow = multihop === 1 ? '!= 255' : `< ${String(256 - multihop)}`;
  // We connect to the neighbor's port, or a passive one to ours; which is the same number.
  return `${from} tcp ${passive ? 'dport' : 'sport'} ${String(port)} ${hops} ${tooLow} counter drop`;
}
