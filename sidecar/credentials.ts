/** The files with which gateways prove to each other who they are, read. What is wrong is thrown as an error for a person. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { TokenConfig } from './config/config.ts';
import { readSecret, readToken } from './config/secret.ts';

/** The token, undefined when none is configured. */
export function tokenOf(from: TokenConfig, section: 'fleet' | 'http'): string | undefined {
  const { value, problem } = readToken(from) ?? {};
  if (problem !== undefined) throw new Error(`${section}.token: ${problem}`);
  return value;
}

/** Where the token is, to see it change. */
export function tokenFiles({ tokenFile, tokenCredential }: TokenConfig): string[] {
  const directory = process.env['CREDENTIALS_DIRECTORY'];
  if (tokenFile !== undefined) return [tokenFile];
  return tokenCredential === undefined || directory === undefined ? [] : [join(directory, tokenCredential)];
}

export function readPem(file: string, key: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw new Error(`${key}: ${JSON.stringify(file)} cannot be read (${code})`, { cause });
  }
}

export function readKey(file: string, key: string): string {
  const { value, problem } = readSecret(file, 'key');
  if (value === undefined) throw new Error(`${key}: ${problem}`);
  return value;
}

/** Throws when OpenSSL would not take it: half a renewal has a key that does not belong to the certificate. */
export function tryTls(
  { ca, certificate, key }: { readonly ca?: string; readonly certificate?: string; readonly key?: string },
  section: string,
): void {
  try {
    createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { cert: certificate }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${section}: certificate and key cannot be used: ${why}`, { cause });
  }
}
