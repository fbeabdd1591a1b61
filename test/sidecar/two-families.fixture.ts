/** A configuration with prefixes and neighbors of both families, and what a test changes of its text. */
import type { Config } from '../../sidecar/config/config.ts';
import { parseConfig } from '../../sidecar/config/load.ts';

const BASE = `
prefixes:
  - prefix: 192.0.2.1/32
    announced: { med: 50 }
  - prefix: "2001:db8:53::1/128"
  - { prefix: 198.51.100.0/24, checks: [charon] }
bgp:
  local_as: 65001
  router_id: 10.1.1.2
  neighbors:
    - { address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }
    - { address: "fd00:1:1::1", peer_as: 65000, local_address: "fd00:1:1::2" }
decision: { hold_down_seconds: 4 }
checks:
  - { name: charon, type: charon, rise: 3 }
  - { name: sas, type: sa-count, class: advisory }
  - { name: probe4, type: ike-probe, limits: { address: 192.0.2.1 } }
  - { name: probe6, type: ike-probe, limits: { address: "2001:db8:53::1" } }
`;
export const config = (change: (yaml: string) => string = (yaml) => yaml): Config =>
  parseConfig(change(BASE), { file: 'test.yaml', env: {}, hostname: 'gw1' });
