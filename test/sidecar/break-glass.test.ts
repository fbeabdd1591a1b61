import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Intent } from '../../sidecar/intent.ts';
import { ORDER, OrderDesk } from './order-desk.ts';
import { POLICY, Scenario, V4, V6 } from './scenario.ts';

const BOTH = [`${V4} 100`, `${V6} 100`];
const UNTIL = '2026-01-01T00:10:02.000Z';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-force-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const kept = (): string => readFileSync(join(folder, 'intent.json'), 'utf8');

async function open(run?: Scenario, directory = folder): Promise<OrderDesk> {
  const desk = new OrderDesk(directory, run);
  await desk.breakGlass.start();
  return desk;
}

describe('an order', () => {
  it('is kept, then in effect, and in the log with who, why and until when', async () => {
    const { breakGlass, run, log } = await open();
    expect(await breakGlass.force(ORDER)).toEqual({ done: [V4] });
    expect(run.routes).toEqual([`${V6} 100`]);
    const { seconds, ...order } = ORDER;
    const since = '2026-01-01T00:00:02.000Z';
    expect(JSON.parse(kept())).toEqual({ version: 1, forced: [{ ...order, since, until: UNTIL }] });
    expect(Date.parse(UNTIL) - Date.parse(since)).toBe(seconds * 1000);
    expect(log).toEqual([`warn ordered: ${V4} withdraw by alice until ${UNTIL}: new kernel`]);
  });

  it('finds its prefix in any spelling, and names the configured ones otherwise', async () => {
    const { breakGlass, run } = await open();
    expect(await breakGlass.force({ ...ORDER, prefix: '2001:DB8:53:0::1/128' })).toEqual({ done: [V6] });
    expect(await breakGlass.force({ ...ORDER, prefix: '192.0.2.2/32' })).toEqual({
      refused: 'bad-order',
      why: `prefix: "192.0.2.2/32" is not configured here; configured: ${V4}, ${V6}`,
    });
    expect(await breakGlass.release({ prefix: 'all', who: 'alice' })).toMatchObject({ refused: 'bad-order' });
    expect(run.routes).toEqual([`${V4} 100`]);
  });

  it('that is no good changes nothing', async () => {
    const { breakGlass, run } = await open();
    expect(await breakGlass.force({ ...ORDER, seconds: -1 })).toMatchObject({ refused: 'bad-order' });
    expect(await breakGlass.release({})).toMatchObject({ refused: 'bad-order' });
    expect([run.routes, existsSync(join(folder, 'intent.json'))]).toEqual([BOTH, false]);
  });

  it('that the disk does not take is refused, and changes nothing', async () => {
    const { breakGlass, run, log } = await open();
    await breakGlass.force({ ...ORDER, prefix: V6 });
    const before = kept();
    symlinkSync('/dev/full', join(folder, 'intent.json.new'));
    expect(await breakGlass.force(ORDER)).toEqual({
      refused: 'not-kept',
      why: `${join(folder, 'intent.json')} cannot be written: the disk is full; free some space; nothing was changed`,
    });
    expect([run.routes, kept()]).toEqual([[`${V4} 100`], before]);
    expect(log.at(-1)).toContain('error the order is refused:');
    // The last one can be released all the same.
    symlinkSync('/dev/full', join(folder, 'intent.json.new'));
    expect(await breakGlass.release({ who: 'bob' })).toEqual({ done: [V6] });
    expect(run.routes).toEqual(BOTH);
  });

  it('is not in effect while it is being written, and the next waits for it', async () => {
    const pending: (() => void)[] = [];
    const written: string[][] = [];
    const file = {
      path: 'nowhere',
      look: () => Promise.resolve(),
      read: () => Promise.resolve({ intents: [], corrected: false, drain: undefined, problems: [] }),
      copyAside: () => Promise.resolve('nowhere'),
      write: (intents: readonly Intent[]) => {
        written.push(intents.map(({ prefix }) => prefix));
        return new Promise<void>((resolve) => void pending.push(resolve));
      },
    };
    const { breakGlass, run } = new OrderDesk(file);
    await breakGlass.start();
    const first = breakGlass.force(ORDER);
    const second = breakGlass.force({ ...ORDER, prefix: V6 });
    await new Promise(setImmediate);
    expect([run.routes, written]).toEqual([BOTH, [[V4]]]);
    pending.shift()?.();
    expect([await first, run.routes]).toEqual([{ done: [V4] }, [`${V6} 100`]]);
    await new Promise(setImmediate);
    expect(written).toEqual([[V4], [V4, V6]]);
    pending.shift()?.();
    expect([await second, run.routes]).toEqual([{ done: [V6] }, []]);
  });

  it('is not taken before the start and after the end', async () => {
    const desk = new OrderDesk(folder);
    expect(await desk.breakGlass.force(ORDER)).toMatchObject({ refused: 'unavailable' });
    await desk.breakGlass.start();
    expect(await desk.breakGlass.force(ORDER)).toMatchObject({ done: [V4] });
    desk.breakGlass.close();
    expect(await desk.breakGlass.release({ who: 'alice' })).toMatchObject({ refused: 'unavailable' });
    expect(desk.run.routes).toEqual([`${V6} 100`]);
  });

  it('is not taken when the end came during the start', async () => {
    const { breakGlass } = new OrderDesk(folder);
    const started = breakGlass.start();
    breakGlass.close();
    await started;
    expect(await breakGlass.force(ORDER)).toMatchObject({ refused: 'unavailable' });
  });

  it('that is still being written at the end is left to the successor', async () => {
    const desk = await open();
    const order = desk.breakGlass.force(ORDER);
    await new Promise(setImmediate);
    desk.breakGlass.close();
    expect(await order).toMatchObject({ refused: 'unavailable' });
    expect(desk.run.routes).toEqual(BOTH);
  });
});

