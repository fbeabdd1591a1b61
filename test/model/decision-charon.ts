/** A naive charon with clients: it lists when asked, obeys a moment later, and most of its clients do as they are told. */
import type { IkeSa } from '../../health/strongswan.ts';
import type { SessionsEffect, SessionsEvent } from '../../sidecar/sessions/state.ts';
import { clientSa } from '../sidecar/ike-sa.fixture.ts';

export const ANYCAST = ['192.0.2.1', '2001:db8:53::1'] as const;
export const OWN = ['10.1.1.2', 'fd00:1:1::2'] as const;

/** What it is told about, and what it tells. */
export interface Surroundings {
  readonly now: number;
  after(ms: number, run: () => void): void;
  hear(event: SessionsEvent): void;
  /** A login on this address comes here. */
  leadsHere(local: string): boolean;
}

export class Charon {
  readonly sas = new Map<number, IkeSa>();
  isLinked = false;
  readonly #around: Surroundings;
  #nextId = 1;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  link(isUp: boolean): void {
    this.isLinked = isUp;
    this.#around.hear({ type: 'link', isUp });
    if (!isUp) return;
    const clients = { localAddrs: [...ANYCAST, ...OWN], remoteAddrs: ['%any'] };
    this.#around.hear({ type: 'connections', connections: new Map([['clients', clients]]) });
  }

  come(count: number, local: string): void {
    const came = Array.from({ length: count }, () => clientSa(this.#nextId++, local));
    for (const ikeSa of came) this.sas.set(ikeSa.uniqueId, ikeSa);
    if (!this.isLinked) return;
    this.#around.hear({ type: 'sas', events: came.map((ikeSa) => ({ kind: 'ike-up', ikeSa })) });
  }

  leave(id: number): void {
    const ikeSa = this.sas.get(id);
    this.sas.delete(id);
    if (ikeSa === undefined || !this.isLinked) return;
    this.#around.hear({
      type: 'sas',
      events: [{ kind: 'ike-down', ikeSa: { ...ikeSa, state: 'DELETING' } }],
    });
  }

  carryOut(effect: SessionsEffect): void {
    const { after, hear, now } = {
      after: (ms: number, run: () => void) => this.#around.after(ms, run),
      hear: (event: SessionsEvent) => this.#around.hear(event),
      now: this.#around.now,
    };
    switch (effect.type) {
      case 'list':
        after(5, () => {
          if (!this.isLinked) return hear({ type: 'listing-failed' });
          if (effect.only !== undefined) {
            const seen = effect.only.flatMap((id) => this.sas.get(id) ?? []);
            const until = this.#around.now;
            const found = seen.map((ikeSa) => ({ ikeSa, from: now, until }));
            return hear({ type: 'sample', startedAt: now, seen: found });
          }
          const ikeSas = [...this.sas.values()];
          hear({ type: 'listing', startedAt: now, ikeSas, total: ikeSas.length });
        });
        return;
      case 'redirect':
      case 'terminate': {
        const { type, ids } = effect;
        if (!this.isLinked) {
          after(500, () => hear({ type: 'moved', kind: type, gone: [], unsent: ids }));
          return;
        }
        const gone = ids.filter((id) => !this.sas.has(id));
        if (gone.length > 0) after(1, () => hear({ type: 'moved', kind: type, gone, unsent: [] }));
        for (const id of ids) {
          after(20, () =>
            effect.type === 'redirect' ? this.#redirected(id, effect.gateway) : this.#ended(id),
          );
        }
        return;
      }
      case 'notice':
      case 'drain-ended':
        return;
    }
  }

  /** One in three has never heard of RFC 5685. */
  #redirected(id: number, gateway: string): void {
    if (!this.sas.has(id) || id % 3 === 0) return;
    this.leave(id);
    if (OWN.some((own) => own === gateway)) this.come(1, gateway);
  }

  #ended(id: number): void {
    const ikeSa = this.sas.get(id);
    if (ikeSa === undefined) return;
    this.leave(id);
    // Its configuration knows the anycast address alone.
    const local = ANYCAST[ikeSa.local.host.includes(':') ? 1 : 0];
    this.#around.after(100, () => {
      if (this.#around.leadsHere(local)) this.come(1, local);
    });
  }
}
