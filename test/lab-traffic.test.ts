import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../health/vici/index.ts';
import { distributionOf, resultOf, summarizeClients } from './lab/traffic/client-result.ts';
import type { LoadPacket, StreamReport } from './lab/traffic/load-protocol.ts';
import { readListed, readSessionEvent } from './lab/traffic/session-events.ts';
import { fateOf, type SessionEvent } from './lab/traffic/session-story.ts';

const up = (id: string): SessionEvent => ({ type: 'up', at: 0, id });
const down = (id: string): SessionEvent => ({ type: 'down', at: 0, id });
const rekeyed = (id: string, by: string): SessionEvent => ({ type: 'rekeyed', at: 0, id, by });

describe('what became of a session', () => {
  it('is kept when nothing happens, or when it is rekeyed, more than once even', () => {
    expect(fateOf(['1'], [])).toBe('kept');
    expect(fateOf(['1'], [rekeyed('1', '2'), down('1'), rekeyed('2', '3'), down('2')])).toBe('kept');
  });

  it('is make-before-break when another one was there before it went', () => {
    expect(fateOf(['1'], [up('2'), down('1')])).toBe('make-before-break');
    expect(fateOf(['1'], [up('2'), down('1'), rekeyed('2', '3'), down('2')])).toBe('make-before-break');
  });

  it('is new when there was none in between, even if what came then was replaced without a break', () => {
    expect(fateOf(['1'], [down('1'), up('2')])).toBe('new');
    expect(fateOf(['1'], [down('1'), up('2'), up('3'), down('2')])).toBe('new');
    expect(fateOf([], [up('1')])).toBe('new');
  });

  it('is none when it went and nothing came', () => {
    expect(fateOf(['1'], [down('1')])).toBe('none');
    expect(fateOf([], [])).toBe('none');
  });

  it('is never kept or make-before-break after a moment without any', () => {
    const event = fc.tuple(fc.constantFrom(up, down), fc.constantFrom('1', '2', '3'));
    fc.assert(
      fc.property(fc.array(event), (drawn) => {
        const events = drawn.map(([make, id]) => make(id));
        const live = new Set(['1']);
        let empty = false;
        for (const { type, id } of events) {
          if (type === 'up') live.add(id);
          else live.delete(id);
          empty ||= live.size === 0;
        }
        expect(['new', 'none'].includes(fateOf(['1'], events))).toBe(empty);
      }),
    );
  });
});

describe('the messages that tell of sessions', () => {
  const message = (value: object): Message => value as Message;

  it('counts an IKE_SA from its CHILD_SA on', () => {
    const sa = { client1: { uniqueid: '7', 'child-sas': {} } };
    expect(readSessionEvent('ike-updown', message({ up: 'yes', ...sa }), 5)).toEqual([]);
    const event = { type: 'up', at: 5, id: '7' };
    expect(readSessionEvent('child-updown', message({ up: 'yes', ...sa }), 5)).toEqual([
      { name: 'client1', event },
    ]);
  });

  it('takes the end of either for the end', () => {
    const sa = message({ client1: { uniqueid: '7' } });
    for (const name of ['ike-updown', 'child-updown'] as const)
      expect(readSessionEvent(name, sa, 5)).toEqual([
        { name: 'client1', event: { type: 'down', at: 5, id: '7' } },
      ]);
  });

  it('follows a rekeying', () => {
    const sa = message({ client1: { old: { uniqueid: '7' }, new: { uniqueid: '9' } } });
    expect(readSessionEvent('ike-rekey', sa, 5)).toEqual([
      { name: 'client1', event: { type: 'rekeyed', at: 5, id: '7', by: '9' } },
    ]);
  });

  it('lists those whose CHILD_SA is installed', () => {
    const listed = message({
      client1: { uniqueid: '1', 'child-sas': { 'services-1': { state: 'INSTALLED' } } },
      client2: { uniqueid: '2', 'child-sas': {} },
      client3: { uniqueid: '3', 'child-sas': { 'services-3': { state: 'REKEYED' } } },
    });
    expect(readListed(listed)).toEqual([['client1', '1']]);
  });
});

describe('what a client saw', () => {
  const stream: StreamReport = { open: true, localAddress: '10.3.0.1', confirmedAt: 95, gapMs: 100 };
  const packet = (sequence: number, answered: boolean, source = '10.3.0.1'): LoadPacket => ({
    sequence,
    sentAt: 10 * sequence,
    answeredAt: answered ? 10 * sequence + 1 : undefined,
    source: answered ? source : undefined,
  });
  const result = (packets: LoadPacket[], more: Partial<StreamReport> = {}) =>
    resultOf({ client: 0, packets, stream: { ...stream, ...more }, session: 'kept' });

  it('is nothing when every packet was answered', () => {
    expect(result([packet(1, true), packet(2, true)])).toEqual({
      client: 1,
      client_gap_ms: 0,
      lost: 0,
      sent: 2,
      session: 'kept',
      address: 'kept',
      tcp: 'kept',
      tcp_gap_ms: 100,
    });
  });

  it('is a gap from the first packet lost to the next answer', () => {
    const seen = result([packet(1, true), packet(2, false), packet(3, false), packet(4, true)]);
    expect(seen).toMatchObject({ client_gap_ms: 21, lost: 2, tcp: 'kept' });
  });

  it('has no end while nothing is answered', () => {
    expect(result([packet(1, true), packet(2, false)]).client_gap_ms).toBe(Infinity);
  });

  it('says of the stream whether it carried data after the last loss', () => {
    const packets = [packet(1, true), packet(2, false), packet(3, true)];
    expect(result(packets, { confirmedAt: 20 }).tcp).toBe('stalled');
    expect(result(packets, { confirmedAt: 21 }).tcp).toBe('kept');
    expect(result(packets, { open: false }).tcp).toBe('lost');
  });

  it('tells that the address changed, and the stream is lost with it', () => {
    const seen = result([packet(1, true), packet(2, true, '10.4.0.1')]);
    expect(seen).toMatchObject({ address: 'changed', tcp: 'lost' });
  });

  it('is summed up over clients by values that clients saw', () => {
    const gaps = Array.from({ length: 20 }, (_, client) => ({
      ...result([packet(1, true)]),
      client,
      lost: client,
    }));
    const summary = summarizeClients(gaps);
    expect(summary.lost).toEqual({ p50: 9, p99: 19, max: 19 });
    expect(summary.session).toEqual({ kept: 20, 'make-before-break': 0, new: 0, none: 0 });
    expect([summary.address_kept, summary.tcp_kept]).toEqual([20, 20]);
  });

  it('is a new session when traffic stood still, though the dead one was taken down late', () => {
    const packets = [
      packet(1, true),
      ...Array.from({ length: 101 }, (_, n) => packet(n + 2, false)),
      packet(103, true),
    ];
    const seen = (until: number) =>
      resultOf({ client: 0, packets: packets.slice(until), stream, session: 'make-before-break' }).session;
    expect([seen(0), seen(3)]).toEqual(['new', 'make-before-break']);
  });

  it('keeps a client that never came back in the figures', () => {
    expect(distributionOf([1, Infinity])).toEqual({ p50: 1, p99: Infinity, max: Infinity });
    expect(() => distributionOf([])).toThrow(RangeError);
  });
});