describe('a release', () => {
  it('of one prefix leaves the other, of all leaves nothing, and nothing is no mistake', async () => {
    const { breakGlass, run, log } = await open();
    await breakGlass.force(ORDER);
    await breakGlass.force({ ...ORDER, prefix: V6 });
    expect(await breakGlass.release({ prefix: V4, who: 'bob' })).toEqual({ done: [V4] });
    expect(run.routes).toEqual([`${V4} 100`]);
    expect(log.at(-1)).toBe(
      `warn bob released what was ordered: ${V4} withdraw by alice until ${UNTIL}: new kernel`,
    );
    expect(await breakGlass.release({ who: 'bob' })).toEqual({ done: [V6] });
    expect(await breakGlass.release({ who: 'bob' })).toEqual({ done: [] });
    expect([run.routes, existsSync(join(folder, 'intent.json'))]).toEqual([BOTH, false]);
  });
});

describe('a release of what flaps', () => {
  const flapped = (): Scenario => {
    const run = new Scenario({ ...POLICY, hold: { ...POLICY.hold, flapLimit: 1 } }).guard({}).healthy(1000);
    return run.fail('ike-v4', 'ike-refused').fail('ike-v4', 'ike-refused').healthy(3000);
  };

  it('ends its holds without any order, and touches no file', async () => {
    const { breakGlass, run, log } = await open(flapped());
    expect(run.phase(V4)).toBe('degraded (flap-hold)');
    expect(await breakGlass.release({ prefix: V4, who: 'bob' })).toEqual({ done: [V4] });
    expect([run.phase(V4), log]).toEqual(['announced (all-pass)', [`warn bob released what flapped: ${V4}`]]);
    expect(existsSync(join(folder, 'intent.json'))).toBe(false);
    expect(await breakGlass.release({ who: 'bob' })).toEqual({ done: [] });
  });

  it('comes with the end of an order, and not when that cannot be kept', async () => {
    const { breakGlass, run } = await open(flapped());
    await breakGlass.force(ORDER);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'no directory');
    expect(await breakGlass.release({ prefix: V4, who: 'bob' })).toMatchObject({ refused: 'not-kept' });
    rmSync(folder);
    mkdirSync(folder);
    expect(run.phase(V4)).toBe('withdrawn (forced-withdraw)');
    expect(await breakGlass.release({ who: 'bob' })).toEqual({ done: [V4] });
    expect(run.phase(V4)).toBe('announced (all-pass)');
  });
});

