/** The texts of strongswan.conf and swanctl.conf (strongSwan documentation, "strongswan.conf" and "swanctl.conf"). Pure. */
import type { Dataplane } from './dataplane.ts';
import {
  ANYCAST4,
  ANYCAST6,
  clientIdentity,
  SERVICE_IDENTITY,
  SERVICE_NET,
  type GatewayPlan,
  type Topology,
} from './topology.ts';

// kernel-libipsec must precede kernel-netlink: it does ESP in user space, for kernels without it. Explicit lists,
// since Debian's default one also loads plugins that complain about missing hardware.
const CRYPTO_PLUGINS =
  'aes sha1 sha2 hmac kdf gmp curve25519 x509 pem pkcs1 pkcs8 pubkey nonce random drbg revocation constraints';
const KERNEL_PLUGINS: Record<Dataplane, string> = {
  libipsec: 'kernel-libipsec kernel-netlink',
  kernel: 'kernel-netlink',
};
const DAEMON_PLUGINS = 'socket-default vici updown counters';
const TOOL_PLUGINS = 'aes sha1 sha2 hmac gmp curve25519 x509 pem pkcs1 pkcs8 pubkey nonce random drbg';

export const PKI_CONF = `pki { load = ${TOOL_PLUGINS} }\n`;

/** A dead gateway is given up after 1 + 1 + 1 + 1 s instead of the default 165 s. */
const QUICK_RETRANSMISSION = `  retransmit_tries = 3
  retransmit_timeout = 1.0
  retransmit_base = 1.0
`;

/** All clients of the lab come from one address: they shall not be taken for an attack. */
const MANY_FROM_ONE_ADDRESS = '  dos_protection = no\n';

/** 34: IKE_SA_INIT. */
const lateFirstAnswer = (ms: number): string => `  receive_delay = ${ms}
  receive_delay_type = 34
  receive_delay_request = no
`;

export interface DaemonSettings {
  /** Whether tunnels shall outlast a charon that answers late: default retransmission, no DPD by the clients. */
  readonly patient?: boolean;
  /** All clients may log in at once, though they have one address: no cookies, and no limit for an address. */
  readonly crowd?: boolean;
  /**
   * A client that logs in again hears the first answer so much later, in ms. charon 5.9.8 sends a request before it
   * has put the IKE_SA where an answer is looked for; one that comes within a fraction of a millisecond, as here, is
   * missed at times, and asked for again a second later. On a real path it never is so early.
   */
  readonly firstAnswerMs?: number;
  /** Address of the RADIUS server to ask. */
  readonly radius?: string;
  /** libipsec by default. */
  readonly dataplane?: Dataplane;
}

/** One file for charon-systemd and swanctl. The section is the program's name: another one is silently ignored. */
export function strongswanConf(
  viciSocket: string,
  logFile: string,
  { patient = false, crowd = patient, firstAnswerMs, radius, dataplane = 'libipsec' }: DaemonSettings = {},
): string {
  const plugins = `${CRYPTO_PLUGINS} ${KERNEL_PLUGINS[dataplane]} ${DAEMON_PLUGINS}`;
  const eapRadius = `    eap-radius {
      servers {
        lab {
          address = ${radius ?? ''}
          secret = lab
          sockets = 16
        }
      }
    }
`;
  return `charon-systemd {
  load = ${plugins}${radius === undefined ? '' : ' md5 eap-radius'}
${crowd || radius !== undefined ? MANY_FROM_ONE_ADDRESS : ''}${patient ? '' : QUICK_RETRANSMISSION}${firstAnswerMs === undefined ? '' : lateFirstAnswer(firstAnswerMs)}  plugins {
    vici { socket = unix://${viciSocket} }
${radius === undefined ? '' : eapRadius}  }
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

export interface ConnectionSettings {
  /** A script that charon runs for each CHILD_SA. */
  readonly updown?: string | undefined;
  /** A connection more, whose clients are asked for EAP by RADIUS. */
  readonly eap?: boolean;
  /** By default the gateway's own. */
  readonly pool?: string;
  /** So many connections more, that nobody uses. */
  readonly spares?: number;
  /** Their rekey time: another one makes `swanctl --load-conns` replace all of them. */
  readonly spareHours?: number;
}

const EAP_CONNECTION = `  eap {
    version = 2
    proposals = aes256-sha256-x25519
    local_addrs = ${ANYCAST4}
    local {
      auth = pubkey
      certs = gateway.pem
      id = ${SERVICE_IDENTITY}
    }
    remote {
      auth = eap-radius
      id = *.eap.example.org
    }
    children {
      services { local_ts = ${SERVICE_NET} }
    }
  }
`;

function spareConnections(count: number, hours: number): string {
  const one = (_: unknown, index: number): string => `  spare${index + 1} {
    version = 2
    remote_addrs = 198.51.100.${1 + (index % 250)}
    rekey_time = ${hours}h
    local { auth = psk }
    remote { auth = psk }
    children { services { rekey_time = ${hours}h } }
  }
`;
  return Array.from({ length: count }, one).join('');
}

/**
 * With MOBIKE, any change of an address on the gateway makes charon move its sessions from the anycast address
 * (on lo, never a route's source) to the unicast one. Without it and with local_addrs given they stay.
 */
export function gatewaySwanctlConf(
  gateway: GatewayPlan,
  { updown, eap = false, pool = gateway.pool, spares = 0, spareHours = 4 }: ConnectionSettings = {},
): string {
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
${updown !== undefined ? `        updown = ${updown}\n` : ''}      }
    }
  }
${eap ? EAP_CONNECTION : ''}${spareConnections(spares, spareHours)}}
pools {
  clients { addrs = ${pool} }
}
`;
}

export interface ClientSettings extends Pick<DaemonSettings, 'patient' | 'firstAnswerMs'> {
  /** Clients more, that ask for EAP when they are told to; by default where they are patient. */
  readonly eap?: boolean;
}

/**
 * One connection per client in the one charon that is all of them; topology.ts says what keeps them apart. The
 * reqids are fixed, since charon, when several dead connections start again at once, gives a reqid out twice.
 */
export function clientSwanctlConf(
  topology: Topology,
  { patient = false, eap = patient }: ClientSettings = {},
): string {
  const connections = topology.clients.map(
    ({ block }, client) => `  client${client + 1} {
    version = 2
    proposals = aes256-sha256-x25519
    remote_addrs = ${ANYCAST4}
    vips = 0.0.0.0
${patient ? '' : '    dpd_delay = 2s\n'}    keyingtries = 0
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
  return `connections {\n${connections.join('')}${eap ? eapClients() : ''}}\n`;
}

/** As many as it takes to hold all of charon's workers (16 threads by default) more than once. */
export const EAP_CLIENTS = 30;

/** Clients that only start when told to, and give up after one try. */
function eapClients(): string {
  const one = (_: unknown, client: number): string => `  eap${client + 1} {
    version = 2
    proposals = aes256-sha256-x25519
    remote_addrs = ${ANYCAST4}
    local {
      auth = eap
      id = client${client + 1}.eap.example.org
    }
    remote {
      auth = pubkey
      id = ${SERVICE_IDENTITY}
    }
    children {
      services { remote_ts = ${SERVICE_NET} }
    }
  }
`;
  return Array.from({ length: EAP_CLIENTS }, one).join('');
}
