/** A BGP speaker behind the gateways, in the backend's namespace: it learns from them where the way back is. Pure. */
import type { RouterKind } from '../router.ts';
import { GATEWAY_AS, type GatewayPlan } from '../topology.ts';

export const INSIDE_AS = 65002;

export function insideConf(kind: RouterKind, gateways: readonly GatewayPlan[], pool: string): string {
  return kind === 'bird' ? birdConf(gateways, pool) : frrConf(gateways, pool);
}

const birdConf = (gateways: readonly GatewayPlan[], pool: string): string => `router id 10.9.1.2;
log stderr all;
protocol device { }
protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }
template bgp swancast {
  local as ${INSIDE_AS};
  passive on;
  hold time 9;
  error wait time 1, 5;
  graceful restart off;
  ipv4 { import where net ~ [ ${pool} ]; export none; };
}
${gateways.map(({ name, link }) => `protocol bgp ${name} from swancast { neighbor ${link} as ${GATEWAY_AS}; }\n`).join('')}`;

const frrConf = (gateways: readonly GatewayPlan[], pool: string): string => `frr defaults traditional
ip prefix-list pool seq 10 permit ${pool}
ip prefix-list nothing seq 10 deny 0.0.0.0/0 le 32
router bgp ${INSIDE_AS}
 bgp router-id 10.9.1.2
 no bgp ebgp-requires-policy
 bgp graceful-restart-disable
${gateways
  .map(
    ({ link }) => ` neighbor ${link} remote-as ${GATEWAY_AS}
 neighbor ${link} passive
 neighbor ${link} timers 3 9
 neighbor ${link} advertisement-interval 0
`,
  )
  .join('')} address-family ipv4 unicast
${gateways.map(({ link }) => `  neighbor ${link} prefix-list pool in\n  neighbor ${link} prefix-list nothing out\n`).join('')} exit-address-family
exit
`;
