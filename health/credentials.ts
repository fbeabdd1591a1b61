/** Certificates and how connections authenticate, from `list-certs` and `list-conns` (strongSwan, vici/README.md). */
import { list, sections, text } from './strongswan.ts';
import type { Message, Section, Value } from './vici/message.ts';

export interface ListedCertificate {
  /** X509, X509_AC, X509_CRL, OCSP_RESPONSE, PUBKEY. */
  readonly type: string;
  /** NONE, CA, AA or OCSP; only of X509. */
  readonly flag: string;
  /** charon has the private key that belongs to it: it is one of ours. */
  readonly hasKey: boolean;
  readonly der: Buffer;
}

/** One round of authentication of one side. */
export interface Authentication {
  /** "public key", "pre-shared key", "EAP", …: what comes first in charon's words. */
  readonly class: string;
  /** The identity; '' or %any when none is configured. */
  readonly id: string;
  /** Subjects of the certificates that the connection names; empty: charon chooses by identity. */
  readonly certificates: readonly string[];
  readonly authorities: readonly string[];
}

export interface ConnectionAuthentication {
  readonly name: string;
  readonly local: readonly Authentication[];
  readonly remote: readonly Authentication[];
}

/** One `list-cert` event: charon sends one for each certificate. */
export function readCertificate(message: Message): ListedCertificate {
  return {
    type: text(message, 'type'),
    flag: text(message, 'flag', 'NONE'),
    hasKey: message['has_privkey'] === 'yes',
    der: bytes(message['data']),
  };
}

/** The connections in one `list-conn` event. */
export function readAuthentications(message: Message): ConnectionAuthentication[] {
  return sections(message).map(([name, from]) => {
    const rounds = (side: 'local' | 'remote'): Authentication[] =>
      sections(from)
        .filter(([key]) => new RegExp(`^${side}-\\d+$`).test(key))
        .map(([, round]) => readRound(round));
    return { name, local: rounds('local'), remote: rounds('remote') };
  });
}

const readRound = (from: Section): Authentication => ({
  class: text(from, 'class', ''),
  id: text(from, 'id', ''),
  certificates: list(from, 'certs'),
  authorities: list(from, 'cacerts'),
});

/** Text is what the client makes of bytes that happen to be UTF-8. */
function bytes(value: Value | Value[] | Section | undefined): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}
