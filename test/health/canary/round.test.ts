/** One round against a scripted charon; what a real one does stands in test/integration/canary.test.ts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runRound, type TunnelPlan } from '../../../health/canary/round.ts';
import { section, type Message } from '../../../health/vici/index.ts';
import { FakeCharon } from '../../fake/charon.ts';

let directory: string;
let charon: FakeCharon;
let server: Server;
let plan: TunnelPlan;
/** What came in by the CHILD_SA, as list-sas has it. */
let packetsIn: string;
let sas: Message[];

const message = (fields: object): Message => Object.assign(section(), fields);

const sa = (fields: object = {}): Message =>
  message({
    home: message({
      uniqueid: '7',
      version: '2',
      state: 'ESTABLISHED',
      'local-host': '10.1.1.1',
      'local-port': '500',
      'local-id': 'canary',
      'remote-host': '192.0.2.1',
      'remote-port': '500',
      'remote-id': 'gateway',
      'responder-spi': '00000000000000ab',
      'child-sas': message({
        'net-1': message({
          name: 'net',
          uniqueid: '1',
          reqid: '1',
          state: 'INSTALLED',
          mode: 'TUNNEL',
          'packets-in': packetsIn,
        }),
      }),
      ...fields,
    }),
  });

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'swancast-round-'));
  charon = await FakeCharon.listen(join(directory, 'charon.vici'));
  server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  plan = {
    name: 'home',
    connection: 'home',
    child: 'net',
    timeoutMs: 1000,
    traffic: { kind: 'tcp', address: '127.0.0.1', port: address.port },
    trafficTimeoutMs: 1000,
  };
  packetsIn = '4';
  sas = [];
  charon.on('terminate', () => ({ success: 'no', errmsg: 'no matching SAs to terminate found' }));
  charon.on('initiate', () => ({ success: 'yes' }));
  charon.on('list-sas', () => (sas.length === 0 ? [sa()] : sas));
});
afterEach(async () => {
  server.close();
  await charon.stop();
  rmSync(directory, { recursive: true });
});

const round = async () => runRound(plan, charon.path, new AbortController().signal);

describe('a round', () => {
  it('ends what is left, initiates, looks, and ends what it brought up', async () => {
    expect(await round()).toMatchObject({ state: 'pass', address: '' });
    const commands = charon.requests.filter((request) => /^[a-z]/u.test(request));
    expect(commands).toEqual(['terminate', 'initiate', 'list-sas', 'list-sas', 'terminate']);
  });

  it('an answer without a packet by the CHILD_SA came beside the tunnel', async () => {
    packetsIn = '0';
    expect(await round()).toMatchObject({
      state: 'fail',
      failed: 'no-traffic',
      detail: expect.stringContaining('not through the tunnel') as string,
    });
  });

  it.each<[string, object, string]>([
    ['established without a CHILD_SA', {}, 'no-address'],
    ['answered, not established', { state: 'CONNECTING' }, 'no-auth'],
    ['not even answered', { state: 'CONNECTING', 'responder-spi': '0000000000000000' }, 'no-answer'],
  ])('%s', async (_, fields, failed) => {
    charon.on('initiate', () => ({ success: 'no', errmsg: "establishing CHILD_SA 'net' failed" }));
    sas = [sa({ ...fields, 'child-sas': message({}) })];
    expect(await round()).toMatchObject({ state: 'fail', failed });
    expect(charon.requests.at(-1)).toBe('terminate');
  });

  it('how far it got is also told by the event of its end', async () => {
    charon.on('initiate', () => {
      charon.emit('ike-updown', sa({ state: 'CONNECTING' }));
      return { success: 'no', errmsg: "establishing CHILD_SA 'net' failed" };
    });
    sas = [message({})];
    expect(await round()).toMatchObject({ failed: 'no-auth' });
  });

  it.each([
    ["CHILD_SA config 'net' not found", 'a connection that is not loaded'],
    ['missing configuration name', 'no name'],
  ])('%s: the canary is broken, not the gateway', async (errmsg) => {
    charon.on('initiate', () => ({ success: 'no', errmsg }));
    expect(await round()).toMatchObject({ state: 'broken' });
  });

  it('without a charon of its own it is broken', async () => {
    const path = join(directory, 'nobody.vici');
    expect(await runRound(plan, path, new AbortController().signal)).toMatchObject({ state: 'broken' });
  });

  it('told to stop, it says nothing of the gateway, and ends its tunnel', async () => {
    const end = new AbortController();
    charon.on('initiate', () => {
      end.abort();
      return undefined;
    });
    expect(await runRound(plan, charon.path, end.signal)).toMatchObject({ state: 'broken' });
    expect(charon.requests.at(-1)).toBe('terminate');
  });
});
