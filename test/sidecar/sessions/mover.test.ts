/** The mover against a scripted charon with a changing set of IKE_SAs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SessionsEvent } from '../../../sidecar/sessions/state.ts';
import { SaFeed } from '../../../sidecar/sessions/feed.ts';
import { Mover } from '../../../sidecar/sessions/mover.ts';
import { FakeCharon } from '../../fake/charon.ts';
import { SaTable } from '../../fake/sa-table.ts';

describe('Mover', () => {
  let directory: string;
  let charon: FakeCharon;
  let table: SaTable;
  let mover: Mover;
  /** All of them, and those that are no news of connections. */
  let heard: SessionsEvent[];
  let events: SessionsEvent[];
  let wake: (() => void) | undefined;
  let log: string[];
  let pauses: (() => void)[];
  let now: number;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'swancast-mover-'));
    charon = await FakeCharon.listen(join(directory, 'vici.sock'));
    table = new SaTable(charon);
    events = [];
    heard = [];
    log = [];
    pauses = [];
    now = 5;
    const say = (_: object, text: string): void => void log.push(text);
    mover = new Mover({
      path: charon.path,
      now: () => now,
      log: { debug: say, info: say, warn: say, error: say },
      dispatch: (event) => {
        heard.push(event);
        if (event.type !== 'connections') events.push(event);
        wake?.();
      },
      flush: () => undefined,
      pause: () =>
        new Promise((resolve) => {
          pauses.push(resolve);
          wake?.();
        }),
    });
  });

  afterEach(async () => {
    mover.close();
    await charon.stop();
    rmSync(directory, { recursive: true });
  });

  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };

  it('lists what is there, with the total of charon', async () => {
    table.add({ local: '192.0.2.1', identity: 'a' });
    table.add({ local: '192.0.2.1', identity: 'b' });
    mover.run({ type: 'list' });
    await until(() => events.length === 1);
    const [event] = events;
    expect(event).toMatchObject({ type: 'listing', startedAt: 5, total: 2 });
    expect(event?.type === 'listing' && event.ikeSas.map(({ remote }) => remote.id)).toEqual(['a', 'b']);
    expect(table.seen[0]).toEqual({ command: 'list-sas', args: { noblock: 'yes' } });
  });

  it('asks for a few by id, and opens what moves them meanwhile', async () => {
    const ids = ['a', 'b', 'c'].map((identity) => table.add({ local: '192.0.2.1', identity }));
    mover.run({ type: 'list', only: [ids[2] ?? 0, 99, ids[0] ?? 0] });
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({ type: 'sample', startedAt: 5 });
    const [event] = events;
    expect(event?.type === 'sample' && event.seen.map(({ ikeSa }) => ikeSa.remote.id)).toEqual(['c', 'a']);
    expect(table.seen.map(({ args }) => args['ike-id'])).toEqual(['3', '99', '1']);
    await charon.until(() => charon.connections === 2);
    await charon.stop();
    mover.run({ type: 'list', only: ids });
    await until(() => events.length === 2);
    expect(events[1]).toEqual({ type: 'listing-failed' });
  });

  it('opens a socket once, however many want it at the same time', async () => {
    mover.run({ type: 'list' });
    await mover.connections();
    await until(() => events.length === 1);
    expect([events[0]?.type, charon.connections]).toEqual(['listing', 1]);
  });

  it('redirects by id to that gateway, and terminates without waiting for the client', async () => {
    const [one, two] = [
      table.add({ local: '192.0.2.1', identity: 'a' }),
      table.add({ local: '192.0.2.1', identity: 'b' }),
    ];
    mover.run({ type: 'redirect', gateway: '10.1.2.2', ids: [one] });
    mover.run({ type: 'terminate', ids: [two] });
    await charon.until(() => table.seen.length === 2);
    expect(table.seen).toEqual([
      { command: 'redirect', args: { 'ike-id': `${one}`, gateway: '10.1.2.2' } },
      { command: 'terminate', args: { 'ike-id': `${two}`, timeout: '-1' } },
    ]);
    mover.run({ type: 'list' });
    await until(() => events.length === 1);
    const [event] = events;
    // "success: yes" was only that it was queued: both are still listed, the one to be deleted as such.
    expect(event?.type === 'listing' && event.ikeSas.map(({ state }) => state)).toEqual([
      'ESTABLISHED',
      'DELETING',
    ]);
  });

  it('says who is gone, as charon knows no such IKE_SA', async () => {
    const one = table.add({ local: '192.0.2.1', identity: 'a' });
    mover.run({ type: 'terminate', ids: [one, 77] });
    await until(() => events.length === 1);
    expect(events).toEqual([{ type: 'moved', kind: 'terminate', gone: [77], unsent: [] }]);
  });

  it('says what was not sent when charon is gone, and opens the socket again for the next', async () => {
    const [one, two] = [
      table.add({ local: '192.0.2.1', identity: 'a' }),
      table.add({ local: '192.0.2.1', identity: 'b' }),
    ];
    mover.run({ type: 'list' });
    await until(() => events.length === 1);
    events.length = 0;
    await charon.crash();
    mover.run({ type: 'redirect', gateway: '10.1.2.2', ids: [one, two] });
    mover.run({ type: 'list' });
    await until(() => pauses.length === 1);
    pauses.shift()?.();
    await until(() => events.length === 2);
    expect(events).toContainEqual({ type: 'moved', kind: 'redirect', gone: [], unsent: [one, two] });
    expect(events).toContainEqual({ type: 'listing-failed' });
    charon = await FakeCharon.listen(charon.path);
    table = new SaTable(charon);
    table.add({ local: '192.0.2.1', identity: 'a' });
    mover.run({ type: 'list' });
    await until(() => events.length === 3);
    expect(events[2]).toMatchObject({ type: 'listing', total: 1 });
  });

  it('does not send late what waited behind a slow charon: all of it would arrive at once', async () => {
    const told: unknown[] = [];
    charon.on('terminate', ({ 'ike-id': id }) => {
      told.push(id);
      now += 251;
      return { success: 'yes' };
    });
    mover.run({ type: 'terminate', ids: [1, 2] });
    mover.run({ type: 'terminate', ids: [3] });
    await until(() => events.length === 2);
    expect(events).toEqual([
      { type: 'moved', kind: 'terminate', gone: [], unsent: [2] },
      { type: 'moved', kind: 'terminate', gone: [], unsent: [3] },
    ]);
    mover.run({ type: 'terminate', ids: [4] });
    await charon.until(() => told.length === 2);
    expect([told, pauses]).toEqual([['1', '4'], []]);
  });

  it('the one under way when charon hangs up counts as sent, those behind it do not', async () => {
    const ids = [1, 2, 3].map(() => table.add({ local: '192.0.2.1', identity: 'a' }));
    table.hangUpAfter = 2;
    mover.run({ type: 'terminate', ids });
    await until(() => pauses.length === 1);
    pauses.shift()?.();
    await until(() => events.length === 1);
    expect(events).toEqual([{ type: 'moved', kind: 'terminate', gone: [], unsent: ids.slice(2) }]);
  });

  it('tries nothing in the pause after a failure, and says once that it fails and once that it works', async () => {
    const ids = [1, 2, 3].map(() => table.add({ local: '192.0.2.1', identity: 'a' }));
    await charon.crash();
    for (const failures of [1, 2, 3]) {
      events.length = 0;
      for (const id of ids) mover.run({ type: 'terminate', ids: [id] });
      await until(() => pauses.length === failures);
      // All three are done with now: the pause is over for all of them at once.
      await new Promise(setImmediate);
      expect(events).toEqual([]);
      pauses.at(-1)?.();
      await until(() => events.length === 3);
      expect(pauses.length).toBe(failures);
    }
    expect(log).toEqual(['terminate: 1 of 1 IKE_SAs could not be told']);
    charon = await FakeCharon.listen(charon.path);
    table = new SaTable(charon);
    const one = table.add({ local: '192.0.2.1', identity: 'a' });
    mover.run({ type: 'terminate', ids: [one] });
    mover.run({ type: 'terminate', ids: [77] });
    await until(() => events.length === 4);
    expect(log.at(-1)).toBe('IKE_SAs are told to move again, after 3 failures');
    expect(log.length).toBe(2);
  });

  it('says once that listing fails, however often it does', async () => {
    await charon.crash();
    for (const count of [1, 2, 3]) {
      mover.run({ type: 'list' });
      await until(() => events.length === count);
    }
    expect(log).toEqual(['IKE_SAs could not be listed']);
    charon = await FakeCharon.listen(charon.path);
    table = new SaTable(charon);
    mover.run({ type: 'list' });
    await until(() => events.length === 4);
    expect(log.at(-1)).toBe('IKE_SAs are listed again, after 3 failures');
  });

  it('asks for the connections again once they are old, or an IKE_SA has one that it does not know', async () => {
    await mover.connections();
    const clients = { clients: { local_addrs: ['192.0.2.1'], remote_addrs: ['%any'] } };
    charon.on('list-conns', () => [clients]);
    const types = async (): Promise<string[]> => {
      const count = heard.length;
      mover.run({ type: 'list' });
      await until(() => heard.slice(count).some(({ type }) => type === 'listing'));
      return heard.slice(count).map(({ type }) => type);
    };
    expect(await types()).toEqual(['listing']);
    // charon was just started when it was asked; by now its connections are loaded, and a client is there.
    table.add({ local: '192.0.2.1', identity: 'a' });
    expect(await types()).toEqual(['connections', 'listing']);
    expect(heard.at(-2)).toMatchObject({
      connections: new Map([['clients', { localAddrs: ['192.0.2.1'], remoteAddrs: ['%any'] }]]),
    });
    expect(await types()).toEqual(['listing']);
    now += 1001;
    expect(await types()).toEqual(['connections', 'listing']);
  });

  it('tells the addresses of the connections', async () => {
    charon.on('list-conns', () => [
      { clients: { local_addrs: ['192.0.2.1', '10.1.1.2'], remote_addrs: ['%any'] } },
      { site: { local_addrs: ['10.1.1.2'], remote_addrs: ['10.7.0.1'] } },
    ]);
    await mover.connections();
    expect(heard).toEqual([
      {
        type: 'connections',
        connections: new Map([
          ['clients', { localAddrs: ['192.0.2.1', '10.1.1.2'], remoteAddrs: ['%any'] }],
          ['site', { localAddrs: ['10.1.1.2'], remoteAddrs: ['10.7.0.1'] }],
        ]),
      },
    ]);
  });
});

describe('SaFeed', () => {
  it('gathers until its timer, or until it is flushed', () => {
    const delivered: number[] = [];
    let fire: (() => void) | undefined;
    const feed = new SaFeed(
      (batch) => delivered.push(batch.length),
      (_, then) => {
        fire = then;
        return () => {
          fire = undefined;
        };
      },
    );
    const alert = { kind: 'alert', type: 'x' } as const;
    feed.hear(alert);
    feed.hear(alert);
    expect(delivered).toEqual([]);
    fire?.();
    expect(delivered).toEqual([2]);
    feed.hear(alert);
    feed.flush();
    expect(delivered).toEqual([2, 1]);
    expect(fire).toBeUndefined();
    feed.flush();
    expect(delivered).toEqual([2, 1]);
  });
});
