/** The messages of VICI that tell of a client's sessions, and what they say. Pure. */
import type { Message, Section, Value } from '../../../health/vici/index.ts';
import type { SessionEvent } from './session-story.ts';

export const SESSION_EVENTS = ['ike-updown', 'child-updown', 'ike-rekey'] as const;
export type SessionEventName = (typeof SESSION_EVENTS)[number];

export interface ClientEvent {
  /** Of the connection. */
  readonly name: string;
  readonly event: SessionEvent;
}

/**
 * An IKE_SA counts from its first CHILD_SA on. While it is being made it has none, and no connection's name either.
 * @param at CLOCK_MONOTONIC ms
 */
export function readSessionEvent(name: SessionEventName, message: Message, at: number): ClientEvent[] {
  const up = message['up'] === 'yes';
  return sections(message).flatMap(([connection, sa]): ClientEvent[] => {
    if (name === 'ike-rekey') {
      const [id, by] = [idOf(sa['old']), idOf(sa['new'])];
      if (id === undefined || by === undefined) return [];
      return [{ name: connection, event: { type: 'rekeyed', at, id, by } }];
    }
    const id = idOf(sa);
    // An IKE_SA that comes up has no CHILD_SA yet.
    if (id === undefined || (name === 'ike-updown' && up)) return [];
    return [{ name: connection, event: { type: up ? 'up' : 'down', at, id } }];
  });
}

/** A message of list-sas. @returns IKE_SAs with a CHILD_SA that is installed, by connection */
export function readListed(message: Message): (readonly [name: string, id: string])[] {
  return sections(message).flatMap(([connection, sa]) => {
    const id = idOf(sa);
    const children = isSection(sa['child-sas']) ? sections(sa['child-sas']) : [];
    const installed = children.some(([, child]) => child['state'] === 'INSTALLED');
    return id !== undefined && installed ? [[connection, id] as const] : [];
  });
}

function sections(message: Section): [string, Section][] {
  return Object.entries(message).filter((entry): entry is [string, Section] => isSection(entry[1]));
}

function isSection(value: Value | Value[] | Section | undefined): value is Section {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value);
}

function idOf(sa: Value | Value[] | Section | undefined): string | undefined {
  const id = isSection(sa) ? sa['uniqueid'] : undefined;
  return typeof id === 'string' ? id : undefined;
}
