import { describe, expect, it } from 'vitest';
import type { ViciEvent } from '../../../health/vici/index.ts';
import { tree } from './bytes.ts';
import { connect, rejection, startCharon } from './fixture.ts';

describe('request', () => {
  it('sends the arguments and gives the response', async () => {
    const charon = await startCharon();
    charon.on('terminate', (args) => ({ success: 'yes', got: args }));
    const client = await connect(charon);
    const response = await client.request('terminate', { 'ike-id': '7', timeout: '-1' });
    expect(tree(response)).toEqual(tree({ success: 'yes', got: { 'ike-id': '7', timeout: '-1' } }));
  });

  it('rejects with the whole response when charon says success=no', async () => {
    const charon = await startCharon();
    charon.on('redirect', () => ({
      success: 'no',
      matches: '0',
      errmsg: 'no matching SAs to redirect found',
    }));
    const client = await connect(charon);
    const error = await rejection(client.request('redirect', { 'ike-id': '999', gateway: '10.1.2.2' }));
    expect(error.code).toBe('VICI_FAILED');
    expect(error.message).toBe('charon refused VICI command "redirect": no matching SAs to redirect found');
    expect(tree(error.response)).toEqual(
      tree({ success: 'no', matches: '0', errmsg: 'no matching SAs to redirect found' }),
    );
  });

  it('says so when charon gives no reason', async () => {
    const charon = await startCharon();
    charon.on('rekey', () => ({ success: 'no' }));
    const error = await rejection((await connect(charon)).request('rekey', { ike: 'ra' }));
    expect(error.message).toBe('charon refused VICI command "rekey": no reason given');
  });

  it('takes an unknown command as an answer: the connection goes on', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    const error = await rejection(client.request('get-counters'));
    expect(error.code).toBe('VICI_UNKNOWN_COMMAND');
    expect(error.message).toBe(
      'charon knows no VICI command "get-counters": its version is too old, or a plugin is not loaded',
    );
    expect((await client.request('version'))['version']).toBe('5.9.8');
  });

  it('sends one command at a time, in the order of the calls', async () => {
    const charon = await startCharon();
    const answers: (() => void)[] = [];
    for (const command of ['stats', 'get-pools', 'get-conns']) {
      charon.on(command, async () => {
        await new Promise<void>((resolve) => answers.push(resolve));
        return { command };
      });
    }
    const client = await connect(charon);
    const calls = [client.request('stats'), client.request('get-pools'), client.request('get-conns')];
    for (let n = 1; n <= 3; n += 1) {
      await charon.until(() => answers.length === n);
      expect(charon.requests).toEqual(['stats', 'get-pools', 'get-conns'].slice(0, n));
      answers.at(-1)?.();
      await calls[n - 1];
    }
    const responses = await Promise.all(calls);
    expect(responses.map((response) => response['command'])).toEqual(['stats', 'get-pools', 'get-conns']);
  });

  it('refuses arguments that VICI cannot carry, sends nothing and goes on', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    const long = await rejection(client.request('terminate', { ike: 'x'.repeat(65_536) }));
    expect(long.code).toBe('VICI_TOO_LARGE');
    const items = Array.from({ length: 9 }, () => 'x'.repeat(65_000));
    const large = await rejection(client.request('terminate', { items }));
    expect(large.code).toBe('VICI_TOO_LARGE');
    await client.request('version');
    expect(charon.requests).toEqual(['version']);
  });
});

describe('subscribe', () => {
  it('delivers in order, and says which events charon does not know', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    const seen: string[] = [];
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const { unknown } = await client.subscribe(['ike-updown', 'alert', 'child-updown'], (event, message) => {
      seen.push(`${event} ${JSON.stringify(message)}`);
      if (seen.length === 3) resolve();
    });
    expect(unknown).toEqual(['alert']);
    charon.emit('ike-updown', { n: '1' });
    charon.emit('child-updown', { n: '2' });
    charon.emit('ike-updown', { n: '3' });
    await enough;
    expect(seen).toEqual(['ike-updown {"n":"1"}', 'child-updown {"n":"2"}', 'ike-updown {"n":"3"}']);
  });

  it('gets an event that overtakes the confirmation', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    const seen: ViciEvent[] = [];
    charon.hang(); // the confirmation waits, the event goes first
    const subscribed = client.subscribe(['ike-updown'], (event) => seen.push(event));
    await charon.until(() => charon.requests.includes('+ike-updown'));
    const [, events] = [...charon.clients];
    events?.socket.write(Buffer.from('\0\0\0\x0c\x07\x0aike-updown', 'latin1'));
    await new Promise<void>((resolve) => {
      events?.socket.once('drain', resolve);
      if (events?.socket.writableNeedDrain === false) resolve();
    });
    charon.resume();
    await subscribed;
    expect(seen).toEqual(['ike-updown']);
  });

  it('goes on while a command hangs', async () => {
    const charon = await startCharon();
    charon.on('stats', () => undefined);
    const client = await connect(charon);
    const { promise: seen, resolve } = Promise.withResolvers<ViciEvent>();
    await client.subscribe(['ike-updown'], resolve);
    const hanging = rejection(client.request('stats'));
    await charon.until(() => charon.requests.includes('stats'));
    charon.emit('ike-updown', {});
    expect(await seen).toBe('ike-updown');
    client.close();
    expect((await hanging).code).toBe('VICI_ABORTED');
  });

  it('registers an event once, however many listen', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    const seen: number[] = [];
    const { promise: both, resolve } = Promise.withResolvers<void>();
    await Promise.all([
      client.subscribe(['ike-updown'], () => seen.push(1)),
      client.subscribe(['ike-updown'], () => {
        seen.push(2);
        resolve();
      }),
    ]);
    expect(charon.requests).toEqual(['+ike-updown']);
    expect(charon.emit('ike-updown', {})).toBe(1);
    await both;
    expect(seen).toEqual([1, 2]);
  });

  it('asks again for an event that was unknown', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    expect(await client.subscribe(['alert'], () => undefined)).toEqual({ unknown: ['alert'] });
    charon.events.add('alert');
    expect(await client.subscribe(['alert'], () => undefined)).toEqual({ unknown: [] });
  });

  it('is not there without an event connection', async () => {
    const charon = await startCharon();
    const client = await connect(charon, { onlyCommands: true });
    expect(charon.connections).toBe(1);
    const error = await rejection(client.subscribe(['ike-updown'], () => undefined));
    expect(error.code).toBe('VICI_NOT_ALLOWED');
    expect(error.message).toBe(
      `VICI client of ${charon.path} was opened with onlyCommands, it cannot subscribe`,
    );
    expect((await client.request('version'))['daemon']).toBe('charon');
  });
});
