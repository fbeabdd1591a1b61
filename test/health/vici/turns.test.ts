import { describe, expect, it, vi } from 'vitest';
import type { Message } from '../../../health/vici/index.ts';
import { tree } from './bytes.ts';
import { all, connect, rejection, startCharon } from './fixture.ts';

describe('a charon that does not answer', () => {
  it('ends the connection at the deadline: the late answer can never be taken for another', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    charon.hang();
    const error = await rejection(client.request('version', {}, { deadlineMs: 5 }));
    expect(error.code).toBe('VICI_TIMEOUT');
    expect(error.message).toBe(`VICI command version on ${charon.path}: no answer within 5 ms`);
    expect(await client.closed).toBe(error);
    charon.resume();
    const after = await rejection(client.request('version'));
    expect(after.code).toBe('VICI_TIMEOUT');
    expect(after.cause).toBe(error);
    await charon.until(() => charon.connections === 0);
  });

  it('rejects those who wait as well, and says that nothing of theirs was sent', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    charon.hang();
    const first = rejection(client.request('version', {}, { deadlineMs: 5 }));
    const second = await rejection(client.request('version'));
    expect(second.code).toBe('VICI_TIMEOUT');
    expect(second.message).toBe(
      `VICI command version on ${charon.path}: not sent, the connection had ended: ${(await first).message}`,
    );
    expect(charon.requests).toEqual(['version']);
  });

  it('does not end the connection for a call whose deadline passes while it waits', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    charon.hang();
    const first = client.request('version');
    const second = await rejection(client.request('version', {}, { deadlineMs: 5 }));
    expect(second.code).toBe('VICI_TIMEOUT');
    charon.resume();
    expect((await first)['daemon']).toBe('charon');
    expect((await client.request('version'))['daemon']).toBe('charon');
    expect(charon.requests).toEqual(['version', 'version']);
  });

  it('ends a stream in the middle', async () => {
    const charon = await startCharon();
    charon.on('list-sas', (_args, client) => {
      client.send({ type: 'event', name: 'list-sa', message: { ra: {} } });
      return undefined;
    });
    const client = await connect(charon);
    const seen: Message[] = [];
    const error = await rejection(
      (async () => {
        const sas = client.stream('list-sas', 'list-sa', {}, { deadlineMs: 250 });
        for await (const message of sas) seen.push(message);
      })(),
    );
    expect(error.code).toBe('VICI_TIMEOUT');
    expect(seen.map(tree)).toEqual([tree({ ra: {} })]);
    expect(await client.closed).toBe(error);
  });

  it('ends the connection for a stream that was left early and is never finished', async () => {
    const charon = await startCharon();
    charon.on('list-sas', (_args, client) => {
      client.send({ type: 'event', name: 'list-sa', message: {} });
      return undefined;
    });
    const client = await connect(charon);
    for await (const _ of client.stream('list-sas', 'list-sa', {}, { deadlineMs: 250 })) break;
    expect((await client.closed).code).toBe('VICI_TIMEOUT');
  });

  it('ends a subscription, on the other connection', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    charon.hang();
    const error = await rejection(client.subscribe(['ike-updown'], () => undefined, { deadlineMs: 5 }));
    expect(error.message).toBe(`VICI registration of ike-updown on ${charon.path}: no answer within 5 ms`);
    expect((await rejection(client.request('version'))).code).toBe('VICI_TIMEOUT');
  });

  it('is not blamed when this process was late itself: what lies in the socket is read first', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    charon.on('stats', () => {
      setImmediate(resolve);
      return { answer: 'in time' };
    });
    const answer = client.request('stats', {}, { deadlineMs: 150 });
    await asked;
    const until = process.hrtime.bigint() + 200_000_000n;
    while (process.hrtime.bigint() < until); // the event loop stands still, past the deadline
    expect((await answer)['answer']).toBe('in time');
  });
});

describe('an abort', () => {
  it('before the call sends nothing and costs nothing', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    const error = await rejection(client.request('version', {}, { signal: AbortSignal.abort('stop') }));
    expect(error).toMatchObject({ code: 'VICI_ABORTED', cause: 'stop' });
    expect(error.message).toBe(`VICI command version on ${charon.path}: given up by the caller`);
    expect((await client.request('version'))['daemon']).toBe('charon');
    expect(charon.requests).toEqual(['version']);
  });

  it('while waiting takes the call out of the queue', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    const caller = new AbortController();
    charon.hang();
    const first = client.request('version');
    const second = rejection(client.request('version', {}, { signal: caller.signal }));
    caller.abort();
    expect((await second).code).toBe('VICI_ABORTED');
    charon.resume();
    expect((await first)['daemon']).toBe('charon');
    expect((await client.request('version'))['daemon']).toBe('charon');
  });

  it('in flight ends the connection', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    const caller = new AbortController();
    charon.hang();
    const call = rejection(client.request('version', {}, { signal: caller.signal }));
    await charon.until(() => charon.requests.length === 1);
    caller.abort('stop');
    const error = await call;
    expect(error).toMatchObject({ code: 'VICI_ABORTED', cause: 'stop' });
    expect(await client.closed).toBe(error);
  });

  it('after the answer changes nothing', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    const caller = new AbortController();
    await client.request('version', {}, { signal: caller.signal });
    caller.abort();
    expect((await client.request('version'))['daemon']).toBe('charon');
  });

  it('ends a stream', async () => {
    const charon = await startCharon();
    charon.on('list-sas', () => undefined);
    const client = await connect(charon);
    const caller = new AbortController();
    const sas = rejection(all(client.stream('list-sas', 'list-sa', {}, { signal: caller.signal })));
    await charon.until(() => charon.requests.includes('list-sas'));
    caller.abort();
    expect((await sas).code).toBe('VICI_ABORTED');
  });
});

it('leaves no timer and no listener behind', async () => {
  const charon = await startCharon();
  charon.on('list-sas', () => [{ ra: {} }]);
  const client = await connect(charon);
  const caller = new AbortController();
  const removing = vi.spyOn(caller.signal, 'removeEventListener');
  const adding = vi.spyOn(caller.signal, 'addEventListener');
  const setting = vi.spyOn(globalThis, 'setTimeout');
  const clearing = vi.spyOn(globalThis, 'clearTimeout');
  await client.request('version', {}, { signal: caller.signal, deadlineMs: 60_001 });
  await all(client.stream('list-sas', 'list-sa', {}, { signal: caller.signal, deadlineMs: 60_001 }));
  await client.request('version', {}, { deadlineMs: 60_001 });
  const timers = setting.mock.results.filter((_, n) => setting.mock.calls[n]?.[1] === 60_001);
  vi.restoreAllMocks();
  expect(timers.length).toBe(3);
  for (const { value } of timers) expect(clearing).toHaveBeenCalledWith(value);
  expect(adding).toHaveBeenCalledTimes(2);
  for (const [, listener] of adding.mock.calls) expect(removing).toHaveBeenCalledWith('abort', listener);
});
