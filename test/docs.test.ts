import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documented } from '../deploy/docs.ts';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

describe('README', () => {
  it('has the tables that the code generates: run `npm run docs` after a change', async () => {
    expect(await documented(readme)).toBe(readme);
  });

  it('would notice a reason that is only in the text', async () => {
    const wrong = readme.replace('| `charon-gone` |', '| `charon-went` |');
    expect(wrong).not.toBe(readme);
    expect(await documented(wrong)).not.toBe(wrong);
  });

  it('links only to files that exist', () => {
    const targets = [...readme.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, target]) => target ?? '');
    expect(targets.length).toBeGreaterThan(3);
    for (const target of targets)
      expect(() => readFileSync(join(import.meta.dirname, '..', target))).not.toThrow('ENOENT');
  });
});
