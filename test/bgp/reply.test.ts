import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseReply } from '../../bgp/reply.ts';

/** As 4.2.21 writes it: blanks and all. */
const event = (type: string, rest: string): string =>
  `{ "exabgp": "4.0.1", "time": 1700000000.5, "host" : "gw1", "pid" : 7, "ppid" : 1, "counter": 3, "type": "${type}", ` +
  `"neighbor": { "address": { "local": "10.0.0.1", "peer": "10.0.0.2" }, "asn": { "local": 65001, "peer": 65000 } ${rest}} }`;

describe('parseReply', () => {
  it.each([
    ['done', { kind: 'done' }],
    ['error', { kind: 'error' }],
    ['done\r', { kind: 'done' }],
    ['{"answer": "done", "message": "ok"}', { kind: 'done' }],
    ['{"answer": "error"}', { kind: 'error' }],
    // 5.0, as its source writes them.
    ['{ "answer": "done", "message": "command completed" }', { kind: 'done' }],
    ['{ "answer": "error", "message": "this command does not support json output" }', { kind: 'error' }],
    ['{ "answer": "shutdown", "message": "exbgp exited" }', { kind: 'shutdown' }],
    [
      event(
        'notification',
        ', "direction": "receive", "notification": { "code": 6, "subcode": 4, "data": "", "message": "" } ',
      ),
      { kind: 'notification', address: '10.0.0.2', code: 6, subcode: 4 },
    ],
    ['exabgp 4.2.21', { kind: 'version', version: '4.2.21' }],
    ['exabgp 5.0.13-abc', { kind: 'version', version: '5.0.13-abc' }],
    ['{"version": "5.0.1", "application": "exabgp"}', { kind: 'version', version: '5.0.1' }],
    [
      event('state', ', "state": "up" '),
      { kind: 'neighbor', address: '10.0.0.2', state: 'up', reason: undefined },
    ],
    [
      event('state', ', "state": "down", "reason": "peer reset, message (closing)" '),
      { kind: 'neighbor', address: '10.0.0.2', state: 'down', reason: 'peer reset, message (closing)' },
    ],
    [
      event(
        'state',
        ', "state": "down", "reason": "peer reset, message (closing connection) error(Broken TCP connection)" ',
      ),
      {
        kind: 'neighbor',
        address: '10.0.0.2',
        state: 'down',
        reason: 'the TCP connection failed or broke',
      },
    ],
    [
      event(
        'negotiated',
        ', "negotiated": { "hold_time": 9, "families": [ "ipv4 unicast" ,"ipv6 unicast" ] } ',
      ),
      { kind: 'negotiated', address: '10.0.0.2', holdSeconds: 9, families: ['ipv4 unicast', 'ipv6 unicast'] },
    ],
    [
      event(
        'notification',
        ', "direction": "receive", "notification": { "code": 6, "subcode": 2, "data": "" } ',
      ),
      { kind: 'notification', address: '10.0.0.2', code: 6, subcode: 2 },
    ],
    [
      '{ "exabgp": "4.0.1", "time": 1, "type": "notification", "notification": "shutdown" }',
      { kind: 'shutdown' },
    ],
    ['shutdown in progress', { kind: 'text', text: 'shutdown in progress' }],
    ['', { kind: 'text', text: '' }],
  ])('%s', (line, reply) => {
    expect(parseReply(line)).toEqual(reply);
  });

  it.each([
    [undefined, 'longer than a line may be'],
    ['{ not json', 'not clean JSON'],
    ['{"type": "state"}', 'an event without a neighbor address'],
    [
      '{"type": "state", "neighbor": {"address": {"peer": "__proto__"}, "state": "up"}}',
      'an event without a neighbor address',
    ],
    // Later than 5.0 the families of this event stand there without quotes.
    [
      event('negotiated', ', "negotiated": { "hold_time": 9, "families": [ ipv4 unicast ] } '),
      'not clean JSON',
    ],
    [event('state', ', "state": "sideways" '), 'a state that is none of up, down, connected'],
  ])('calls %s unreadable', (line, why) => {
    expect(parseReply(line)).toMatchObject({ kind: 'unreadable', why });
  });

  it('takes no answer out of a text that only holds one', () => {
    expect(parseReply('nearly done').kind).toBe('text');
    expect(parseReply('{"type":"state","neighbor":{"answer":"done"}}').kind).toBe('unreadable');
  });

  it('shortens what comes from far away and takes the teeth out of it', () => {
    const reply = parseReply(event('state', `, "state": "down", "reason": "\\u001b[2J${'x'.repeat(500)}" `));
    expect(reply).toMatchObject({ kind: 'neighbor', state: 'down' });
    const reason = reply.kind === 'neighbor' ? reply.reason : '';
    expect(reason).toHaveLength(200);
    expect(reason?.startsWith('?[2J')).toBe(true);
  });

  it('never throws', () => {
    const lines = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"neighbor": ${json}, "type": "state"}`),
    );
    fc.assert(
      fc.property(lines, (line) => {
        expect(typeof parseReply(line).kind).toBe('string');
      }),
      { numRuns: 2000 },
    );
  });
});
