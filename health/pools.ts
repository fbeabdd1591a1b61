/** Pools of virtual addresses and their leases, from `get-pools` (strongSwan, vici/README.md). */
import { number, sections } from './strongswan.ts';
import type { Message } from './vici/message.ts';

export interface Pool {
  readonly name: string;
  /** How many addresses it can hand out. */
  readonly size: number;
  /** Leases of clients that are connected. */
  readonly online: number;
  /** Leases kept for clients that left; they are handed to others once nothing else is left. */
  readonly offline: number;
}

export function readPools(message: Message): readonly Pool[] {
  return sections(message).map(([name, from]) => ({
    name,
    size: number(from, 'size'),
    online: number(from, 'online'),
    offline: number(from, 'offline'),
  }));
}
