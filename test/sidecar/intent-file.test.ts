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
    expect(await file.read(NOW)).toEqual({ intents: [], corrected: false });
    await file.write([ordered, another]);
    expect(await file.read(NOW)).toEqual({ intents: [ordered, another], corrected: false });
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
    expect(await file.read(NOW)).toEqual({ intents: [ordered], corrected: false });
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
    expect(await file.read(NOW)).toEqual({ intents: [], corrected: false });
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
});
