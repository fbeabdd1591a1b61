import { describe, expect, it } from 'vitest';
import {
  readConnections,
  readCounters,
  readIkeSas,
  readStats,
  readVersion,
  sections,
  StrongswanError,
} from '../../health/strongswan.ts';
import { section, type Message } from '../../health/vici/index.ts';
import { firstRecorded, recorded } from './fixture.ts';

/** A message without a prototype, as the decoder makes them. */
const message = (fields: Message): Message => Object.assign(section(), fields);

describe('what charon 5.9.8 said, as typed values', () => {
  it('version', () => {
    expect(readVersion(firstRecorded('version'))).toEqual({ daemon: 'charon-systemd', version: '5.9.8' });
  });

  it('stats, as numbers', () => {
    expect(readStats(firstRecorded('stats'))).toEqual({
      startedAt: new Date(2026, 10, 22, 17, 35, 35).getTime(),
      workers: { total: 16, idle: 7, active: { critical: 4, high: 0, medium: 5, low: 0 } },
      queues: { critical: 0, high: 0, medium: 0, low: 0 },
      scheduled: 6,
      ikeSas: { total: 1, halfOpen: 0 },
    });
  });

  it('connections', () => {
    expect(readConnections(firstRecorded('get-conns'))).toEqual(['ra']);
    expect(readConnections(message({ conns: [] }))).toEqual([]);
  });

  it('counters of the daemon and of each connection', () => {
    const all = readCounters(firstRecorded('get-counters-all'));
    expect(all.get('ra')?.get('ike-auth-in-req')).toBeTypeOf('number');
    expect(readCounters(firstRecorded('get-counters')).get('')?.has('ike-init-in-req')).toBe(true);
  });

  it('an IKE_SA with its CHILD_SA', () => {
    const [ikeSa, ...more] = recorded('list-sas-noblock').flatMap((each) => readIkeSas(each));
    expect(more).toEqual([]);
    expect(ikeSa).toMatchObject({
      connection: 'ra',
      uniqueId: 1,
      version: 2,
      state: 'ESTABLISHED',
      local: { host: '192.0.2.1', port: 4500, id: 'vpn.example.org' },
      remote: { host: '10.0.1.2', port: 4500, id: 'client1@example.org' },
      initiator: false,
      establishedSeconds: 2,
      rekeyInSeconds: 13022,
      reauthInSeconds: undefined,
      remoteVips: ['10.3.1.1'],
    });
    expect(ikeSa?.childSas).toHaveLength(1);
    expect(ikeSa?.childSas[0]).toMatchObject({
      name: 'net',
      uniqueId: 1,
      state: 'INSTALLED',
      encap: true,
      bytesIn: 8800,
      packetsOut: 200,
      useInSeconds: 0,
      lifeTimeSeconds: 3958,
      localTs: ['10.10.0.0/24'],
    });
  });
});

describe('names that a connection may have', () => {
  const ikeSa = (): Message => message({ uniqueid: '7', state: 'ESTABLISHED' });

  it.each(['up', '__proto__', 'constructor', 'to#string', 'x#2', ''])('%j is kept', (name) => {
    const sas = section();
    sas[name] = ikeSa();
    expect(readIkeSas(sas)).toMatchObject([{ connection: name, uniqueId: 7 }]);
  });

  it('a connection "up" beside the key "up" is read under its name', () => {
    const event = message({ up: 'yes', 'up#2': ikeSa() });
    expect(sections(event).map(([name]) => name)).toEqual(['up']);
  });
});

describe('what is not from charon', () => {
  it.each([
    ['an empty answer', message({}), 'field "workers" is missing', 'STRONGSWAN_FIELD_MISSING'],
    [
      'a text where a section belongs',
      message({ workers: '16' }),
      'field "workers" is missing',
      'STRONGSWAN_FIELD_MISSING',
    ],
  ])('stats: %s', (_, from, text, code) => {
    expect(() => readStats(from)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(text) as string }),
    );
  });

  it.each(['12 apples', '', '0x10', '1e3', ' 1', 'NaN'])('a number written %j', (uniqueid) => {
    const from = message({ ra: message({ uniqueid, state: 'ESTABLISHED' }) });
    expect(() => readIkeSas(from)).toThrow(StrongswanError);
    expect(() => readIkeSas(from)).toThrow('field "uniqueid" is no decimal number');
  });

  it('a negative rekey time is overdue, not an error', () => {
    const [ikeSa] = readIkeSas(message({ ra: message({ uniqueid: '1', state: 'X', 'rekey-time': '-19' }) }));
    expect(ikeSa?.rekeyInSeconds).toBe(-19);
  });

  it('no list of connections is not an empty one', () => {
    expect(() => readConnections(message({}))).toThrow('field "conns" is missing');
  });
});
