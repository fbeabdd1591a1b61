/** Certificates of the lab's own authority (pki.ts), with another validity or for somebody new. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../run-command.ts';
import type { Credentials } from '../pki.ts';
import type { Stage } from './trial.ts';

export interface CertificateSpec {
  /** Of the files. */
  readonly name: string;
  readonly names: readonly string[];
  readonly flags?: readonly string[];
  /** It ended a day ago. */
  readonly expired?: boolean;
}

const DAY_MS = 86_400_000;

/** Makes key and certificate as PEM files in the lab's pki directory. */
export async function issue({ lab, signal }: Stage, spec: CertificateSpec): Promise<Credentials> {
  const directory = join(lab.directory, 'pki');
  const pki = async (...args: readonly string[]): Promise<string> =>
    runCommand(['pki', ...args, '--outform', 'pem'], signal, {
      env: { STRONGSWAN_CONF: join(directory, 'strongswan.conf') },
    });
  const key = join(directory, `${spec.name}.key.pem`);
  writeFileSync(key, await pki('--gen', '--type', 'ed25519'), { mode: 0o600 });
  const certificate = join(directory, `${spec.name}.crt.pem`);
  const until = Date.now() + (spec.expired === true ? -1 : 30) * DAY_MS;
  const text = await pki(
    ...['--issue', '--in', key, '--type', 'ed25519'],
    ...['--cacert', join(directory, 'ca.crt.pem'), '--cakey', join(directory, 'ca.key.pem')],
    ...['--dn', `CN=${spec.names[0] ?? spec.name}`],
    ...['--not-before', pkiTime(Date.now() - 2 * DAY_MS), '--not-after', pkiTime(until)],
    ...spec.names.flatMap((san) => ['--san', san]),
    ...(spec.flags ?? []),
  );
  writeFileSync(certificate, text, { mode: 0o600 });
  return { certificate, key };
}

/** "01.02.26 03:04:05", UTC: the default --dateform of pki. */
function pkiTime(at: number): string {
  const [date = '', time = ''] = new Date(at).toISOString().split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  return `${day}.${month}.${year.slice(2)} ${time.slice(0, 8)}`;
}
