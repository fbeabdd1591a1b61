import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDirectory, makeDirectorySync } from '../../bgp/make-directory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swancast-mkdir-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe.each([
  ['makeDirectory', makeDirectory],
  // eslint-disable-next-line @typescript-eslint/require-await
  ['makeDirectorySync', async (path: string) => makeDirectorySync(path)],
])('%s', (_, make) => {
  it('makes it with all above it, once and again, for its user and group alone', async () => {
    const path = join(directory, 'a/b/c');
    await make(path);
    await make(path);
    expect(statSync(path).isDirectory()).toBe(true);
    expect(statSync(path).mode & 0o027).toBe(0);
  });

  it('comes to an end where nothing can be made although the parent is there', async () => {
    await expect(make('/proc/swancast-nope')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(make('/proc/swancast-nope/below')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says when a file is in the way', async () => {
    writeFileSync(join(directory, 'file'), '');
    await expect(make(join(directory, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
