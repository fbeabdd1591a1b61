/** A real directory; a full disk is /dev/full behind the name of the new file. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { intentOf, type Moment } from '../../sidecar/intent.ts';
import { IntentFile } from '../../sidecar/intent-file.ts';

const NOW: Moment = { now: 1000, time: Date.parse('2026-01-01T12:00:00Z') };
const order = { prefix: '192.0.2.1/32', verb: 'withdraw', reason: 'new kernel', who: 'alice' } as const;
const ordered = intentOf({ ...order, seconds: 600 }, NOW);
const another = intentOf({ ...order, prefix: '2001:db8::1/128', seconds: 60 }, NOW);

let folder: string;
let file: IntentFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-intent-'));
  file = new IntentFile(join(folder, 'state'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the file of orders', () => {
  it('keeps them, for swancast and its group alone; no file and no directory is no order', async () => {
    expect(await file.read(NOW)).toEqual({ intents: [], corrected: false, problems: [] });
    await file.write([ordered, another]);
    expect(await file.read(NOW)).toEqual({ intents: [ordered, another], corrected: false, problems: [] });
    expect(statSync(file.path).mode & 0o027).toBe(0);
    expect(readdirSync(join(folder, 'state'))).toEqual(['intent.json']);
  });

  it('is gone when there is nothing to keep', async () => {
    await file.write([ordered]);
    await file.write([]);
    expect(existsSync(file.path)).toBe(false);
    await file.write([]);
  });

  it('is the old one still when the disk is full, and emptying it works even then', async () => {
    await file.write([ordered]);
    symlinkSync('/dev/full', `${file.path}.new`);
    await expect(file.write([ordered, another])).rejects.toMatchObject({
      code: 'INTENT_UNWRITABLE',
      message: `${file.path} cannot be written: the disk is full; free some space`,
    });
    expect(await file.read(NOW)).toEqual({ intents: [ordered], corrected: false, problems: [] });
    expect(readdirSync(join(folder, 'state'))).toEqual(['intent.json']);
    symlinkSync('/dev/full', `${file.path}.new`);
    await file.write([]);
    expect(existsSync(file.path)).toBe(false);
  });

  it('says what is wrong with its directory', async () => {
    writeFileSync(join(folder, 'state'), '');
    await expect(file.write([ordered])).rejects.toMatchObject({
      code: 'INTENT_UNWRITABLE',
      message: expect.stringContaining('correct control.state_directory') as string,
    });
    await expect(file.read(NOW)).rejects.toMatchObject({ code: 'INTENT_UNREADABLE' });
  });

  it('that is corrupt is moved aside, said once, and no obstacle afterwards', async () => {
    mkdirSync(join(folder, 'state'));
    writeFileSync(file.path, '{"version": 1, "forced": [{');
    await expect(file.read(NOW)).rejects.toMatchObject({
      code: 'INTENT_CORRUPT',
      message: expect.stringMatching(
        /is not ours: it is not JSON; it was moved to .*intent\.json\.corrupt/,
      ) as string,
    });
    expect(readFileSync(`${file.path}.corrupt`, 'utf8')).toContain('"forced"');
    expect(await file.read(NOW)).toEqual({ intents: [], corrected: false, problems: [] });
    await file.write([ordered]);
    expect((await file.read(NOW)).intents).toEqual([ordered]);
  });

  it('keeps a drain beside what is forced, and by itself', async () => {
    const drain = { who: 'alice', reason: 'reboot' };
    await file.write([ordered], drain);
    expect(await file.read(NOW)).toMatchObject({ intents: [ordered], drain });
    await file.write([], drain);
    expect(await file.read(NOW)).toMatchObject({ intents: [], drain });
    await file.write([ordered]);
    expect((await file.read(NOW)).drain).toBeUndefined();
  });

  it('that is far too large is not parsed', async () => {
    mkdirSync(join(folder, 'state'));
    writeFileSync(file.path, ' '.repeat(2 * 1024 * 1024));
    await expect(file.read(NOW)).rejects.toThrow('it is far too large');
  });

  it('keeps each broken one, never over another, and a disk that is full loses none', async () => {
    mkdirSync(join(folder, 'state'));
    const broken = async (text: string): Promise<unknown> => {
      writeFileSync(file.path, text);
      return await file.read(NOW).catch((error: unknown) => error);
    };
    for (const text of ['one', 'two', 'three']) await broken(text);
    const aside = (end: string): string => readFileSync(`${file.path}.corrupt${end}`, 'utf8');
    expect([aside(''), aside('.1'), aside('.2')]).toEqual(['one', 'two', 'three']);
    writeFileSync(file.path, 'four');
    expect(await file.copyAside()).toBe(`${file.path}.corrupt.3`);
    expect([aside('.3'), readFileSync(file.path, 'utf8')]).toEqual(['four', 'four']);
    for (const text of ['5', '6', '7', '8', '9', '10', '11', '12']) await broken(text);
    // There are ten at most; the last one gives way.
    expect([aside('.8'), aside('.9')]).toEqual(['9', '12']);
    expect(readdirSync(join(folder, 'state'))).toHaveLength(10);
  });

  it('moves what it could not read aside, before it writes over it or takes it away', async () => {
    const state = join(folder, 'state');
    for (const [write, left] of [
      [[ordered], ['intent.json', 'intent.json.corrupt']],
      [[], ['intent.json.corrupt']],
    ] as const) {
      // Nobody can read a directory as a file, not even root.
      mkdirSync(file.path, { recursive: true });
      await expect(file.read(NOW)).rejects.toMatchObject({ code: 'INTENT_UNREADABLE' });
      await file.write(write);
      expect(readdirSync(state)).toEqual(left);
      rmSync(state, { recursive: true });
    }
  });

  it('that cannot be moved aside stays, and is moved there by the next order that can', async () => {
    const names = ['', ...Array.from({ length: 9 }, (_, n) => `.${n + 1}`)].map((end) => `.corrupt${end}`);
    mkdirSync(join(folder, 'state'));
    for (const name of names) mkdirSync(`${file.path}${name}`);
    writeFileSync(file.path, 'one');
    await expect(file.read(NOW)).rejects.toThrow(
      'it cannot be moved aside (a file and a directory are mixed up',
    );
    await expect(file.write([ordered])).rejects.toMatchObject({ code: 'INTENT_UNWRITABLE' });
    expect(readFileSync(file.path, 'utf8')).toBe('one');
    rmSync(`${file.path}.corrupt.4`, { recursive: true });
    await file.write([ordered]);
    expect(readFileSync(`${file.path}.corrupt.4`, 'utf8')).toBe('one');
    expect((await file.read(NOW)).intents).toEqual([ordered]);
  });

  it('that cannot be copied aside is moved there by the next order', async () => {
    const state = join(folder, 'state');
    mkdirSync(join(file.path, 'inside'), { recursive: true });
    await expect(file.copyAside()).rejects.toMatchObject({
      code: 'INTENT_UNWRITABLE',
      message: expect.stringContaining('the next order moves it there') as string,
    });
    expect(readdirSync(state)).toEqual(['intent.json']);
    await file.write([ordered]);
    expect(readdirSync(state)).toEqual(['intent.json', 'intent.json.corrupt']);
    await file.write([another]);
    expect(readdirSync(state)).toEqual(['intent.json', 'intent.json.corrupt']);
  });
});
