/** X.509 certificates as far as checks need them: names, validity, what identities they speak for. */
import { X509Certificate } from 'node:crypto';

export interface Certificate {
  /** The subject in charon's order and words: "C=CH, O=example, CN=gw1". */
  readonly subject: string;
  readonly issuer: string;
  /** Wall clock, milliseconds. */
  readonly validFrom: number;
  readonly validTo: number;
  /** charon has the private key that belongs to it. */
  readonly hasKey: boolean;
  readonly authority: boolean;
  /** Whether subjectAltName or the subject itself is this identity, as charon compares them (no wildcards). */
  covers(identity: string): boolean;
}

/** Undefined for bytes that are no certificate. */
export function readX509(der: Buffer, hasKey: boolean, authority: boolean): Certificate | undefined {
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(der);
  } catch {
    return undefined;
  }
  const subject = charonName(x509.subject);
  return {
    subject,
    issuer: charonName(x509.issuer),
    // oxlint-disable-next-line no-restricted-globals -- reads a text, not the clock
    validFrom: Date.parse(x509.validFrom),
    // oxlint-disable-next-line no-restricted-globals -- reads a text, not the clock
    validTo: Date.parse(x509.validTo),
    hasKey,
    authority,
    covers: (identity) => sameName(subject, identity) || covers(x509, identity),
  };
}

/** checkIP throws for what is no address. */
function hasAddress(x509: X509Certificate, identity: string): boolean {
  try {
    return x509.checkIP(identity) !== undefined;
  } catch {
    return false;
  }
}

function covers(x509: X509Certificate, identity: string): boolean {
  const exact = { subject: 'never', wildcards: false } as const;
  if (hasAddress(x509, identity)) return true;
  if (identity.includes('@')) return x509.checkEmail(identity, { subject: 'never' }) !== undefined;
  return x509.checkHost(identity, exact) !== undefined;
}

/**
 * Whether two spellings are of one name. charon escapes nothing, shows bytes beyond ASCII as "?", and has words of
 * its own for some types, so that only the values count; an identity without types is no such name.
 */
const sameName = (own: string, identity: string): boolean =>
  identity.includes('=') && valuesOf(own) === valuesOf(identity);

const valuesOf = (name: string): string =>
  Buffer.from(name.replaceAll(/\\(.)/gsu, '$1').replaceAll(/(^|, )[\w.]+=/gu, '$1='), 'utf8')
    .toString('latin1')
    .replaceAll(/[^ -~]/gu, '?');

/** Node writes one line for each part and "emailAddress"; charon one line, and "E". */
const charonName = (name: string | undefined): string =>
  (name ?? '').replaceAll('\n', ', ').replaceAll('emailAddress=', 'E=');
