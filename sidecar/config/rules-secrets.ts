/** Rules between the keys that name secrets and certificates. Pure. */
import type { Config } from './config.ts';
import type { Violation } from './violation.ts';

/** A secret is in a file or in a credential. `path` and `what`: "http" and "token" for http.token_file. */
export function* onlyOne(
  path: string,
  what: string,
  file: string | undefined,
  credential: string | undefined,
): Generator<Violation> {
  if (file === undefined || credential === undefined) return;
  const key = `${path}.${what}_credential`;
  const message = `is given beside ${what}_file; remove one of the two`;
  yield {
    key,
    value: credential,
    expected: `nothing beside ${what}_file`,
    message,
    involves: [`${path}.${what}_file`],
  };
}

export function* httpRules({ http }: Config): Generator<Violation> {
  yield* onlyOne('http', 'token', http.tokenFile, http.tokenCredential);
  // buildHttp() put "" for what is missing.
  const { certificateFile, keyFile } = http.tls ?? {};
  for (const [key, value] of [
    ['certificate_file', certificateFile],
    ['key_file', keyFile],
  ] as const) {
    if (value !== '') continue;
    const message = 'is missing; TLS needs a certificate and its key';
    yield { key: `http.tls.${key}`, expected: 'an absolute path', message };
  }
}

/** Nobody is shown a certificate without its key. */
export function* pair(
  path: string,
  { certificateFile, keyFile }: { readonly certificateFile?: string; readonly keyFile?: string },
): Generator<Violation> {
  if ((certificateFile === undefined) === (keyFile === undefined)) return;
  const [missing, given] = certificateFile === undefined ? ['certificate', 'key'] : ['key', 'certificate'];
  yield {
    key: `${path}.${missing}_file`,
    expected: 'an absolute path',
    message: `is missing; ${given}_file is of no use without it`,
    involves: [`${path}.${given}_file`],
  };
}
