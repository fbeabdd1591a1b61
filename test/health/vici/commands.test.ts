import { describe, expect, it } from 'vitest';
import {
  type InitiateCommand,
  type MoveCommand,
  openInitiator,
  openReader,
  type ReadCommand,
  type StreamEvent,
  type ViciEvent,
} from '../../../health/vici/index.ts';
import { connect, rejection, startCharon } from './fixture.ts';

describe('what may not be sent', () => {
  const NOT_FOR_READERS = ['redirect', 'terminate', 'rekey'];
  const NEVER = [
    'load-conn',
    'unload-conn',
    'clear-creds',
    'get-keys',
    'initiate',
    'reload-settings',
    '',
    'toString',
  ];

  it.each([...NOT_FOR_READERS, ...NEVER])('a reader does not send "%s"', async (command) => {
    const charon = await startCharon();
    const reader = await openReader(charon.path);
    const error = await rejection(reader.request(command as ReadCommand));
    reader.close();
    expect(error.code).toBe('VICI_NOT_ALLOWED');
    expect(error.message).toContain(
      `VICI command "${command}" is not on the list of this client (version, stats,`,
    );
    expect(charon.requests).toEqual([]);
  });

  it.each(NEVER)('a mover does not send "%s"', async (command) => {
    const charon = await startCharon();
    const error = await rejection((await connect(charon)).request(command as MoveCommand));
    expect(error.code).toBe('VICI_NOT_ALLOWED');
    expect(charon.requests).toEqual([]);
  });

  it.each([...NEVER.filter((command) => command !== 'initiate'), 'redirect', 'rekey', 'stats'])(
    'an initiator does not send "%s"',
    async (command) => {
      const charon = await startCharon();
      const initiator = await openInitiator(charon.path);
      const error = await rejection(initiator.request(command as InitiateCommand));
      initiator.close();
      expect(error.code).toBe('VICI_NOT_ALLOWED');
      expect(charon.requests).toEqual([]);
    },
  );

  it('an initiator brings up tunnels and ends them', async () => {
    const charon = await startCharon();
    charon.on('initiate', () => ({ success: 'yes' })).on('terminate', () => ({ success: 'yes' }));
    const initiator = await openInitiator(charon.path);
    await initiator.request('initiate', { child: 'net' });
    await initiator.request('terminate', { ike: 'home' });
    initiator.close();
    expect(charon.requests).toEqual(['initiate', 'terminate']);
  });

  it('a streamed command is not requested: charon would answer with nothing', async () => {
    const charon = await startCharon();
    const error = await rejection((await connect(charon)).request('list-sas'));
    expect(error.code).toBe('VICI_NOT_ALLOWED');
    expect(error.message).toBe(
      'VICI command "list-sas" answers by "list-sa" events: call stream(\'list-sas\', \'list-sa\')',
    );
  });

  it.each<readonly [MoveCommand, string, string]>([
    [
      'stats',
      'list-sa',
      'VICI command "stats" does not stream "list-sa", it answers at once: call request()',
    ],
    ['list-sas', 'log', 'VICI command "list-sas" does not stream "log", it answers by "list-sa" events'],
    [
      'list-conns',
      'list-sa',
      'VICI command "list-conns" does not stream "list-sa", it answers by "list-conn" events',
    ],
  ])('%s is not streamed by %s', async (command, event, text) => {
    const client = await connect(await startCharon());
    expect(() => client.stream(command, event as StreamEvent)).toThrow(text);
  });

  it.each(['log', 'control-log', 'list-sa'])('nobody subscribes to %s', async (event) => {
    const charon = await startCharon();
    const error = await rejection(
      (await connect(charon)).subscribe(['ike-updown', event as ViciEvent], () => undefined),
    );
    expect(error.code).toBe('VICI_NOT_ALLOWED');
    expect(error.message).toContain(`VICI event "${event}" may not be subscribed to (only ike-updown,`);
    expect(charon.requests).toEqual([]);
  });
});
