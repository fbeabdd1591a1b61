/** The fixtures of the configuration: files that must load, and files with the exact problems they must give. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../../sidecar/config/config.ts';
import { parseConfig } from '../../../sidecar/config/load.ts';
import { ConfigError } from '../../../sidecar/config/problem.ts';

const folder = join(import.meta.dirname, 'fixtures');
export const EXAMPLE = join(import.meta.dirname, '../../../deploy/swancast.example.yaml');

export const fixtures = (kind: 'valid' | 'invalid'): string[] =>
  readdirSync(folder).filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.yaml'));

export const fixturePath = (name: string): string => join(folder, name);
export const fixtureText = (name: string): string => readFileSync(fixturePath(name), 'utf8');

/** "LINE: KEY: MESSAGE" for each problem: the comment at the top, or a file beside it where none fits in. */
export function expectedProblems(name: string): string[] {
  const beside = fixturePath(name.replace(/\.yaml$/u, '.expected'));
  if (existsSync(beside)) return readFileSync(beside, 'utf8').trimEnd().split('\n');
  return fixtureText(name)
    .split('\n')
    .filter((line) => line.startsWith('# expect: '))
    .map((line) => line.slice('# expect: '.length));
}

type Env = Readonly<Record<string, string>>;

export const parse = (text: string, env: Env = {}): Config =>
  parseConfig(text, { file: 'file', env, hostname: 'gw.example' });

/** The lines that a person would see; empty when it loads. Anything but a ConfigError is a defect. */
export function problemsOf(text: string, env: Env = {}): string[] {
  try {
    parse(text, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

export const MINIMAL = fixtureText('valid-minimal.yaml');
