/** Every key of a canary's configuration file, in the shape that the sidecar's own has. */
import { LOG_LEVELS } from '../config/config.ts';
import type { MapSpec } from '../config/key-spec.ts';
import { TRAFFIC_KINDS } from '../../health/canary/traffic.ts';

const CANARY = {
  doc: 'This canary.',
  keys: {
    name: {
      doc: 'Its name in logs and in its report.',
      format: 'name',
      default: null,
      unset: 'the host name',
    },
    interval_seconds: {
      doc: 'Time from the start of one round to the start of the next; in each, all tunnels take their turn. Each costs the gateway a login.',
      format: 'seconds',
      minimum: 1,
      maximum: 86_400,
      default: 30,
    },
  },
} as const satisfies MapSpec;

const STRONGSWAN = {
  doc: "The canary's own strongSwan: a client, never that of a gateway.",
  keys: {
    vici_socket: {
      doc: 'VICI socket of its charon, which must have the connections below loaded, with start_action and close_action none.',
      format: 'socket',
      default: '/run/swancast-canary/charon.vici',
    },
  },
} as const satisfies MapSpec;

const REPORT = {
  doc: 'Where the checks of the sidecars read how it went.',
  keys: {
    socket: {
      doc: 'Unix socket, for a sidecar on the same host; "off": none.',
      format: 'text',
      default: '/run/swancast-canary/report.sock',
    },
    listen: {
      doc: 'Address and port, for sidecars on other hosts, without a password: whoever reaches it reads the report and may ask for a round now. "off": none.',
      format: 'listen',
      default: 'off',
    },
  },
} as const satisfies MapSpec;

const LOG = {
  doc: 'The log, JSON lines on standard output.',
  keys: {
    level: { doc: 'The least severe level that is logged.', format: LOG_LEVELS, default: 'info' },
  },
} as const satisfies MapSpec;

const TUNNEL = {
  doc: 'The tunnels to bring up, one after the other.',
  keys: {
    name: { doc: 'Its name in the report; `limits.tunnel` of the check.', format: 'name', example: 'gw1' },
    connection: {
      doc: 'The connection in swanctl.conf. Its remote_addrs is the address that is tried: from another host the unicast address of one gateway, as any gateway may answer on the anycast address.',
      format: 'text',
      example: 'gw1',
    },
    child: { doc: 'The CHILD_SA of that connection.', format: 'text', example: 'net' },
    timeout_seconds: {
      doc: 'How long IKE_SA and CHILD_SA together may take to come up.',
      format: 'seconds',
      minimum: 0.1,
      maximum: 120,
      default: 10,
    },
  },
  sections: {
    traffic: {
      doc: 'What must answer behind the tunnel.',
      keys: {
        kind: {
          doc: 'tcp: a connection is accepted. udp-echo: a packet comes back. ping: by the ping of the system.',
          format: TRAFFIC_KINDS,
          example: 'ping',
        },
        address: { doc: 'The endpoint behind the gateway.', format: 'address', example: '10.10.0.1' },
        port: { doc: 'Its port; not for ping.', format: 'port', default: 7 },
        timeout_seconds: {
          doc: 'How long it may take to answer.',
          format: 'seconds',
          minimum: 0.05,
          maximum: 60,
          default: 3,
        },
      },
    },
  },
} as const satisfies MapSpec;

export const CANARY_SECTIONS = { canary: CANARY, strongswan: STRONGSWAN, report: REPORT, log: LOG };
export const CANARY_TUNNEL = TUNNEL;
