/** Where passwords, tokens and keys may show up: nowhere but in the file that ExaBGP reads. */
import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig, requireCredentials } from '../../../sidecar/config/load.ts';
import { ConfigError } from '../../../sidecar/config/problem.ts';
import { readPassword, readToken } from '../../../sidecar/config/secret.ts';
import { checkExabgpConf, exabgpConf } from '../../../sidecar/exabgp-input.ts';
import { swancastWith } from '../cli/command.ts';

// A process is started: a busy machine needs its time.
vi.setConfig({ testTimeout: 30_000 });
const SECRET_FILE = join(import.meta.dirname, '../../../sidecar/config/secret.ts');
const MAIN = join(import.meta.dirname, '../../../sidecar/main.ts');

/** No two alike, and none of them a part of anything else. */
const SECRETS = {
  password: 'Pw-file-71c2',
  'bgp-password': 'Pw-credential-a94e',
  'http-token': 'Token-http-5d03',
  'fleet-token': 'Token-fleet-e8b6',
} as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-secrets-'));
  mkdirSync(join(folder, 'credentials'));
  for (const [name, content] of Object.entries(SECRETS)) {
    write(name, content);
    // As systemd has them: the mask of the ACL stands where the mode of the group does.
    write(`credentials/${name}`, content, 0o440);
  }
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const configFile = (change: (text: string) => string = (text) => text): string =>
  write(
    'swancast.yaml',
    change(`strongswan: { vici_socket: ${folder}/charon.vici }
prefixes: [{ prefix: 192.0.2.1/32 }]
bgp:
  exabgp: ${folder}/exabgp
  local_as: 65001
  router_id: 10.1.1.2
  run_directory: ${folder}
  neighbors:
    - { address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2, password_file: ${folder}/password }
    - { address: 10.1.2.1, peer_as: 65000, local_address: 10.1.2.2, password_credential: bgp-password }
lease: { socket: ${folder}/lease.sock }
control: { socket: ${folder}/control.sock, state_directory: ${folder} }
http: { listen: "off", token_credential: http-token }
fleet:
  gateways: [{ name: gw2, url: 'https://127.0.0.1:9' }]
  token_file: ${folder}/fleet-token
log: { level: trace }
`),
  );
const unit = (): Record<string, string> => ({ CREDENTIALS_DIRECTORY: join(folder, 'credentials') });
const shownIn = (text: string): string[] => Object.values(SECRETS).filter((secret) => text.includes(secret));

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.replaceAll(folder, '');
  }
  return 'taken';
}

