/** The texts of strongswan.conf and swanctl.conf (strongSwan documentation, "strongswan.conf" and "swanctl.conf"). Pure. */
import {
  ANYCAST4,
  ANYCAST6,
  clientIdentity,
  SERVICE_IDENTITY,
  SERVICE_NET,
  type GatewayPlan,
  type Topology,
} from './topology.ts';

// kernel-libipsec must precede kernel-netlink: it does ESP in user space, for kernels without it. An explicit
// list, since Debian's default one also loads plugins that complain about missing hardware.
const CHARON_PLUGINS =
  'aes sha1 sha2 hmac kdf gmp curve25519 x509 pem pkcs1 pkcs8 pubkey nonce random drbg revocation constraints ' +
  'kernel-libipsec kernel-netlink socket-default vici updown counters';
const TOOL_PLUGINS = 'aes sha1 sha2 hmac gmp curve25519 x509 pem pkcs1 pkcs8 pubkey nonce random drbg';

export const PKI_CONF = `pki { load = ${TOOL_PLUGINS} }\n`;

/**
 * One file for charon-systemd and swanctl. The section is the program's name: another one is silently ignored.
 * Retransmission: a dead gateway is given up after 1 + 1 + 1 + 1 s instead of the default 165 s.
 */
export function strongswanConf(viciSocket: string, logFile: string): string {
  return `charon-systemd {
  load = ${CHARON_PLUGINS}
  retransmit_tries = 3
  retransmit_timeout = 1.0
  retransmit_base = 1.0
  plugins {
    vici { socket = unix://${viciSocket} }
  }
  filelog {
    charon {
      path = ${logFile}
      append = yes
      flush_line = yes
      time_format = %H:%M:%S
      time_add_ms = yes
      default = 1
    }
  }
}
swanctl { load = ${TOOL_PLUGINS} }
`;
}

/**
 * With MOBIKE, any change of an address on the gateway makes charon move its sessions from the anycast address
 * (on lo, never a route's source) to the unicast one. Without it and with local_addrs given they stay.
 */
export function gatewaySwanctlConf(gateway: GatewayPlan): string {
  return `connections {
  clients {
    version = 2
    proposals = aes256-sha256-x25519
    local_addrs = ${ANYCAST4}, ${ANYCAST6}, ${gateway.address4}, ${gateway.address6}
    mobike = no
    dpd_delay = 10s
    pools = clients
    local {
      auth = pubkey
      certs = gateway.pem
      id = ${SERVICE_IDENTITY}
    }
    remote { auth = pubkey }
    children {
      services {
        local_ts = ${SERVICE_NET}
        esp_proposals = aes256-sha256
      }
    }
  }
}
pools {
  clients { addrs = ${gateway.pool} }
}
`;
}

/**
 * One connection per client in the one charon that is all of them; topology.ts says what keeps them apart. The
 * reqids are fixed, since charon, when several dead connections start again at once, gives a reqid out twice.
 */
export function clientSwanctlConf(topology: Topology): string {
  const connections = topology.clients.map(
    ({ block }, client) => `  client${client + 1} {
    version = 2
    proposals = aes256-sha256-x25519
    remote_addrs = ${ANYCAST4}
    vips = 0.0.0.0
    dpd_delay = 2s
    keyingtries = 0
    local {
      auth = pubkey
      certs = client${client + 1}.pem
      id = ${clientIdentity(client)}
    }
    remote {
      auth = pubkey
      id = ${SERVICE_IDENTITY}
    }
    children {
      services {
        remote_ts = ${block}
        reqid = ${client + 1}
        esp_proposals = aes256-sha256
        start_action = start
        dpd_action = restart
        close_action = start
      }
    }
  }
`,
  );
  return `connections {\n${connections.join('')}}\n`;
}
