/** Every file beside the configuration: the secrets it names, and the certificates. Reads them to see that they are right. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from './config.ts';
import { hasCredentials, secretFrom, type SecretKind } from './secret.ts';

export interface FileProblem {
  /** "bgp.neighbors[0].password_file" */
  readonly key: string;
  /** The path, or the name of the credential. */
  readonly value: string;
  readonly expected: string;
  readonly message: string;
}

interface Named {
  readonly key: string;
  readonly kind: SecretKind;
  readonly file?: string;
  readonly credential?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * What is wrong with the files that the configuration names. Credentials are there for the unit alone: where
 * $CREDENTIALS_DIRECTORY is not set, they are left out; see missingCredentials().
 */
export const fileProblems = (config: Config, env: Env): FileProblem[] => [
  ...secretsOf(config).flatMap((named) =>
    named.credential !== undefined && !hasCredentials(env) ? [] : secretProblem(named, env),
  ),
  ...certificatesOf(config).flatMap(certificateProblem),
];

/** The credentials that cannot be looked at, because nobody gave us any. */
export const missingCredentials = (config: Config, env: Env): FileProblem[] =>
  hasCredentials(env)
    ? []
    : secretsOf(config).flatMap((named) => (named.credential === undefined ? [] : secretProblem(named, env)));

function secretsOf({ bgp, http, fleet }: Config): Named[] {
  const found: Named[] = [];
  const add = (kind: SecretKind, key: string, file: string | undefined, credential?: string): void => {
    if (file !== undefined) found.push({ key: kind === 'key' ? key : `${key}_file`, kind, file });
    if (credential !== undefined) found.push({ key: `${key}_credential`, kind, credential });
  };
  for (const [index, { passwordFile, passwordCredential }] of bgp.neighbors.entries()) {
    add('password', `bgp.neighbors[${index}].password`, passwordFile, passwordCredential);
  }
  add('token', 'http.token', http.tokenFile, http.tokenCredential);
  add('key', 'http.tls.key_file', http.tls?.keyFile);
  add('token', 'fleet.token', fleet?.tokenFile, fleet?.tokenCredential);
  add('key', 'fleet.tls.key_file', fleet?.tls?.keyFile);
  return found;
}

function secretProblem({ key, kind, file, credential }: Named, env: Env): FileProblem[] {
  const { problem } = secretFrom({ file, credential }, kind, env) ?? {};
  if (problem === undefined) return [];
  const expected = `a ${file === undefined ? 'credential' : 'file'} with the ${kind}`;
  return [{ key, value: file ?? credential ?? '', expected, message: problem }];
}

const certificatesOf = ({ http, fleet }: Config): { readonly key: string; readonly file: string }[] =>
  [
    { key: 'http.tls.certificate_file', file: http.tls?.certificateFile },
    { key: 'http.tls.client_ca_file', file: http.tls?.clientCaFile },
    { key: 'fleet.tls.ca_file', file: fleet?.tls?.caFile },
    { key: 'fleet.tls.certificate_file', file: fleet?.tls?.certificateFile },
  ].flatMap(({ key, file }) => (file === undefined ? [] : [{ key, file }]));

function certificateProblem({ key, file }: { readonly key: string; readonly file: string }): FileProblem[] {
  const refused = (message: string): FileProblem[] => [
    { key, value: file, expected: 'a file with a certificate', message },
  ];
  const shown = JSON.stringify(file);
  try {
    const certificate = new X509Certificate(readFileSync(file));
    return certificate.raw.length > 0 ? [] : refused(`${shown} holds no certificate`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT') return refused(`${shown} does not exist; check the path`);
    if (code.startsWith('E') && !code.startsWith('ERR_')) return refused(`${shown} cannot be read (${code})`);
    return refused(`${shown} holds no certificate in PEM`);
  }
}
