/** What story the lab tells of a BGP session, by the segments of its connection. */
import { describe, expect, it } from 'vitest';
import { BgpSessions } from './lab/bgp-sessions.ts';
import type { LabEvent } from './lab/timeline.ts';
import { planTopology } from './lab/topology.ts';
import type { TcpSegment } from './lab/wire/pcap.ts';
import { ANNOUNCE4, bytes, KEEPALIVE, NOTIFICATION, OPEN, segmentOf, WITHDRAW4 } from './lab-wire.fixture.ts';

describe('BgpSessions', () => {
  const topology = planTopology('x', 1);
  const run = (...segments: TcpSegment[]): LabEvent[] => {
    const sessions = new BgpSessions(topology);
    return segments.flatMap((segment) => sessions.push(segment));
  };
  const start = segmentOf(0, Buffer.alloc(0), { syn: true });

  it('tells the story of a session', () => {
    const conversation = [OPEN, KEEPALIVE, ANNOUNCE4, KEEPALIVE, WITHDRAW4, NOTIFICATION];
    let sequence = 1;
    const segments = conversation.map((message, index) => {
      const segment = segmentOf(sequence, message, { at: 10 * (index + 1) });
      sequence += message.length;
      return segment;
    });
    const fin = segmentOf(sequence, Buffer.alloc(0), { fin: true, at: 70 });
    expect(run(start, ...segments, fin, segmentOf(sequence + 1, WITHDRAW4))).toEqual([
      { kind: 'session', at: 20, gateway: 'gw1', family: 4, state: 'open', how: 'first KEEPALIVE' },
      {
        kind: 'announce',
        at: 30,
        gateway: 'gw1',
        prefix: '192.0.2.1/32',
        detail: 'MED 100, 65001:100',
        route: {
          nextHop: '10.1.2.2',
          med: 100,
          localPreference: undefined,
          asPath: [65001],
          communities: ['65001:100'],
          largeCommunities: [],
          extendedCommunities: [],
        },
      },
      { kind: 'withdraw', at: 50, gateway: 'gw1', prefix: '192.0.2.1/32' },
      { kind: 'action', at: 60, text: 'gw1 sends NOTIFICATION 6/2 over IPv4' },
      { kind: 'session', at: 70, gateway: 'gw1', family: 4, state: 'closed', how: 'FIN from the gateway' },
    ]);
  });

  it('sees that the router ends a session, and takes its messages for nobody else', () => {
    const reset = segmentOf(1, ANNOUNCE4, {
      source: bytes('0a010101'),
      destination: bytes('0a010102'),
      sourcePort: 179,
      destinationPort: 40_000,
      rst: true,
    });
    expect(
      run(start, segmentOf(1, KEEPALIVE), reset).map((event) => [event.kind, 'how' in event && event.how]),
    ).toEqual([
      ['session', 'first KEEPALIVE'],
      ['session', 'RST from the router'],
    ]);
  });

  it('does not take the late end of an earlier session for that of the present one', () => {
    const first = [OPEN, KEEPALIVE].map((message, index) =>
      segmentOf(index === 0 ? 1 : 1 + OPEN.length, message),
    );
    const again = [start, ...first].map((segment) => ({ ...segment, sourcePort: 40_001, at: 100 }));
    const events = run(
      start,
      ...first,
      ...again,
      segmentOf(1 + OPEN.length + KEEPALIVE.length, Buffer.alloc(0), { rst: true, at: 200 }),
    );
    expect(events.map((event) => [event.kind, event.at])).toEqual([
      ['session', expect.any(Number)],
      ['session', 100],
    ]);
  });

  it('counts what each gateway sent, whatever it says', () => {
    const sessions = new BgpSessions(topology);
    sessions.push(start);
    let sequence = 1;
    for (const message of [OPEN, KEEPALIVE, ANNOUNCE4, KEEPALIVE, WITHDRAW4, NOTIFICATION]) {
      sessions.push(segmentOf(sequence, message));
      sequence += message.length;
    }
    expect(sessions.sent('gw1')).toEqual({ open: 1, update: 2, notification: 1, keepalive: 2 });
    expect(sessions.sent('gw2')).toEqual({ open: 0, update: 0, notification: 0, keepalive: 0 });
  });

  it('says once that the capture has a hole', () => {
    const events = run(start, segmentOf(2, KEEPALIVE), segmentOf(30, KEEPALIVE));
    expect(events).toMatchObject([
      { kind: 'action', text: expect.stringContaining('a hole in what gw1 sent over IPv4') },
    ]);
  });
});
