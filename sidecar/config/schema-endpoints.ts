/** The keys of one endpoint in `limits.endpoints` of a check of type tunnel-path. */
import type { MapSpec } from './key-spec.ts';

export const ENDPOINT = {
  doc: '',
  keys: {
    type: {
      doc: 'How it is reached: a TCP connection, a GET that gets the expected status, a TLS handshake, an answer of a DNS server, or a ping.',
      format: ['tcp', 'http', 'https', 'tls', 'dns', 'icmp'],
      example: 'tcp',
    },
    target: { doc: 'Its address.', format: 'address', example: '10.10.0.10' },
    port: {
      doc: 'Its port; tcp needs one.',
      format: 'port',
      default: null,
      unset: '80 for http, 443 for https and tls, 53 for dns',
    },
    name: {
      doc: 'The name in the Host header and in the certificate; for dns the name to ask for.',
      format: 'text-or-empty',
      default: '',
    },
    path: { doc: 'What http and https get.', format: 'url-path', default: '/' },
    status: { doc: 'The status that http and https expect.', format: 'http-status', default: 200 },
    record: {
      doc: 'The type of record that dns asks for.',
      format: ['A', 'AAAA', 'CNAME', 'TXT'],
      default: 'A',
    },
    expect: {
      doc: 'What must be among the answers to dns. Empty: any answer will do.',
      format: 'text-or-empty',
      default: '',
    },
    verify: {
      doc: 'Whether the certificate of https and tls must hold: known authority (those of this system), right name, not expired.',
      format: 'boolean',
      default: true,
    },
    source: {
      doc: 'The address to go out from.',
      format: 'address-or-empty',
      default: '',
    },
  },
} as const satisfies MapSpec;