describe('an order over a restart', () => {
  it('is in effect again before the guard is heard, for what is left of it', async () => {
    const first = await open();
    await first.breakGlass.force(ORDER);
    const run = new Scenario().wait(60_000);
    const { log } = await open(run);
    expect(log).toEqual([`warn still ordered: ${V4} withdraw by alice until ${UNTIL}: new kernel`]);
    const held = POLICY.prefixes.flatMap(({ routes }) => routes.announced);
    expect(run.guard({ lease: 'held', generation: 4, desired: held }).routes).toEqual([`${V6} 100`]);
    expect(run.healthy(541_500).phase()).toBe('announced (all-pass)');
  });

  it('leaves the file when its time is over, so that no clock brings it back', async () => {
    const desk = await open();
    await desk.breakGlass.force({ ...ORDER, seconds: 5 });
    desk.wait(6000);
    expect(desk.log.at(-1)).toMatch(/^warn its time is over: 192\.0\.2\.1\/32 withdraw by alice/);
    // Work on the file goes in turn: behind this one the other is done.
    await desk.breakGlass.release({ who: 'alice' });
    expect(existsSync(join(folder, 'intent.json'))).toBe(false);
  });

  it('of a prefix that is not configured any more is dropped, with a line in the log', async () => {
    const first = await open();
    await first.breakGlass.force({ ...ORDER, prefix: V6 });
    const only = new Scenario({ ...POLICY, prefixes: POLICY.prefixes.slice(0, 1) });
    const { log, breakGlass } = await open(only);
    expect(log.at(-1)).toContain(`its prefix is not configured (any more): ${V6}`);
    await breakGlass.release({ who: 'alice' });
    expect(existsSync(join(folder, 'intent.json'))).toBe(false);
  });

  it('that is over by then is taken out of the file at once', async () => {
    const first = await open();
    await first.breakGlass.force({ ...ORDER, seconds: 5 });
    const { breakGlass, log } = await open(new Scenario().wait(60_000));
    // Work on the file goes in turn: behind this one it is done.
    await breakGlass.release({ who: 'bob' });
    expect([log, existsSync(join(folder, 'intent.json'))]).toEqual([[], false]);
  });

  it('holds beside one that is broken, which is said, kept aside, and taken out of the file', async () => {
    const first = await open();
    await first.breakGlass.force(ORDER);
    await first.breakGlass.force({ ...ORDER, prefix: V6 });
    const broken = kept().replace('"withdraw"', '"destroy"');
    writeFileSync(join(folder, 'intent.json'), broken);
    const { breakGlass, run, log } = await open();
    const path = join(folder, 'intent.json');
    expect(run.routes).toEqual([`${V4} 100`]);
    expect(log).toEqual([
      `warn still ordered: ${V6} withdraw by alice until ${UNTIL}: new kernel`,
      `error ${path}: forced[0].verb is "destroy", expected: announce or withdraw; what is ordered there is not in effect: order it again with \`swancast force\``,
      `warn ${path}: as it was it is kept in ${path}.corrupt`,
    ]);
    await breakGlass.release({ prefix: V4, who: 'bob' });
    expect(JSON.parse(kept())).toMatchObject({ forced: [{ prefix: V6 }] });
    expect(await breakGlass.force(ORDER)).toEqual({ done: [V4] });
    expect(readFileSync(`${path}.corrupt`, 'utf8')).toBe(broken);
    expect((JSON.parse(kept()) as { forced: unknown[] }).forced).toHaveLength(2);
    const again = await open();
    expect(again.log).toEqual([V6, V4].map((each) => expect.stringContaining(`still ordered: ${each}`)));
  });

  it('is taken out of the file in the background, and says when it cannot be', async () => {
    const first = await open();
    await first.breakGlass.force({ ...ORDER, prefix: V6 });
    writeFileSync(join(folder, 'intent.json'), kept().replace('"version": 1', '"version": 7'));
    symlinkSync('/dev/full', join(folder, 'intent.json.new'));
    const { breakGlass, run, log } = await open();
    await breakGlass.release({ prefix: V4, who: 'bob' });
    expect(run.routes).toEqual([`${V4} 100`]);
    expect(log.at(-1)).toContain('warn the file still says what holds no longer:');
  });

  it('of a file full of broken ones has so many lines in the log and no more', async () => {
    const forced = Array.from({ length: 1000 }, () => 7);
    writeFileSync(join(folder, 'intent.json'), JSON.stringify({ version: 1, forced }));
    const { log } = await open();
    expect(log).toHaveLength(22);
    expect(log.at(-2)).toContain('980 more');
  });

  it('of a corrupt file is lost, loudly, and the gateway starts', async () => {
    writeFileSync(join(folder, 'intent.json'), '{');
    const { log, breakGlass, run } = await open();
    expect(log).toEqual([expect.stringContaining('order it again with `swancast force`')]);
    expect(run.routes).toEqual(BOTH);
    expect(await breakGlass.force(ORDER)).toEqual({ done: [V4] });
  });
});

describe('the directory of orders', () => {
  it('is looked at before it is needed, and what is wrong is said once and shown until an order was kept', async () => {
    const state = join(folder, 'above', 'state');
    const { breakGlass, log } = await open(undefined, state);
    await breakGlass.look();
    const said = `control.state_directory: ${state}: it is not there and cannot be made; make it for the user of swancast, or correct control.state_directory; until then \`swancast force\` is refused`;
    expect(log).toEqual([`warn ${said}`]);
    expect(breakGlass.obstacle).toBe(said);
    mkdirSync(join(folder, 'above'));
    expect(await breakGlass.force(ORDER)).toEqual({ done: [V4] });
    expect(breakGlass.obstacle).toBeUndefined();
  });

  it.each(['/proc/swancast-nope', '/dev/null'])('that cannot be one is refused at once: %s', async (path) => {
    const { breakGlass } = await open(undefined, path);
    await breakGlass.look();
    expect(breakGlass.obstacle).toContain(`control.state_directory: ${path}`);
    expect(await breakGlass.force(ORDER)).toMatchObject({ refused: 'not-kept' });
    expect(breakGlass.isBusy).toBe(false);
  });

  it('that is in order is no news, and is there afterwards', async () => {
    const { breakGlass, log } = await open(undefined, join(folder, 'state'));
    await breakGlass.look();
    expect([log, breakGlass.obstacle, existsSync(join(folder, 'state'))]).toEqual([[], undefined, true]);
  });
});
