/**
 * Keeps count of IKE_SAs and CHILD_SAs: events say what comes and goes, a listing now and then says what is
 * there, and `stats` (charon's own total) says which of the two is right where they differ.
 *
 * A listing with noblock leaves out IKE_SAs that a worker holds just then, so that one is missing there
 * proves nothing. It is struck out only after two listings missed it in a row and charon's total is too small
 * for it to exist.
 *
 * No I/O and no clock. Its size is that of charon's own table.
 */
import type { SaEvent } from './sa-event.ts';
import { UNNAMED, type ChildSa, type IkeSa } from './strongswan.ts';

/** States in which an IKE_SA or CHILD_SA carries traffic. */
const IKE_COUNTED: ReadonlySet<string> = new Set(['ESTABLISHED', 'REKEYING']);
const CHILD_COUNTED: ReadonlySet<string> = new Set(['INSTALLED', 'UPDATING', 'REKEYING']);

/** An IKE_SA missing from this many listings in a row may be struck out. */
const MISSED_TO_STRIKE = 2;

/** What one connection carries. */
export interface ConnectionCount {
  readonly ikeSas: number;
  readonly childSas: number;
  /** IKE_SAs that have a CHILD_SA: a tunnel that is up has both. */
  readonly complete: number;
}

export interface SaCount {
  readonly ikeSas: number;
  readonly childSas: number;
  /** IKE_SAs that charon has beyond those in the book and those half-open: it may be clients, it may not. */
  readonly unseen: number;
  /** By the connection's name. */
  readonly connections: ReadonlyMap<string, ConnectionCount>;
}

/** What a listing must say of an IKE_SA. */
export type Listed = Pick<IkeSa, 'connection' | 'uniqueId' | 'state'> & {
  readonly childSas: readonly Pick<ChildSa, 'uniqueId' | 'state'>[];
} & Partial<Identified>;

/** Who logged in: as IKE has it, and as EAP has it. */
type Identified = Pick<IkeSa, 'remote' | 'remoteEapId'>;

interface Entry {
  readonly connection: string;
  /** There, but no client: a canary. */
  readonly ignored: boolean;
  readonly children: Set<number>;
  /** Listings in a row that did not have it. */
  missed: number;
}

export class SaBook {
  /** By uniqueid. Only IKE_SAs that count. */
  readonly #entries = new Map<number, Entry>();
  /** Listed, but in a state that does not count (PASSIVE, CONNECTING, DELETING …). */
  #others = 0;
  /** IKE_SAs that events touched while a listing is under way: the events know better. */
  #touched: Set<number> | undefined;
  #listing: Map<number, Entry> | undefined;
  #listedOthers = 0;
  #doubtful = false;
  readonly #ignored: ReadonlySet<string>;

  /** `ignored`: IKE or EAP identities whose IKE_SAs are known of, but not counted. */
  constructor(ignored: readonly string[] = []) {
    this.#ignored = new Set(ignored);
  }

  /** What was rekeyed was unknown, or charon has fewer IKE_SAs than the book: a listing is due early. */
  get doubtful(): boolean {
    return this.#doubtful;
  }

  /** Forgets everything: charon may be another one. */
  clear(): void {
    this.#entries.clear();
    this.#others = 0;
    this.#touched = undefined;
    this.#listing = undefined;
    this.#doubtful = false;
  }

  apply(event: SaEvent): void {
    switch (event.kind) {
      case 'ike-up':
        // The other node of an HA pair carries it.
        if (event.ikeSa.state === 'PASSIVE') return;
        this.#up(event.ikeSa);
        return;
      case 'ike-down':
        this.#touch(event.ikeSa.uniqueId);
        this.#entries.delete(event.ikeSa.uniqueId);
        return;
      case 'child-up': {
        if (!IKE_COUNTED.has(event.ikeSa.state)) return;
        const { children } = this.#up(event.ikeSa);
        for (const child of event.ikeSa.childSas) children.add(child.uniqueId);
        return;
      }
      case 'child-down': {
        // Sent twice by some versions (strongSwan #3003), and with the state it had before.
        this.#touch(event.ikeSa.uniqueId);
        const entry = this.#entries.get(event.ikeSa.uniqueId);
        for (const child of event.ikeSa.childSas) entry?.children.delete(child.uniqueId);
        return;
      }
      case 'child-rekeyed': {
        const { children } = this.#up(event.ikeSa);
        // Not there any more: both ends rekeyed it at once, and one of the two new ones is going to go.
        if (!children.delete(event.old.uniqueId)) this.#doubtful = true;
        children.add(event.new.uniqueId);
        return;
      }
      case 'ike-rekeyed': {
        this.#touch(event.old.uniqueId);
        const before = this.#entries.get(event.old.uniqueId);
        this.#entries.delete(event.old.uniqueId);
        const { children } = this.#up(event.new);
        if (before === undefined) this.#doubtful = true;
        for (const child of before?.children ?? []) children.add(child);
        return;
      }
      case 'alert':
      case 'ike-moved':
        // Addresses do not matter here, and most of these come from logins without a name yet.
        return;
      default:
        event satisfies never;
    }
  }

