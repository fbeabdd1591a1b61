import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePacket, frame, type Message, type Packet } from '../../../health/vici/index.ts';
import type { FakeCharon } from '../../fake/charon.ts';
import { bytes, tree } from './bytes.ts';
import { all, connect, rejection, startCharon } from './fixture.ts';

const RESPONSE = frame(encodePacket({ type: 'command-response', message: { late: 'yes' } }));

describe('the end of a connection', () => {
  it('by charon rejects the call in flight, those who wait, and all later ones', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    charon.hang();
    const calls = [rejection(client.request('version')), rejection(client.request('version'))];
    await charon.until(() => charon.requests.length === 1);
    charon.closeAll();
    const ended = await client.closed;
    expect(ended.code).toBe('VICI_CLOSED');
    expect(ended.message).toBe(`charon closed the VICI connection ${charon.path}`);
    expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(['VICI_CLOSED', 'VICI_CLOSED']);
    expect((await rejection(client.request('version'))).code).toBe('VICI_CLOSED');
    expect((await rejection(client.subscribe(['ike-updown'], () => undefined))).code).toBe('VICI_CLOSED');
    expect((await rejection(all(client.stream('list-sas', 'list-sa')))).code).toBe('VICI_CLOSED');
  });

  it('of either of the two ends both', async () => {
    for (const which of [0, 1]) {
      const charon = await startCharon();
      const client = await connect(charon);
      await charon.until(() => charon.connections === 2);
      [...charon.clients][which]?.socket.destroy();
      expect((await client.closed).code).toBe('VICI_CLOSED');
      await charon.until(() => charon.connections === 0);
    }
  });

  it('in the middle of a frame says so', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    await charon.until(() => charon.connections === 2);
    charon.drop();
    const ended = await client.closed;
    expect(ended.code).toBe('VICI_CLOSED');
    expect(ended.message).toBe(`charon closed the VICI connection ${charon.path} in the middle of a frame`);
  });

  it('by us is never taken for one by charon', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    charon.hang();
    const call = rejection(client.request('version'));
    client.close();
    const ended = await client.closed;
    expect(ended.code).toBe('VICI_ABORTED');
    expect(ended.message).toBe(`VICI client of ${charon.path} was closed on this side`);
    expect(await call).toBe(ended);
    client.close();
    await charon.until(() => charon.connections === 0);
  });

  it('by a listener stops the events that lie behind', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    let seen = 0;
    await client.subscribe(['ike-updown'], () => {
      seen += 1;
      client.close();
    });
    const event: Packet = { type: 'event', name: 'ike-updown', message: {} };
    const one = frame(encodePacket(event));
    for (const each of charon.clients) if (each.registered.size > 0) each.write(Buffer.concat([one, one]));
    await client.closed;
    expect(seen).toBe(1);
  });

  it('delivers the answer that came just before', async () => {
    const charon = await startCharon();
    charon.on('stats', (_args, client) => {
      client.socket.end(frame(encodePacket({ type: 'command-response', message: { last: 'word' } })));
      return undefined;
    });
    const client = await connect(charon);
    expect((await client.request('stats'))['last']).toBe('word');
    expect((await client.closed).code).toBe('VICI_CLOSED');
  });
});

describe('what charon must not say', () => {
  const event = (name: string): Buffer => frame(encodePacket({ type: 'event', name, message: {} }));
  it.each<readonly [string, Buffer, string]>([
    [
      'text',
      bytes('HTTP/1.1 400 Bad Request'),
      'garbage: a frame of 1213486160 bytes was announced, VICI allows 524288',
    ],
    [
      'a frame too large',
      bytes(0, 8, 0, 1),
      'garbage: a frame of 524289 bytes was announced, VICI allows 524288',
    ],
    ['an empty frame', bytes(0, 0, 0, 0), 'garbage: not a VICI packet: it is empty'],
    ['a packet of no type', bytes(0, 0, 0, 1, 9), 'garbage: not a VICI packet: type 9 does not exist'],
    [
      'a message of garbage',
      bytes(0, 0, 0, 2, 1, 2),
      'garbage: not a VICI message: at byte 0, a section ends that was never started',
    ],
    ['an event nobody registered', event('list-sa'), 'event "list-sa", which is not registered'],
    [
      'a confirmation of a command',
      frame(bytes(5)),
      'event-confirm as the answer to command-request "stats"',
    ],
    [
      'an unknown event for a command',
      frame(bytes(6)),
      'event-unknown as the answer to command-request "stats"',
    ],
    ['a request', frame(bytes(0, 5, 'stats')), 'command-request, which only a client sends'],
    ['a registration', frame(bytes(3, 5, 'alert')), 'event-register, which only a client sends'],
  ])('%s ends the connection', async (_name, raw, text) => {
    const charon = await startCharon();
    charon.on('stats', () => ({ raw }));
    const client = await connect(charon);
    const error = await rejection(client.request('stats'));
    expect(error.code).toBe('VICI_PROTOCOL');
    expect(error.message).toContain(`${charon.path} sent ${text}; the connection was closed`);
    expect(await client.closed).toBe(error);
  });

  it('a second answer ends the connection, and the first one counts', async () => {
    const charon = await startCharon();
    charon.on('stats', () => ({ raw: Buffer.concat([RESPONSE, RESPONSE]) }));
    const client = await connect(charon);
    expect((await client.request('stats'))['late']).toBe('yes');
    const ended = await client.closed;
    expect(ended.code).toBe('VICI_PROTOCOL');
    expect(ended.message).toContain('sent command-response, but nothing was asked;');
  });

  it('a response to a registration ends the connection', async () => {
    const charon = await startCharon();
    const client = await connect(charon);
    charon.hang();
    const subscribed = rejection(client.subscribe(['ike-updown'], () => undefined));
    await charon.until(() => charon.requests.length === 1);
    [...charon.clients][1]?.socket.write(RESPONSE);
    const error = await subscribed;
    expect(error.code).toBe('VICI_PROTOCOL');
    expect(error.message).toContain('sent command-response as the answer to event-register "ike-updown";');
  });

  it('answers in front of garbage are still given', async () => {
    const charon = await startCharon();
    charon.on('stats', () => ({ raw: Buffer.concat([RESPONSE, bytes('garbage!')]) }));
    const client = await connect(charon);
    expect((await client.request('stats'))['late']).toBe('yes');
    expect((await client.closed).code).toBe('VICI_PROTOCOL');
  });
});

describe('writes cut into pieces', () => {
  const SAS = [
    { ra: { uniqueid: '1', 'remote-vips': ['10.3.1.1'] } },
    { rb: { der: Buffer.of(0x30, 0xff) } },
  ];

  async function everything(charon: FakeCharon): Promise<unknown> {
    const client = await connect(charon);
    const { promise: event, resolve } = Promise.withResolvers<Message>();
    const { unknown } = await client.subscribe(['ike-updown', 'alert'], (_event, message) => {
      resolve(message);
    });
    charon.emit('ike-updown', { up: 'yes' });
    const sas = await all(client.stream('list-sas', 'list-sa'));
    const version = await client.request('version');
    const seen = { unknown, sas: sas.map(tree), version: tree(version), event: tree(await event) };
    client.close();
    return seen;
  }

  it('at any points give the same answers', async () => {
    const charon = await startCharon();
    charon.on('list-sas', () => SAS);
    const whole = await everything(charon);
    expect(whole).toMatchObject({ unknown: ['alert'], sas: SAS.map(tree) });
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, async (split) => {
        charon.split = split;
        expect(await everything(charon)).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });
});
