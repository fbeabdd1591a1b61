import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leaseLine, parseGuardMessage, parseLeaseMessage, type LeaseMessage } from '../../bgp/lease.ts';

const announcements = [{ prefix: '192.0.2.1/32', nextHop: 'self' }];

describe('parseLeaseMessage', () => {
  it.each<LeaseMessage>([
    { type: 'set', generation: 1, evidence: 12.5, announcements },
    { type: 'set', generation: 2, evidence: 0, announcements: [] },
    { type: 'renew', generation: 7, evidence: 1 },
    { type: 'release' },
    { type: 'handover', ms: 5000, viciSocket: '/run/charon.vici' },
  ])('reads back what leaseLine wrote: $type', (message) => {
    expect(parseLeaseMessage(leaseLine(message))).toEqual(message);
  });

  it.each([
    ['', 'one JSON object a line expected'],
    ['[]', 'one JSON object a line expected'],
    ['{"type":"grab"}', 'type: one of set, renew, release, handover expected'],
    [
      '{"type":"set","generation":0,"evidence":1,"announcements":[]}',
      'set: generation: a whole number from 1 expected',
    ],
    [
      '{"type":"set","generation":1,"evidence":"1","announcements":[]}',
      'set: evidence: monotonic milliseconds expected',
    ],
    ['{"type":"set","generation":1,"evidence":1}', 'set: announcements: a list expected'],
    [
      '{"type":"set","generation":1,"evidence":1,"announcements":[{"prefix":"192.0.2.1/24","nextHop":"self"}]}',
      'set: prefix "192.0.2.1/24": has host bits set behind its length',
    ],
    [
      leaseLine({
        type: 'set',
        generation: 1,
        evidence: 1,
        announcements: [...announcements, ...announcements],
      }),
      'set: prefix 192.0.2.1/32: already in the set as 192.0.2.1/32',
    ],
    ['{"type":"renew","generation":1.5,"evidence":1}', 'renew: generation: a whole number from 1 expected'],
    ['{"type":"renew","generation":1,"evidence":null}', 'renew: evidence: monotonic milliseconds expected'],
    ['{"type":"handover","ms":-1,"viciSocket":"/x"}', 'handover: ms: milliseconds expected'],
    ['{"type":"handover","ms":1,"viciSocket":"x"}', 'handover: viciSocket: an absolute path expected'],
  ])('says what is wrong with %s', (line, problem) => {
    expect(parseLeaseMessage(line)).toBe(problem);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `{"type":"set","announcements":${json}}`),
        ),
        (line) => {
          expect(['string', 'object']).toContain(typeof parseLeaseMessage(line));
          parseGuardMessage(line);
        },
      ),
    );
  });
});

it.each([
  '',
  'SSH-2.0-x',
  '{}',
  '{"type":"hello"}',
  '{"type":"report","generation":1}',
  '{"type":"refused"}',
])('parseGuardMessage knows that %j is not from a guard', (line) => {
  expect(parseGuardMessage(line)).toBeUndefined();
});
