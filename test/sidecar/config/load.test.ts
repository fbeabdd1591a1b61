import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../sidecar/config/load.ts';
import { ConfigError } from '../../../sidecar/config/problem.ts';
import { readSecret } from '../../../sidecar/config/secret.ts';
import { EXAMPLE, MINIMAL } from './fixture.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string | Buffer, mode = 0o644): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function refusal(file: string): string {
  try {
    loadConfig(file, {});
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.replaceAll(folder, '');
  }
  return 'loaded';
}

describe('loadConfig', () => {
  it('loads the example', () => {
    expect(loadConfig(EXAMPLE, {}).gateway.name).toBe('gw1');
  });

  it('says why a file cannot be read', () => {
    mkdirSync(join(folder, 'directory'));
    symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
    expect(refusal(join(folder, 'absent'))).toBe('/absent: does not exist; check the path');
    expect(refusal(join(folder, 'directory'))).toBe('/directory: is a directory; name the file');
    expect(refusal(join(folder, 'loop'))).toBe('/loop: cannot be read (ELOOP)');
  });

  it('reads at most 1 MiB, even of a file without end', () => {
    const large = write('large.yaml', `${MINIMAL}# ${'x'.repeat(1024 * 1024)}\n`);
    expect(refusal(large)).toBe('/large.yaml: is larger than 1 MiB; this is not a configuration of swancast');
    expect(refusal('/dev/zero')).toContain('is larger than 1 MiB');
    expect(refusal('/dev/null')).toBe(
      '/dev/null:1: the file is empty; start from /usr/share/doc/swancast/examples/swancast.example.yaml (deploy/swancast.example.yaml in the sources)',
    );
  });

  it('wants UTF-8, with or without a byte order mark', () => {
    expect(refusal(write('latin1.yaml', Buffer.from('gateway: { name: gät }', 'latin1')))).toBe(
      '/latin1.yaml: is not UTF-8 text; save it in that encoding',
    );
    expect(refusal(write('bom.yaml', `\ufeff${MINIMAL}`))).toBe('loaded');
    expect(refusal(write('dos.yaml', MINIMAL.replaceAll('\n', '\r\n')))).toBe('loaded');
  });

  it('checks the password files, and names the line of the key', () => {
    const secret = write('secret', 'pass word\n', 0o640);
    const text = MINIMAL.replace('10.1.1.2 }', `10.1.1.2, password_file: ${secret} }`);
    const file = write('config.yaml', text);
    expect(refusal(file)).toBe(
      '/config.yaml:8: bgp.neighbors[0].password_file: "/secret" has mode 0640, so others may read it; chmod 0600 it',
    );
    chmodSync(secret, 0o600);
    expect(loadConfig(file, {}).bgp.neighbors[0]?.passwordFile).toBe(secret);
    expect(JSON.stringify(loadConfig(file, {}))).not.toContain('pass word');
  });
});

describe('readSecret', () => {
  it('trims', () => {
    expect(readSecret(write('secret', '  hunter2 \n', 0o400))).toEqual({ value: 'hunter2' });
  });

  it.each([
    ['empty', '', 'is empty; write the password into it'],
    ['blank', ' \n\n', 'is empty; write the password into it'],
    ['two lines', 'one\ntwo\n', 'does not hold a password for TCP MD5'],
    ['a quote', 'pass"word', 'does not hold a password for TCP MD5'],
    ['a backslash', 'pass\\word', 'does not hold a password for TCP MD5'],
    ['not ASCII', 'pässword', 'does not hold a password for TCP MD5'],
    ['too long', 'hunter2-'.repeat(11), 'does not hold a password for TCP MD5'],
  ])('refuses %s and never shows it', (_, content, message) => {
    const { problem = '' } = readSecret(write('secret', content, 0o600));
    expect(problem).toContain(message);
    if (content.trim() !== '') expect(problem).not.toContain(content.trim());
  });

  it('refuses what is not a file of ours alone', () => {
    mkdirSync(join(folder, 'directory'));
    expect(readSecret(join(folder, 'absent')).problem).toContain('does not exist');
    expect(readSecret(join(folder, 'directory')).problem).toContain('is not a file');
    expect(readSecret(write('open', 'hunter2', 0o604)).problem).toContain('has mode 0604');
  });
});
