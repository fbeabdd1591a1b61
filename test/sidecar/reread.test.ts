import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Reread } from '../../sidecar/reread.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swancast-reread-'));
  file = join(directory, 'token');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** As tools that renew do it. */
function replace(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function made(): { reread: Reread<string>; said: string[] } {
  const said: string[] = [];
  const reread = new Reread({
    files: [file],
    make: () => {
      const text = readFileSync(file, 'utf8');
      if (text === 'broken') throw new Error('that is no token');
      return text;
    },
    onChange: (value) => said.push(`changed ${value}`),
    onProblem: (text) => said.push(text),
  });
  return { reread, said };
}

describe('what is made of files', () => {
  it('is there at once', () => {
    writeFileSync(file, 'one');
    expect(made().reread.value).toBe('one');
  });

  it('says why there is none', () => {
    const { reread } = made();
    expect(reread.value).toBeUndefined();
    expect(reread.problem).toContain('ENOENT');
  });

  it('is made anew when a file is replaced, and not otherwise', async () => {
    writeFileSync(file, 'one');
    const { reread, said } = made();
    await reread.look();
    await reread.look();
    expect(said).toEqual([]);
    replace('two');
    await reread.look();
    await reread.look();
    expect(reread.value).toBe('two');
    expect(said).toEqual(['changed two']);
  });

  it('stays what it was while a file is broken or gone, and says so once', async () => {
    writeFileSync(file, 'one');
    const { reread, said } = made();
    await reread.look();
    replace('broken');
    await reread.look();
    await reread.look();
    expect(reread.value).toBe('one');
    expect(said).toEqual(['that is no token']);
    rmSync(file);
    await reread.look();
    expect(reread.value).toBe('one');
    expect(said).toHaveLength(2);
    replace('three');
    await reread.look();
    expect(reread.value).toBe('three');
    expect(reread.problem).toBeUndefined();
  });
});
