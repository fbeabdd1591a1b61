import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CharonLink } from '../../health/charon-link.ts';
import { SaCensus } from '../../health/sa-census.ts';
import type { Message } from '../../health/vici/index.ts';
import { FakeCharon } from '../fake/charon.ts';
import { firstRecorded, KeptLog } from './fixture.ts';

const never = new AbortController().signal;

interface Gateway {
  readonly charon: FakeCharon;
  readonly link: CharonLink;
  readonly census: SaCensus;
  readonly log: KeptLog;
  /** The clock that the pace of listings goes by. */
  time: number;
  /** uniqueids that a listing shows. */
  listed: number[];
  /** charon's own total, where it differs from what it lists. */
  total: number | undefined;
  /** "IKE_SAs/CHILD_SAs", or why not. */
  take(): Promise<string>;
  listings(): number;
}

const ike = (id: number): Message => ({
  ra: {
    uniqueid: String(id),
    state: 'ESTABLISHED',
    'child-sas': { [`net-${String(id)}`]: { uniqueid: String(id), state: 'INSTALLED' } },
  },
});

async function gateway(...listed: number[]): Promise<Gateway> {
  const directory = await mkdtemp(join(tmpdir(), 'swancast-census-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'vici.sock');
  const log = new KeptLog();
  const now = (): number => own.time;
  const link = new CharonLink({ path, now, log });
  const census = new SaCensus({ link, now, log, listIntervalMs: 60_000 });
  const own: Gateway = {
    charon: await FakeCharon.listen(path),
    link,
    census,
    log,
    time: 0,
    listed,
    total: undefined,
    async take() {
      own.time += 1000; // older than any answer that might be used again
      const taken = await census.take(5000, never);
      if (taken.kind !== 'counted') return taken.kind;
      return `${String(taken.count.ikeSas)}/${String(taken.count.childSas)}`;
    },
    listings: () => own.charon.requests.filter((name) => name === 'list-sas').length,
  };
  script(own);
  const unwatch = census.watch();
  onTestFinished(async () => {
    unwatch();
    link.close();
    await own.charon.stop().catch(() => undefined);
  });
  return own;
}

function script(own: Gateway): void {
  const total = (): string => String(own.total ?? own.listed.length);
  own.charon
    .on('version', () => firstRecorded('version'))
    .on('stats', () => ({
      ...firstRecorded('stats'),
      ikesas: { total: total(), 'half-open': '0' },
    }))
    .on('get-conns', () => firstRecorded('get-conns'))
    .on('get-counters', () => firstRecorded('get-counters'))
    .on('list-sas', (args) => {
      expect({ ...args }).toEqual({ noblock: 'yes' });
      return own.listed.map(ike);
    });
}

describe('counting on a charon', () => {
  it('begins with a listing, and does not list again soon', async () => {
    const own = await gateway(1, 2, 3);
    expect(await own.take()).toBe('3/3');
    expect(await own.take()).toBe('3/3');
    expect(own.listings()).toBe(1);
    own.time += 60_000;
    expect(await own.take()).toBe('3/3');
    await own.charon.until(() => own.listings() === 2);
  });

  it('follows events in between', async () => {
    const own = await gateway(1);
    expect(await own.take()).toBe('1/1');
    own.total = 2;
    own.charon.emit('ike-updown', { up: 'yes', ...ike(2) });
    own.charon.emit('child-updown', { up: 'yes', ...ike(2) });
    expect(await own.take()).toBe('2/2');
    own.total = 1;
    own.charon.emit('child-updown', ike(1));
    own.charon.emit('ike-updown', ike(1));
    expect(await own.take()).toBe('1/1');
    expect(own.listings()).toBe(1);
  });

  it('lists early, but not at once, when charon says there are fewer', async () => {
    const own = await gateway(1, 2);
    expect(await own.take()).toBe('2/2');
    own.listed = [1];
    expect(await own.take()).toBe('1/2'); // the total decides; which one went is not known yet
    expect(own.listings()).toBe(1);
    own.time += 5000;
    await own.take();
    await own.charon.until(() => own.listings() === 2);
  });

  it('lists anew when the link comes back: events were lost', async () => {
    const own = await gateway(1, 2);
    expect(await own.take()).toBe('2/2');
    own.listed = [7];
    own.charon.closeAll();
    await own.charon.until(() => own.charon.connections === 0);
    expect(await own.take()).toBe('1/1');
    expect(own.listings()).toBe(2);
  });

  it('knows nothing while charon is down, which is not 0', async () => {
    const own = await gateway(1);
    expect(await own.take()).toBe('1/1');
    await own.charon.crash();
    expect(await own.take()).toBe('down');
  });

  it('goes on by events when listings fail', async () => {
    const own = await gateway(1);
    expect(await own.take()).toBe('1/1');
    own.charon.on('list-sas', () => ({ raw: Buffer.from('garbage') }));
    own.time += 60_000;
    expect(await own.take()).toBe('1/1');
    await own.charon.until(() => own.listings() === 2);
    await expect
      .poll(() => own.log.lines)
      .toEqual(['warn list-sas failed; IKE_SAs are counted by events meanwhile']);
    expect(await own.take()).toBe('1/1');
  });

  it('asks for nothing but the first listing while that is under way', async () => {
    const own = await gateway(1);
    own.charon.on('list-sas', () => undefined);
    const abort = new AbortController();
    const first = own.census.take(5000, abort.signal);
    await own.charon.until(() => own.listings() === 1);
    abort.abort(new Error('timeout'));
    expect((await first).kind).toBe('listing');
    expect(own.listings()).toBe(1);
  });

  it('pauses a hundred times as long as a listing took', async () => {
    const own = await gateway(1);
    own.charon.on('list-sas', () => {
      own.time += 2000; // a large gateway
      return own.listed.map(ike);
    });
    expect(await own.take()).toBe('1/1');
    expect(own.census.listingCostMs).toBe(2000);
    own.time += 150_000;
    // Round trips enough for a listing to have been asked for, had there been one.
    for (let turn = 0; turn < 10; turn += 1) await own.take();
    expect(own.listings()).toBe(1);
    own.time += 60_000;
    await own.take();
    await own.charon.until(() => own.listings() === 2);
  });
});
