/** Certificates for tests, made by openssl: an authority, and what it vouches for. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

export class Authority {
  readonly directory = mkdtempSync(join(tmpdir(), 'swancast-ca-'));
  readonly certificate: string;

  constructor() {
    this.#run(
      'req',
      '-x509',
      ...EC,
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=test CA',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
    );
    this.certificate = this.#read('ca.pem');
  }

  /** `days`: a negative number has it expired. */
  issue(name: string, alt: string, days = 1): Issued {
    this.#run(
      'req',
      ...EC,
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    writeFileSync(join(this.directory, 'ext'), `subjectAltName=${alt}\n`);
    this.#run(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-extfile', 'ext', '-days', String(days), '-out', `${name}.pem`],
    );
    return { certificate: this.#read(`${name}.pem`), key: this.#read(`${name}.key`) };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }

  #run(...words: string[]): void {
    execFileSync('openssl', words, { cwd: this.directory, stdio: 'pipe' });
  }

  #read(file: string): string {
    return readFileSync(join(this.directory, file), 'utf8');
  }
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
