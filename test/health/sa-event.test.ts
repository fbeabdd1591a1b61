import { describe, expect, it } from 'vitest';
import { readSaEvent, type SaEvent } from '../../health/sa-event.ts';
import { section } from '../../health/vici/index.ts';
import { recorded } from './fixture.ts';

const short = (event: SaEvent): string => {
  switch (event.kind) {
    case 'ike-rekeyed':
      return `${event.kind} ${String(event.old.uniqueId)} → ${String(event.new.uniqueId)}`;
    case 'child-rekeyed':
      return `${event.kind} ${String(event.ikeSa.uniqueId)}: ${String(event.old.uniqueId)} → ${String(event.new.uniqueId)}`;
    case 'alert':
      return `${event.kind} ${event.type}`;
    default:
      return [
        event.kind,
        event.ikeSa.connection,
        event.ikeSa.uniqueId,
        ...event.ikeSa.childSas.map((child) => `+${child.name}-${String(child.uniqueId)}`),
      ].join(' ');
  }
};

describe('events recorded from charon 5.9.8', () => {
  it.each([
    ['ike-updown', ['ike-up ra 1', 'ike-down ra 2']],
    ['child-updown', ['child-up ra 1 +net-1', 'child-down ra 2 +net-3']],
    ['ike-rekey', ['ike-rekeyed 1 → 2']],
    // both ends rekeyed CHILD_SA 2 at the same moment
    ['child-rekey', ['child-rekeyed 1: 1 → 2', 'child-rekeyed 2: 2 → 4', 'child-rekeyed 2: 2 → 3']],
  ] as const)('%s', (name, expected) => {
    const events = recorded(`event-${name}`).flatMap((message) => readSaEvent(name, message));
    expect(events.map(short)).toEqual(expected);
  });

  it('alert, as strongSwan 6.0.3 and later send it', () => {
    const message = Object.assign(section(), { type: 'ts-mismatch', 'ike-sa': section() });
    expect(readSaEvent('alert', message).map(short)).toEqual(['alert ts-mismatch']);
  });

  it('ike-update, with the addresses of the message beside the IKE_SA', () => {
    const [first] = recorded('event-ike-update').flatMap((message) => readSaEvent('ike-update', message));
    expect(first && short(first)).toBe('ike-moved (unnamed) 1');
  });
});

describe('a connection named up', () => {
  const ikeSa = Object.assign(section(), { uniqueid: '3', state: 'ESTABLISHED' });

  it('comes up as `up=yes` and a second `up`', () => {
    const message = Object.assign(section(), { up: 'yes', 'up#2': ikeSa });
    expect(readSaEvent('ike-updown', message).map(short)).toEqual(['ike-up up 3']);
  });

  it('goes down as a section alone', () => {
    expect(readSaEvent('ike-updown', Object.assign(section(), { up: ikeSa })).map(short)).toEqual([
      'ike-down up 3',
    ]);
  });
});

it('a rekeying without its old or new half says nothing', () => {
  const half = Object.assign(section(), { ra: Object.assign(section(), { old: section() }) });
  expect(readSaEvent('ike-rekey', half)).toEqual([]);
});
