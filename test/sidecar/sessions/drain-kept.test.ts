/** A drain in the intent file, beside what is forced: neither order takes the other away. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BreakGlass, type HeldDrain } from '../../../sidecar/break-glass.ts';
import { IntentFile } from '../../../sidecar/intent-file.ts';
import { ORDER } from '../order-desk.ts';
import { Scenario, V4 } from '../scenario.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-kept-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const DRAIN = { who: 'alice', reason: 'reboot' };

/** What the drain's keeper is given. */
let heard: unknown[];
let log: string[];
beforeEach(() => {
  heard = [];
  log = [];
});

async function open(
  hear?: (one: BreakGlass) => HeldDrain,
  file = new IntentFile(folder),
): Promise<BreakGlass> {
  const run = new Scenario().guard({}).healthy(1000);
  const one: BreakGlass = new BreakGlass({
    file,
    prefixes: () => [...run.state.prefixes.keys()],
    flapped: () => [],
    intents: () => run.state.intents,
    onDrain: (kept) => {
      heard.push(kept);
      if (hear !== undefined) return hear(one);
      return { kept: typeof kept === 'object' && kept !== null ? kept : undefined, problems: [] };
    },
    dispatch: (event) => void run.send(event),
    clock: () => ({ now: run.now, time: 1_700_000_000_000 }),
    log: (level, message) => void log.push(`${level} ${message}`),
  });
  await one.start();
  return one;
}

const path = (): string => join(folder, 'intent.json');
const kept = (): { forced: unknown[]; drain?: unknown } => JSON.parse(readFileSync(path(), 'utf8'));

it('is there after a force, a release and a restart', async () => {
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

it('holds beside orders that are broken, and goes on being kept without them', async () => {
  writeFileSync(path(), JSON.stringify({ version: 1, forced: 'all', drain: DRAIN }));
  const one = await open();
  await one.release({ who: 'bob' });
  expect(heard).toEqual([DRAIN]);
  expect(kept()).toEqual({ version: 1, forced: [], drain: DRAIN });
  expect(log[0]).toBe(
    `error ${path()}: forced is "all", expected: a list; what is ordered there is not in effect: order it again with \`swancast force\``,
  );
});

it('that is broken or over is kept aside before the file is written without it', async () => {
  const broken = JSON.stringify({ version: 1, forced: [], drain: { who: 7 } });
  writeFileSync(path(), broken);
  const order: string[] = [];
  const file = new (class extends IntentFile {
    override async copyAside(): Promise<string> {
      await new Promise(setImmediate);
      order.push('copied');
      return await super.copyAside();
    }
    override async write(...args: Parameters<IntentFile['write']>): Promise<void> {
      order.push('written');
      await super.write(...args);
    }
  })(folder);
  const problem = { key: 'drain.who', value: '7', expected: 'one line', instead: 'it is not in effect' };
  const one = await open((breakGlass) => {
    // As the desk does with one that is over; it must wait.
    void breakGlass.keepDrain(undefined);
    return { kept: undefined, problems: [problem] };
  }, file);
  await one.release({ who: 'bob' });
  expect(order).toEqual(['copied', 'written', 'written']);
  expect(readFileSync(`${path()}.corrupt`, 'utf8')).toBe(broken);
  expect(log).toEqual([
    `error ${path()}: drain.who is 7, expected: one line; it is not in effect`,
    `warn ${path()}: as it was it is kept in ${path()}.corrupt`,
  ]);
  expect(() => kept()).toThrow('ENOENT');
});