describe('secrets', () => {
  it('are read where they are used, from files and from credentials', () => {
    const config = loadConfig(configFile(), unit());
    const passwords = config.bgp.neighbors.map((neighbor) => readPassword(neighbor, unit())?.value);
    expect(passwords).toEqual([SECRETS.password, SECRETS['bgp-password']]);
    expect(readToken(config.http, unit())).toEqual({ value: SECRETS['http-token'] });
    expect(readToken(config.fleet ?? {}, unit())).toEqual({ value: SECRETS['fleet-token'] });
    expect(readToken({}, unit())).toBeUndefined();
    const lines = exabgpConf(config, unit()).split('\n');
    const isPassword = (line: string): boolean => line.startsWith('\tmd5-password ');
    expect(shownIn(lines.filter(isPassword).join())).toEqual([SECRETS.password, SECRETS['bgp-password']]);
    // What ExaBGP runs, and so `ps`, among the rest.
    expect(shownIn(lines.filter((line) => !isPassword(line)).join())).toEqual([]);
    expect(shownIn(JSON.stringify(config))).toEqual([]);
  });

  it.each(["'", '"', '\\'])('hold no %s, which means something in exabgp.conf', (sign) => {
    write('password', `pass${sign}word`);
    expect(refusal(() => loadConfig(configFile(), unit()))).toContain(
      'bgp.neighbors[0].password_file: "/password" does not hold a password for TCP MD5',
    );
  });

  it('are in files: a pipe that nobody writes to is refused, and not waited for', () => {
    execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')]);
    // In a process of its own, as it would not come back at all.
    const script = `import { readSecret } from ${JSON.stringify(SECRET_FILE)}; console.log(readSecret(process.argv[1]).problem)`;
    const argv = ['--input-type=module', '-e', script, join(folder, 'pipe')];
    const said = execFileSync(process.execPath, argv, { encoding: 'utf8', timeout: 20_000 });
    expect(said.trim()).toBe(`"${folder}/pipe" is not a file`);
  });

  it.each([['print'], ['print', '--json'], ['check'], ['check', '--json']])(
    'do not show in `config %s %s`; where they are does',
    async (...words) => {
      const { code, out, err } = await swancastWith(unit(), 'config', ...words, '-c', configFile());
      expect([code, shownIn(out + err)]).toEqual([0, []]);
      if (words.includes('print')) {
        expect(out).toContain(`${folder}/password`);
        expect(out).toMatch(/password_credential"?: "?bgp-password/);
        expect(out).toMatch(/token_credential"?: "?http-token/);
        expect(out).toContain(`${folder}/fleet-token`);
      }
    },
  );

  it('do not show in the log, nor in the command lines and environments of the processes', async () => {
    // In place of ExaBGP: says that it runs, and stays.
    write(
      'exabgp',
      `#!/bin/sh\ncase "$*" in *version*) echo 'ExaBGP : 4.2.21'; exit ;; *exabgp.conf*) echo started > ${folder}/new && mv ${folder}/new ${folder}/started ;; esac\nexec sleep 60\n`,
      0o700,
    );
    const child = spawn(process.execPath, [MAIN, 'run', '-c', configFile()], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...unit() },
    });
    try {
      let log = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data: Buffer) => (log += data.toString()));
      await vi.waitFor(() => expect(readFileSync(join(folder, 'started'), 'utf8')).toBe('started\n'), 20_000);
      const processes = execFileSync('ps', ['axeww', '-o', 'pid,ppid,args'], { encoding: 'utf8' });
      expect(processes).toContain(`${folder}/swancast.yaml`);
      const rendered = join(folder, 'exabgp.conf');
      expect([shownIn(readFileSync(rendered, 'utf8')).length, statSync(rendered).mode & 0o077]).toEqual([
        2, 0,
      ]);
      child.kill('SIGHUP');
      child.kill('SIGTERM');
      await once(child, 'exit');
      expect(log).toMatch(/"level":/);
      expect([shownIn(log), shownIn(processes)]).toEqual([[], []]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('a secret that cannot be used', () => {
  it.each([
    [
      'password',
      /^\/swancast\.yaml:9: bgp\.neighbors\[0\]\.password_file: "\/password" has mode 0644, so others may read it; chmod 0600 it$/,
    ],
    [
      'credentials/bgp-password',
      /^\/swancast\.yaml:10: bgp\.neighbors\[1\]\.password_credential: "\/credentials\/bgp-password" has mode 0644/,
    ],
    [
      'credentials/http-token',
      /^\/swancast\.yaml:13: http\.token_credential: "\/credentials\/http-token" has mode 0644/,
    ],
    ['fleet-token', /^\/swancast\.yaml:16: fleet\.token_file: "\/fleet-token" has mode 0644/],
  ])('is refused with its line when others may read it: %s', (name, expected) => {
    chmodSync(join(folder, name), 0o644);
    expect(refusal(() => loadConfig(configFile(), unit()))).toMatch(expected);
  });

  it.each([
    ['two\nlines', 'does not hold a token'],
    ['with blanks', 'does not hold a token'],
    ['x'.repeat(513), 'does not hold a token'],
    ['ümlaut', 'does not hold a token'],
    ['', 'is empty; write the token into it'],
  ])('is refused when a header could not carry it, and is not shown: %j', (content, expected) => {
    write('fleet-token', content);
    const message = refusal(() => loadConfig(configFile(), unit()));
    expect(message).toContain(expected);
    if (content !== '') expect(message).not.toContain(content);
  });

  it('is named when the unit lacks it', () => {
    const file = configFile((text) => text.replace('http-token', 'other'));
    expect(refusal(() => loadConfig(file, unit()))).toMatch(
      /http\.token_credential: "\/credentials\/other" does not exist/,
    );
  });

  it('stops the daemon and the rendering, but not the check, where there are no credentials', async () => {
    const file = configFile();
    const config = loadConfig(file, {});
    expect(refusal(() => checkExabgpConf(config, {}))).toBe('taken');
    expect(refusal(() => exabgpConf(config, {}))).toContain('$CREDENTIALS_DIRECTORY is not set');
    expect(refusal(() => requireCredentials(config, file, {})).split('\n')).toEqual([
      expect.stringMatching(
        /^\/swancast\.yaml:10: bgp\.neighbors\[1\]\.password_credential: no credential "bgp-password"/,
      ),
      expect.stringMatching(/^\/swancast\.yaml:13: http\.token_credential: no credential "http-token"/),
    ]);
    expect((await swancastWith({}, 'config', 'check', '-c', file)).code).toBe(0);
  });

  it('is that of another unit where another unit runs ExaBGP', () => {
    const file = configFile((text) => text.replace('bgp:\n', 'bgp:\n  supervise: false\n'));
    const lines = refusal(() => requireCredentials(loadConfig(file, {}), file, {})).split('\n');
    expect(lines).toEqual([expect.stringContaining('http.token_credential')]);
  });

  it('from the environment is named as such', () => {
    const env = { ...unit(), SWANCAST_FLEET_TOKEN_FILE: join(folder, 'absent') };
    expect(refusal(() => loadConfig(configFile(), env))).toBe(
      'environment: SWANCAST_FLEET_TOKEN_FILE: "/absent" does not exist; write the token into it, mode 0600',
    );
  });
});

describe('certificates and their keys', () => {
  it('may be credentials, by their paths', () => {
    write('credentials/key.pem', privateKey, 0o440);
    const file = configFile((text) =>
      text.replace(
        '  token_file',
        `  tls: { certificate_file: ${folder}/cert.pem, key_file: ${folder}/credentials/key.pem }\n  token_file`,
      ),
    );
    expect(refusal(() => loadConfig(file, unit()))).toMatch(
      /^\S+ fleet\.tls\.certificate_file: "\/cert\.pem" does not exist; check the path$/,
    );
    expect(refusal(() => loadConfig(file, {}))).toContain(
      'fleet.tls.key_file: "/credentials/key.pem" has mode 0440',
    );
  });

  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const tls = (mode: number, key = privateKey): string => {
    write('key.pem', key, mode);
    write('cert.pem', 'no certificate');
    return refusal(() =>
      loadConfig(
        configFile((text) =>
          text.replace(
            'http: {',
            `http: { tls: { certificate_file: ${folder}/cert.pem, key_file: ${folder}/key.pem, client_ca_file: ${folder}/ca.pem },`,
          ),
        ),
        unit(),
      ),
    );
  };

  it('are looked at before anything is started', () => {
    expect(tls(0o640).split('\n')).toEqual([
      '/swancast.yaml:13: http.tls.key_file: "/key.pem" has mode 0640, so others may read it; chmod 0600 it',
      '/swancast.yaml:13: http.tls.certificate_file: "/cert.pem" holds no certificate in PEM',
      '/swancast.yaml:13: http.tls.client_ca_file: "/ca.pem" does not exist; check the path',
    ]);
    expect(tls(0o600)).not.toContain('key_file');
    expect(tls(0o600, 'no key')).toContain(
      '"/key.pem" does not hold a private key in PEM that needs no passphrase',
    );
  });
});