  /** From here on listed() collects, until endListing() or clear(). */
  beginListing(): void {
    this.#listing = new Map();
    this.#touched = new Set();
    this.#listedOthers = 0;
  }

  listed(ikeSa: Listed): void {
    const { connection, uniqueId, state, childSas } = ikeSa;
    if (connection === UNNAMED || !IKE_COUNTED.has(state)) {
      this.#listedOthers += 1;
      return;
    }
    const children = childSas
      .filter((child) => CHILD_COUNTED.has(child.state))
      .map((child) => child.uniqueId);
    const ignored = this.#ignores(ikeSa);
    this.#listing?.set(uniqueId, { connection, ignored, children: new Set(children), missed: 0 });
  }

  /** Takes the listing over, except where an event came in between. */
  endListing(): void {
    const listing = this.#listing;
    const touched = this.#touched;
    if (listing === undefined || touched === undefined) return;
    for (const [uniqueId, entry] of this.#entries) {
      if (!listing.has(uniqueId) && !touched.has(uniqueId)) entry.missed += 1;
    }
    for (const [uniqueId, entry] of listing) {
      if (!touched.has(uniqueId)) this.#entries.set(uniqueId, entry);
    }
    this.#others = this.#listedOthers;
    this.#listing = undefined;
    this.#touched = undefined;
    this.#doubtful = false;
  }

  /** Ends a listing that did not come to its end: what it had says nothing about what it had not. */
  dropListing(): void {
    this.#listing = undefined;
    this.#touched = undefined;
  }

  /** The count, checked against charon's own numbers (`stats`), which decide. */
  count({ total, halfOpen }: { readonly total: number; readonly halfOpen: number }): SaCount {
    this.#strike(this.#entries.size - total);
    if (this.#entries.size > total) this.#doubtful = true;
    const connections = new Map<string, { ikeSas: number; childSas: number; complete: number }>();
    let childSas = 0;
    let counted = 0;
    for (const { connection, ignored, children } of this.#entries.values()) {
      if (ignored) continue;
      counted += 1;
      const own = connections.get(connection) ?? { ikeSas: 0, childSas: 0, complete: 0 };
      own.ikeSas += 1;
      own.childSas += children.size;
      if (children.size > 0) own.complete += 1;
      connections.set(connection, own);
      childSas += children.size;
    }
    const ikeSas = Math.min(counted, total);
    const unseen = Math.max(0, total - halfOpen - this.#entries.size - this.#others);
    return { ikeSas, childSas, unseen, connections };
  }

  /** Removes up to `excess` IKE_SAs that cannot all exist, of those that listings keep missing. */
  #strike(excess: number): void {
    let left = excess;
    for (const [uniqueId, { missed }] of this.#entries) {
      if (left <= 0) return;
      if (missed < MISSED_TO_STRIKE) continue;
      this.#entries.delete(uniqueId);
      left -= 1;
    }
  }

  #up(ikeSa: Pick<IkeSa, 'uniqueId' | 'connection'> & Partial<Identified>): Entry {
    const { uniqueId, connection } = ikeSa;
    this.#touch(uniqueId);
    let entry = this.#entries.get(uniqueId);
    if (entry === undefined) {
      entry = { connection, ignored: this.#ignores(ikeSa), children: new Set(), missed: 0 };
      this.#entries.set(uniqueId, entry);
    }
    entry.missed = 0;
    return entry;
  }

  #ignores({ remote, remoteEapId }: Partial<Identified>): boolean {
    if (this.#ignored.size === 0) return false;
    return [remote?.id, remoteEapId].some((id) => id !== undefined && this.#ignored.has(id));
  }

  #touch(uniqueId: number): void {
    this.#touched?.add(uniqueId);
  }
}
