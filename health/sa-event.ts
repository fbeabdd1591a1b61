/** The events of charon about IKE_SAs and CHILD_SAs, typed (strongSwan, vici/README.md, "Server-issued events"). */
import type { Message } from './vici/message.ts';
import { optional, readChildSa, readIkeSa, sections, text, type ChildSa, type IkeSa } from './strongswan.ts';

/** What the link subscribes to. `alert` exists since strongSwan 6.0.3. */
export const SA_EVENTS = [
  'ike-updown',
  'child-updown',
  'ike-rekey',
  'child-rekey',
  'ike-update',
  'alert',
] as const;
export type SaEventName = (typeof SA_EVENTS)[number];

export type SaEvent =
  | { readonly kind: 'ike-up' | 'ike-down'; readonly ikeSa: IkeSa }
  /** `ikeSa.childSas` are the ones that came or went. */
  | { readonly kind: 'child-up' | 'child-down'; readonly ikeSa: IkeSa }
  /** The new one has another uniqueid and takes over the CHILD_SAs; no updown is sent for either. */
  | { readonly kind: 'ike-rekeyed'; readonly old: IkeSa; readonly new: IkeSa }
  | {
      readonly kind: 'child-rekeyed';
      readonly ikeSa: IkeSa;
      readonly old: ChildSa;
      readonly new: ChildSa;
    }
  /** Something failed; `type` as in strongSwan's list of alerts, for example "ts-mismatch". */
  | { readonly kind: 'alert'; readonly type: string }
  /** MOBIKE or a NAT changed an address. */
  | { readonly kind: 'ike-moved'; readonly ikeSa: IkeSa };

export const isSaEventName = (name: string): name is SaEventName =>
  (SA_EVENTS as readonly string[]).includes(name);

/** Throws StrongswanError for a message that is not what charon sends. */
export function readSaEvent(name: SaEventName, message: Message): SaEvent[] {
  // `up` is absent when down, never "no". As a section it is a connection of that name.
  const up = message['up'] === 'yes';
  switch (name) {
    case 'ike-updown':
      return sections(message).map(([connection, from]) => ({
        kind: up ? 'ike-up' : 'ike-down',
        ikeSa: readIkeSa(connection, from),
      }));
    case 'child-updown':
      return sections(message).map(([connection, from]) => ({
        kind: up ? 'child-up' : 'child-down',
        ikeSa: readIkeSa(connection, from),
      }));
    case 'ike-update':
      return sections(message).map(([connection, from]) => ({
        kind: 'ike-moved',
        ikeSa: readIkeSa(connection, from),
      }));
    case 'ike-rekey':
      return sections(message).flatMap(([connection, from]) => {
        const before = optional(from, 'old');
        const after = optional(from, 'new');
        if (before === undefined || after === undefined) return [];
        return [
          { kind: 'ike-rekeyed', old: readIkeSa(connection, before), new: readIkeSa(connection, after) },
        ];
      });
    case 'child-rekey':
      return sections(message).flatMap(([connection, from]) => {
        const ikeSa = readIkeSa(connection, from);
        const children = optional(from, 'child-sas');
        return (children === undefined ? [] : sections(children)).flatMap(([child, pair]) => {
          const before = optional(pair, 'old');
          const after = optional(pair, 'new');
          if (before === undefined || after === undefined) return [];
          return [
            {
              kind: 'child-rekeyed' as const,
              ikeSa,
              old: readChildSa(child, before),
              new: readChildSa(child, after),
            },
          ];
        });
      });
    case 'alert':
      return [{ kind: 'alert', type: text(message, 'type') }];
    default:
      return never(name);
  }
}

const never = (name: never): never => {
  throw new Error(`no such event: ${String(name)}`);
};
