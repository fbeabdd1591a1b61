/** A drain in the intent file, beside what is forced: neither order takes the other away. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BreakGlass } from '../../../sidecar/break-glass.ts';
import { IntentFile } from '../../../sidecar/intent-file.ts';
import { ORDER } from '../order-desk.ts';
import { Scenario, V4 } from '../scenario.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-kept-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const DRAIN = { who: 'alice', reason: 'reboot' };

it('is there after a force, a release and a restart', async () => {
  const heard: unknown[] = [];
  const open = async (): Promise<BreakGlass> => {
    const run = new Scenario().guard({}).healthy(1000);
    const one = new BreakGlass({
      file: new IntentFile(folder),
      prefixes: () => [...run.state.prefixes.keys()],
      flapped: () => [],
      intents: () => run.state.intents,
      onDrain: (kept) => {
        heard.push(kept);
        return typeof kept === 'object' && kept !== null ? kept : undefined;
      },
      dispatch: (event) => void run.send(event),
      clock: () => ({ now: run.now, time: 1_700_000_000_000 }),
      log: () => undefined,
    });
    await one.start();
    return one;
  };
  const kept = (): { forced: unknown[]; drain?: unknown } =>
    JSON.parse(readFileSync(join(folder, 'intent.json'), 'utf8'));
  const first = await open();
  // The force is queued behind a drain that is written, and not in effect yet.
  await Promise.all([first.keepDrain(DRAIN), first.force(ORDER)]);
  expect(kept()).toMatchObject({ forced: [{ prefix: V4 }], drain: DRAIN });
  await first.release({ who: 'bob' });
  expect(kept()).toMatchObject({ forced: [], drain: DRAIN });
  const second = await open();
  expect(heard).toEqual([DRAIN]);
  await second.force(ORDER);
  expect(kept()).toMatchObject({ forced: [{ prefix: V4 }], drain: DRAIN });
  await second.release({ who: 'bob' });
  await second.keepDrain(undefined);
  expect(() => kept()).toThrow('ENOENT');
});
