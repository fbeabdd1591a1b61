import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

interface Manifest {
  readonly files: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

describe('package.json', () => {
  it('packs what its install script runs, and what the bundle looks for beside itself', () => {
    const [, script = ''] = /^sh (\S+)$/.exec(manifest.scripts['postinstall'] ?? '') ?? [];
    expect(existsSync(join(root, script))).toBe(true);
    expect(manifest.files).toContain(script);
    expect(manifest.files).toContain('deploy/launch-guard.sh');
  });

  it('names no file that is not there (dist is built)', () => {
    const missing = manifest.files.filter((file) => !/^!?dist/.test(file) && !existsSync(join(root, file)));
    expect(missing).toEqual([]);
  });

  it('pins every dependency exactly, and CONTRIBUTING.md has a word on each', () => {
    const guide = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
    const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    expect(all.filter(([name]) => !guide.includes(name))).toEqual([]);
  });
});
