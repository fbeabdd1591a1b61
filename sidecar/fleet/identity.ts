/** What we show the other gateways and whom of them we believe: read from the files of the section fleet. */
import { createHash } from 'node:crypto';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { FleetConfig } from '../config/config.ts';
import { readKey, readPem, tokenFiles, tokenOf, tryTls } from '../credentials.ts';
import { Reread } from '../reread.ts';
import type { Identity } from './member-client.ts';

/** Of the files as they are now, and whenever one of them changes. */
export const identityOf = (
  fleet: FleetConfig,
  onChange: (identity: Identity) => void,
  onProblem: (text: string) => void,
): Reread<Identity> =>
  new Reread({
    files: [...tokenFiles(fleet), ...Object.values(fleet.tls ?? {})],
    make: () => readIdentity(fleet),
    onChange,
    onProblem,
  });

/** While the files cannot be read: shows nothing, and believes nobody over https. */
export const withoutIdentity = (): Identity => ({ mark: 'none', secure: createSecureContext({ ca: [] }) });

/** What the files hold; PEM. */
export interface IdentityTexts {
  readonly token?: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

function readIdentity(fleet: FleetConfig): Identity {
  const { caFile, certificateFile, keyFile } = fleet.tls ?? {};
  const token = tokenOf(fleet, 'fleet');
  const texts = {
    ...(token === undefined ? {} : { token }),
    ...(caFile === undefined ? {} : { ca: readPem(caFile, 'fleet.tls.ca_file') }),
    ...(certificateFile === undefined
      ? {}
      : { certificate: readPem(certificateFile, 'fleet.tls.certificate_file') }),
    ...(keyFile === undefined ? {} : { key: readKey(keyFile, 'fleet.tls.key_file') }),
  };
  tryTls(texts, 'fleet.tls');
  return identityFrom(
    texts,
    fleet.gateways.some(({ url }) => url.startsWith('https:')),
  );
}

/** One context for all connections: to read hundreds of authorities for each would take its time. */
export function identityFrom(texts: IdentityTexts, isTls: boolean): Identity {
  const { token, ca, certificate, key } = texts;
  const shown = token === undefined ? {} : { token };
  const mark = hash(JSON.stringify([isTls, token, ca, certificate, key]));
  if (!isTls) return { ...shown, mark };
  const own = {
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
  };
  const known = ca ?? [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  return { ...shown, mark, secure: createSecureContext({ ca: known, ...own }) };
}

const hash = (of: string): string => createHash('sha256').update(of).digest('hex');
