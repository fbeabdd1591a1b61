import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeAtomically } from '../../bgp/atomic-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swancast-atomic-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('lets writers of one file come one after the other, and leaves nothing else behind', async () => {
  const file = join(directory, 'conf');
  const texts = Array.from({ length: 20 }, (_, n) => `text ${n}`);
  await Promise.all(texts.map((text) => writeAtomically(file, text)));
  expect(readFileSync(file, 'utf8')).toBe(texts.at(-1));
  expect(readdirSync(directory)).toEqual(['conf']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('goes on after a write that failed', async () => {
  const file = join(directory, 'no/conf');
  const [first, second] = await Promise.allSettled([writeAtomically(file, 'a'), writeAtomically(file, 'b')]);
  expect([first.status, second.status]).toEqual(['rejected', 'rejected']);
  const good = join(directory, 'conf');
  await writeAtomically(good, 'c');
  expect(readFileSync(good, 'utf8')).toBe('c');
});

it.skipIf(process.getuid?.() !== 0)('leaves a file to whom it belongs, when asked to', async () => {
  const file = join(directory, 'conf');
  writeFileSync(file, 'old');
  await writeAtomically(file, 'new', { uid: 65_534, gid: 65_534, mode: 0o100640 });
  const { uid, gid, mode } = statSync(file);
  expect([uid, gid, mode & 0o777]).toEqual([65_534, 65_534, 0o640]);
});
