import { describe, expect, it } from 'vitest';
import type { Message } from '../../../health/vici/index.ts';
import { tree } from './bytes.ts';
import { all, connect, rejection, startCharon } from './fixture.ts';

describe('stream', () => {
  const SAS = [{ ra: { uniqueid: '1' } }, { ra: { uniqueid: '2' } }, { ['__proto__']: { uniqueid: '3' } }];

  it('registers, sends, yields each message, unregisters', async () => {
    const charon = await startCharon();
    const args: Message[] = [];
    charon.on('list-sas', (got) => {
      args.push(got);
      return SAS;
    });
    const client = await connect(charon);
    const messages = await all(client.stream('list-sas', 'list-sa', { noblock: 'yes' }));
    expect(messages.map(tree)).toEqual(SAS.map(tree));
    expect(args.map(tree)).toEqual([tree({ noblock: 'yes' })]);
    await client.request('version');
    expect(charon.requests).toEqual(['+list-sa', 'list-sas', '-list-sa', 'version']);
  });

  it('ends at once when there is nothing', async () => {
    const charon = await startCharon();
    charon.on('list-conns', () => []);
    expect(await all((await connect(charon)).stream('list-conns', 'list-conn'))).toEqual([]);
  });

  it('does nothing until it is iterated, and runs again each time it is', async () => {
    const charon = await startCharon();
    charon.on('list-sas', () => SAS);
    const client = await connect(charon);
    const stream = client.stream('list-sas', 'list-sa');
    await client.request('version');
    expect(charon.requests).toEqual(['version']);
    expect((await all(stream)).length).toBe(3);
    expect((await all(stream)).length).toBe(3);
  });

  it('survives a consumer that leaves early: the next call gets its own answer', async () => {
    const charon = await startCharon();
    const { promise: goOn, resolve } = Promise.withResolvers<void>();
    charon.on('list-sas', async (_args, client) => {
      client.send({ type: 'event', name: 'list-sa', message: { ra: { uniqueid: '1' } } });
      await goOn;
      return SAS;
    });
    const client = await connect(charon);
    for await (const message of client.stream('list-sas', 'list-sa')) {
      expect(tree(message)).toEqual(tree({ ra: { uniqueid: '1' } }));
      break;
    }
    const next = client.request('version');
    resolve();
    expect((await next)['daemon']).toBe('charon');
    expect(charon.requests).toEqual(['+list-sa', 'list-sas', '-list-sa', 'version']);
  });

  it('no longer minds the signal of a consumer that left', async () => {
    const charon = await startCharon();
    const { promise: goOn, resolve } = Promise.withResolvers<void>();
    charon.on('list-sas', async (_args, client) => {
      client.send({ type: 'event', name: 'list-sa', message: {} });
      await goOn;
      return [];
    });
    const client = await connect(charon);
    const left = new AbortController();
    for await (const _ of client.stream('list-sas', 'list-sa', {}, { signal: left.signal })) break;
    left.abort();
    resolve();
    expect((await client.request('version'))['daemon']).toBe('charon');
  });

  it('throws when charon knows no such command, and unregisters', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    const error = await rejection(all(client.stream('list-policies', 'list-policy')));
    expect(error.code).toBe('VICI_UNKNOWN_COMMAND');
    await client.request('version');
    expect(charon.requests).toEqual(['+list-policy', 'list-policies', '-list-policy', 'version']);
  });

  it('throws when charon knows no such event, and does not send the command', async () => {
    const charon = await startCharon();
    charon.on('list-authorities', () => [{ ca: {} }]);
    charon.events.delete('list-authority');
    const client = await connect(charon);
    const error = await rejection(all(client.stream('list-authorities', 'list-authority')));
    expect(error.code).toBe('VICI_UNKNOWN_COMMAND');
    expect(error.message).toContain('event "list-authority"');
    await client.request('version');
    expect(charon.requests).toEqual(['+list-authority', 'version']);
  });

  it('yields what came before a refusal, then throws it', async () => {
    const charon = await startCharon();
    charon.on('list-certs', (_args, client) => {
      client.send({ type: 'event', name: 'list-cert', message: { type: 'X509' } });
      return { success: 'no', errmsg: 'invalid type' };
    });
    const client = await connect(charon);
    const seen: unknown[] = [];
    const error = await rejection(
      (async () => {
        for await (const { type } of client.stream('list-certs', 'list-cert')) seen.push(type);
      })(),
    );
    expect(seen).toEqual(['X509']);
    expect(error).toMatchObject({ code: 'VICI_FAILED', response: { errmsg: 'invalid type' } });
  });

  it('does not let a slow consumer hold up charon', async () => {
    const charon = await startCharon();
    const many = Array.from({ length: 2000 }, (_, n) => ({
      ra: { uniqueid: String(n), pad: 'x'.repeat(500) },
    }));
    charon.on('list-sas', () => many);
    const client = await connect(charon);
    let count = 0;
    for await (const message of client.stream('list-sas', 'list-sa')) {
      // The first message is held until charon has got rid of everything, the unregistration included.
      if (count === 0) await charon.until(() => charon.requests.includes('-list-sa'));
      expect(tree(message)).toEqual(tree(many[count]));
      count += 1;
    }
    expect(count).toBe(2000);
  });
});
