/** The keys of the sections http and fleet: how gateways are asked, and how they ask each other. */
import type { MapSpec } from './key-spec.ts';

const TOKEN_CREDENTIAL = {
  doc: 'The same as a systemd credential: its name in `LoadCredential=`.',
  format: 'credential',
  default: null,
  unset: 'no token',
} as const;

const KEY_FILE = {
  doc: 'Its private key, PEM, readable by its owner alone.',
  format: 'path',
  default: null,
} as const;

export const HTTP = {
  doc: 'The read-only listener: /metrics, /healthz, /readyz, /status, /checks, /fleet. The others of a fleet ask there.',
  keys: {
    listen: {
      doc: 'Address and port, or "off". It changes nothing, but shows the state of the gateway: keep it on loopback or on the management network.',
      format: 'listen',
      default: '127.0.0.1:9179',
    },
    token_file: {
      doc: 'A file with a token, readable by its owner alone, that askers must show (`Authorization: Bearer`). /healthz and /readyz stay open.',
      format: 'path',
      default: null,
      unset: 'no token',
    },
    token_credential: TOKEN_CREDENTIAL,
  },
  sections: {
    tls: {
      doc: 'TLS for the listener.',
      keys: {
        certificate_file: {
          doc: 'Its certificate and those between it and the root, PEM.',
          format: 'path',
          default: null,
          unset: 'no TLS',
        },
        key_file: { ...KEY_FILE, unset: 'no TLS' },
        client_ca_file: {
          doc: 'Authorities, PEM: askers must show a certificate of theirs. /healthz and /readyz stay open.',
          format: 'path',
          default: null,
          unset: 'askers need no certificate',
        },
      },
    },
  },
} as const satisfies MapSpec;

const MEMBER = {
  doc: 'The gateways of the fleet. The same list may stand on all of them: the one named like ourselves is ourselves.',
  unset: 'no fleet',
  keys: {
    name: { doc: '`gateway.name` on that host.', format: 'name', example: 'gw2' },
    url: {
      doc: 'Its listener: scheme, address and port.',
      format: 'fleet-url',
      example: 'https://gw2.example:9179',
    },
    address: {
      doc: 'Its own IPv4 address for clients, never an anycast one: where a redirect leads to. Without it nobody is redirected there.',
      format: 'address',
      default: null,
      unset: 'no session is moved there over IPv4',
    },
    address6: {
      doc: 'The same for IPv6.',
      format: 'address',
      default: null,
      unset: 'no session is moved there over IPv6',
    },
    capacity: {
      doc: 'How many IKE_SAs it can carry. A gateway is drained only while the others can take over.',
      format: 'nat',
      minimum: 1,
      default: null,
      unset: 'without bound',
    },
  },
} as const satisfies MapSpec;

export const FLEET = {
  doc: 'The other gateways: a prefix steps down only for one that is better off, and one is drained at a time.',
  keys: {
    poll_seconds: {
      doc: 'How often each of the others is asked. With `sessions.sweep` clients come back to a gateway that returns as quickly as the others hear of it.',
      format: 'seconds',
      minimum: 0.1,
      maximum: 60,
      default: 0.5,
    },
    timeout_seconds: {
      doc: 'An answer that takes longer is none.',
      format: 'seconds',
      minimum: 0.05,
      maximum: 60,
      default: 1,
    },
    max_age_seconds: {
      doc: 'A gateway that was last heard longer ago counts as not there. More than poll_seconds and timeout_seconds together.',
      format: 'seconds',
      minimum: 0.5,
      maximum: 600,
      default: 5,
    },
    minimum_others: {
      doc: 'So many others must announce each outside prefix well before this gateway may be drained.',
      format: 'nat',
      maximum: 255,
      default: 1,
    },
    token_file: {
      doc: 'A file with the token that the others ask for (`http.token_file` there), readable by its owner alone.',
      format: 'path',
      default: null,
      unset: 'no token',
    },
    token_credential: TOKEN_CREDENTIAL,
  },
  sections: {
    tls: {
      doc: 'How the others are asked over https.',
      keys: {
        ca_file: {
          doc: 'Authorities that vouch for the others, PEM.',
          format: 'path',
          default: null,
          unset: 'those of this system',
        },
        certificate_file: {
          doc: 'The certificate that we show them, PEM.',
          format: 'path',
          default: null,
          unset: 'none',
        },
        key_file: { ...KEY_FILE, unset: 'none' },
      },
    },
  },
  lists: { gateways: MEMBER },
} as const satisfies MapSpec;
