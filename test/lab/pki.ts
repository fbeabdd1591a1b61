import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';
import { PKI_CONF } from './strongswan-conf.ts';
import { ANYCAST4, ANYCAST6, clientIdentity, SERVICE_IDENTITY } from './topology.ts';

export interface Credentials {
  /** PEM files. */
  readonly certificate: string;
  readonly key: string;
}

/** A certification authority that lives as long as the lab; its key never leaves the lab's directory. */
export class Authority {
  readonly certificate: string;
  readonly #key: string;
  readonly #directory: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(directory: string, env: Readonly<Record<string, string>>) {
    this.#directory = directory;
    this.#env = env;
    this.certificate = join(directory, 'ca.crt.pem');
    this.#key = join(directory, 'ca.key.pem');
  }

  static async create(directory: string, signal: AbortSignal): Promise<Authority> {
    mkdirSync(directory, { mode: 0o700 });
    const conf = join(directory, 'strongswan.conf');
    writeFileSync(conf, PKI_CONF);
    const authority = new Authority(directory, { STRONGSWAN_CONF: conf });
    await authority.#generate(authority.#key, signal);
    await authority.#pki(
      [
        '--self',
        '--ca',
        '--in',
        authority.#key,
        '--type',
        'ed25519',
        '--dn',
        'CN=swancast lab CA',
        '--lifetime',
        '30',
      ],
      authority.certificate,
      signal,
    );
    return authority;
  }

  async issueGateway(name: string, signal: AbortSignal): Promise<Credentials> {
    return this.#issue(name, [SERVICE_IDENTITY, ANYCAST4, ANYCAST6], ['--flag', 'serverAuth'], signal);
  }

  async issueClient(client: number, signal: AbortSignal): Promise<Credentials> {
    return this.#issue(`client${client + 1}`, [clientIdentity(client)], [], signal);
  }

  async #issue(
    name: string,
    names: readonly string[],
    flags: readonly string[],
    signal: AbortSignal,
  ): Promise<Credentials> {
    const key = join(this.#directory, `${name}.key.pem`);
    const certificate = join(this.#directory, `${name}.crt.pem`);
    await this.#generate(key, signal);
    await this.#pki(
      [
        ...['--issue', '--in', key, '--type', 'ed25519', '--cacert', this.certificate, '--cakey', this.#key],
        ...[
          '--dn',
          `CN=${names[0] ?? name}`,
          '--lifetime',
          '30',
          ...names.flatMap((san) => ['--san', san]),
          ...flags,
        ],
      ],
      certificate,
      signal,
    );
    return { certificate, key };
  }

  async #generate(file: string, signal: AbortSignal): Promise<void> {
    await this.#pki(['--gen', '--type', 'ed25519'], file, signal);
  }

  async #pki(args: readonly string[], file: string, signal: AbortSignal): Promise<void> {
    const pem = await runCommand(['pki', ...args, '--outform', 'pem'], signal, { env: this.#env });
    writeFileSync(file, pem, { mode: 0o600 });
  }
}
