/** What charon says of its SAs, in short text; and what the book comes to. */
import type { SaBook } from '../../health/sa-book.ts';
import type { SaEvent } from '../../health/sa-event.ts';
import { readChildSa, readIkeSa, type ChildSa, type IkeSa } from '../../health/strongswan.ts';
import { section } from '../../health/vici/index.ts';

/** An IKE_SA "connection:uniqueid:state+child+child", each child "uniqueid" or "uniqueid:state". */
export function ike(text: string): IkeSa {
  const [own = '', ...children] = text.split('+');
  const [connection = '', uniqueid = '', state = 'ESTABLISHED'] = own.split(':');
  return {
    ...readIkeSa(connection, Object.assign(section(), { uniqueid, state })),
    childSas: children.map((child) => {
      const [id = '', childState = 'INSTALLED'] = child.split(':');
      return readChildSa('net', Object.assign(section(), { uniqueid: id, state: childState }));
    }),
  };
}

export const child = (id: number): ChildSa =>
  readChildSa('net', Object.assign(section(), { uniqueid: String(id), state: 'INSTALLED' }));
export const up = (text: string): SaEvent => ({ kind: 'ike-up', ikeSa: ike(text) });
export const down = (text: string): SaEvent => ({ kind: 'ike-down', ikeSa: ike(text) });
export const childUp = (text: string): SaEvent => ({ kind: 'child-up', ikeSa: ike(text) });
export const childDown = (text: string): SaEvent => ({ kind: 'child-down', ikeSa: ike(text) });

export function list(book: SaBook, ...listed: string[]): void {
  book.beginListing();
  for (const each of listed) book.listed(ike(each));
  book.endListing();
}

/** "IKE_SAs/CHILD_SAs", with charon's own total, by default as many as it takes. */
export function count(book: SaBook, total = 1000, halfOpen = 0): string {
  const { ikeSas, childSas } = book.count({ total, halfOpen });
  return `${String(ikeSas)}/${String(childSas)}`;
}
