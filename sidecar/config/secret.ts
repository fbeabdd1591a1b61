/** Secrets in files of their own. Read where they are used, never kept in Config, never printed. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Secret =
  | { readonly value: string; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: string };

export type SecretKind = keyof typeof KINDS;

interface Kind {
  /** "… is empty; write the password into it". */
  readonly noun: string;
  readonly isRight: (value: string) => boolean;
  /** What is expected, and the way out, when it is not right. */
  readonly expected: string;
}

/** Longer than any password a router takes: ExaBGP and the kernel stop at 80 bytes (TCP_MD5SIG_MAXKEYLEN). */
const LONGEST_PASSWORD = 80;
const LONGEST_TOKEN = 512;

const KINDS = {
  password: {
    noun: 'password',
    // A quote of either kind or a backslash would end or change the string in exabgp.conf.
    isRight: (value) =>
      /^[\x20\x21\x23-\x26\x28-\x5b\x5d-\x7e]+$/u.test(value) && value.length <= LONGEST_PASSWORD,
    expected: `a password for TCP MD5: 1 to ${LONGEST_PASSWORD} printable ASCII characters without quotes and \\; write another one, here and on the router`,
  },
  token: {
    noun: 'token',
    // RFC 6750 section 2.1: anything else cannot stand in the header.
    isRight: (value) => /^[\w.~+/-]+=*$/u.test(value) && value.length <= LONGEST_TOKEN,
    expected: `a token: 1 to ${LONGEST_TOKEN} letters, digits and -._~+/; write another one, the same on all gateways`,
  },
  key: {
    noun: 'private key',
    isRight: (value) => /^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----$/mu.test(value),
    expected: 'a private key in PEM that needs no passphrase; write one into it',
  },
} as const satisfies Record<string, Kind>;

/** A secret as the configuration names it; at most one of the two is given. */
export interface SecretSource {
  readonly file: string | undefined;
  readonly credential?: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Whether systemd gave us a directory of credentials; people who call us by hand have none. */
export const hasCredentials = (env: Env): boolean => (env[DIRECTORY] ?? '') !== '';

const DIRECTORY = 'CREDENTIALS_DIRECTORY';

/** Undefined when none is configured. */
export function secretFrom(
  { file, credential }: SecretSource,
  kind: SecretKind,
  env: Env = process.env,
): Secret | undefined {
  if (file !== undefined) return readSecret(file, kind, env);
  if (credential === undefined) return undefined;
  const directory = env[DIRECTORY] ?? '';
  if (directory !== '') return readSecret(join(directory, credential), kind, env);
  return {
    problem: `no credential "${credential}": $${DIRECTORY} is not set; give the unit LoadCredential=${credential}:PATH, or name a file instead`,
  };
}

/** The password of a neighbor. */
export const readPassword = (
  {
    passwordFile,
    passwordCredential,
  }: { readonly passwordFile?: string; readonly passwordCredential?: string },
  env: Env = process.env,
): Secret | undefined => secretFrom({ file: passwordFile, credential: passwordCredential }, 'password', env);

/** The token of the section http or fleet. */
export const readToken = (
  { tokenFile, tokenCredential }: { readonly tokenFile?: string; readonly tokenCredential?: string },
  env: Env = process.env,
): Secret | undefined => secretFrom({ file: tokenFile, credential: tokenCredential }, 'token', env);

const OWNER_ALONE = 0o077;
/** In the directory of credentials: systemd lets the user in by an ACL, whose mask stands where the mode of the group does. */
const GROUP_MAY_READ = 0o037;

/** Reads and trims it. `problem` is a sentence for a person; it never holds a part of the content. */
export function readSecret(file: string, kind: SecretKind = 'password', env: Env = process.env): Secret {
  const directory = env[DIRECTORY] ?? '';
  const forbidden = directory !== '' && dirname(file) === directory ? GROUP_MAY_READ : OWNER_ALONE;
  const { noun } = KINDS[kind];
  let descriptor: number;
  try {
    // A named pipe that nobody writes to would hold us up for ever.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const shown = JSON.stringify(file);
    if (code === 'ENOENT')
      return { problem: `${shown} does not exist; write the ${noun} into it, mode 0600` };
    return {
      problem: `${shown} cannot be read by this user (${code}); give it to the user swancast runs as`,
    };
  }
  try {
    return checked(descriptor, JSON.stringify(file), kind, forbidden);
  } finally {
    closeSync(descriptor);
  }
}

function checked(descriptor: number, shown: string, kind: SecretKind, forbidden: number): Secret {
  const { noun, isRight, expected } = KINDS[kind];
  // On the open descriptor, so that what is checked is what is read.
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) return { problem: `${shown} is not a file` };
  if ((stat.mode & forbidden) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
    return { problem: `${shown} has mode ${mode}, so others may read it; chmod 0600 it` };
  }
  // More than any of them is long.
  const bytes = Buffer.alloc(65_536);
  const value = bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, 0)).trim();
  if (value === '') return { problem: `${shown} is empty; write the ${noun} into it` };
  return isRight(value) ? { value } : { problem: `${shown} does not hold ${expected}` };
}
