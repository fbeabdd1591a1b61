import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CharonLink } from '../../health/charon-link.ts';
import type { Down } from '../../health/down.ts';
import type { SaEvent } from '../../health/sa-event.ts';
import { FakeCharon } from '../fake/charon.ts';
import { FakeClock, firstRecorded, KeptLog, recorded } from './fixture.ts';

async function socketPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'swancast-link-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'vici.sock');
}

async function startCharon(path: string): Promise<FakeCharon> {
  const charon = await FakeCharon.listen(path);
  onTestFinished(() => charon.stop().catch(() => undefined));
  return charon
    .on('version', () => firstRecorded('version'))
    .on('stats', () => firstRecorded('stats'))
    .on('get-conns', () => firstRecorded('get-conns'))
    .on('get-counters', () => firstRecorded('get-counters'));
}

/** A link whose time stands still unless the test turns it: what still happens needs no timer. */
function linkTo(path: string): {
  link: CharonLink;
  clock: FakeClock;
  log: KeptLog;
  goesDown: () => Promise<Down>;
} {
  const clock = new FakeClock();
  const log = new KeptLog();
  const link = new CharonLink({ path, now: clock.now, setTimer: clock.setTimer, log });
  onTestFinished(() => {
    link.close();
    expect(clock.timers.size).toBe(0);
  });
  const goesDown = (): Promise<Down> =>
    new Promise((resolve) => {
      const stop = link.onDown((down) => {
        stop();
        resolve(down);
      });
    });
  return { link, clock, log, goesDown };
}

const comesUp = (link: CharonLink): Promise<void> =>
  new Promise((resolve) => {
    const stop = link.onUp(() => {
      stop();
      resolve();
    });
  });

describe('the end of the socket', () => {
  it('is news without any timer', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    const { link, clock, goesDown } = linkTo(path);
    const up = comesUp(link);
    link.start();
    await up;
    clock.time = 20;
    const down = goesDown();
    await charon.crash();
    expect(await down).toMatchObject({ kind: 'gone' });
    expect(link.up).toBe(false);
    expect(link.snapshot).toBeUndefined();
  });

  it('of a charon that only dropped it is repaired without any timer', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    const { link, clock } = linkTo(path);
    const up = comesUp(link);
    link.start();
    await up;
    clock.time = 20;
    const again = comesUp(link);
    charon.closeAll();
    await again;
    expect(link.reconnects).toBe(1);
  });

  it('as soon as it is up is not answered by a storm of connects', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    const { link, clock } = linkTo(path);
    link.onUp(() => {
      charon.closeAll();
    });
    const up = comesUp(link);
    link.start();
    await up;
    await charon.until(() => charon.connections === 0);
    await expect.poll(() => clock.timers.size).toBe(1); // the backoff, and no attempt
    expect(charon.requests.filter((name) => name === 'version')).toHaveLength(1);
  });
});

it('tries again after 20 ms, then twice as long each time, up to a second', async () => {
  const { link, clock, goesDown } = linkTo(await socketPath());
  let down = goesDown();
  link.start();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 8; attempt += 1) {
    await down;
    const [timer] = clock.timers;
    waits.push((timer?.at ?? 0) - clock.time);
    down = goesDown();
    await clock.pass(waits.at(-1) ?? 0);
  }
  await down;
  expect(waits).toEqual([20, 40, 80, 160, 320, 640, 1000, 1000]);
});

it('hands on the events of charon, and says which it could not read', async () => {
  const path = await socketPath();
  const charon = await startCharon(path);
  const { link, log } = linkTo(path);
  const events: SaEvent[] = [];
  link.onEvent((event) => events.push(event));
  const up = comesUp(link);
  link.start();
  await up;
  charon.emit('ike-updown', { up: 'yes', ra: { uniqueid: 'seven' } });
  for (const message of recorded('event-ike-updown')) charon.emit('ike-updown', message);
  await expect.poll(() => events.map(({ kind }) => kind)).toEqual(['ike-up', 'ike-down']);
  expect(log.lines).toEqual(['warn an event of charon could not be read']);
});

it('a look of its own is not repeated for those who take a recent one', async () => {
  const path = await socketPath();
  const charon = await startCharon(path);
  const { link, clock } = linkTo(path);
  const { signal } = new AbortController();
  await link.look(450, signal);
  const before = charon.requests.length;
  clock.time += 100;
  expect((await link.recent(100, 450, signal)).kind).toBe('answered');
  expect(charon.requests).toHaveLength(before);
  clock.time += 1;
  expect((await link.recent(100, 450, signal)).kind).toBe('answered');
  expect(charon.requests).toHaveLength(before + 1);
});
