/** A secret in a file of its own. Read where it is used, never kept in Config, never printed. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export type Secret =
  | { readonly value: string; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: string };

/** Longer than any password a router takes: ExaBGP and the kernel stop at 80 bytes (TCP_MD5SIG_MAXKEYLEN). */
const LONGEST = 80;

/** Reads and trims it. `problem` is a sentence for a person; it never holds a part of the content. */
export function readSecret(file: string): Secret {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const shown = JSON.stringify(file);
    if (code === 'ENOENT')
      return { problem: `${shown} does not exist; write the password into it, mode 0600` };
    return {
      problem: `${shown} cannot be read by this user (${code}); give it to the user swancast runs as`,
    };
  }
  try {
    return checked(descriptor, JSON.stringify(file));
  } finally {
    closeSync(descriptor);
  }
}

function checked(descriptor: number, shown: string): Secret {
  // On the open descriptor, so that what is checked is what is read.
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) return { problem: `${shown} is not a file` };
  if ((stat.mode & 0o077) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
    return { problem: `${shown} has mode ${mode}, so others may read it; chmod 0600 it` };
  }
  const bytes = Buffer.alloc(4096);
  const value = bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, 0)).trim();
  if (value === '') return { problem: `${shown} is empty; write the password into it` };
  // A quote or a backslash would end or change the string in exabgp.conf.
  if (!/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/u.test(value) || value.length > LONGEST) {
    const what = `1 to ${LONGEST} printable ASCII characters without " and \\`;
    return {
      problem: `${shown} does not hold a password for TCP MD5: ${what}; write another one, here and on the router`,
    };
  }
  return { value };
}
