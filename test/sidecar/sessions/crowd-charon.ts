/** The charon of crowd.ts: lists when it is asked, and tells the clients to move, unless it is made to fail. */
import type { SessionsEffect, SessionsEvent } from '../../../sidecar/sessions/state.ts';
import type { Clients } from './crowd-clients.ts';
import type { Clock } from './crowd-clock.ts';

export interface CharonOptions {
  readonly roundTripMs?: number;
  readonly listMs?: number;
}

/** To ask for one IKE_SA by its id. */
const SAMPLE_MS = 0.5;

export class Charon {
  /** It answers. */
  alive = true;
  /** It is listed, but what it is told does not get there. */
  busy = false;
  /** It queues what it is told, and loses it. */
  forgetful = false;
  /** Those that one of its workers holds: no listing has them. */
  readonly held = new Set<number>();
  readonly #options: CharonOptions;
  readonly #clock: Clock;
  readonly #clients: Clients;
  readonly #tell: (event: SessionsEvent) => void;

  constructor(options: CharonOptions, clock: Clock, clients: Clients, tell: (event: SessionsEvent) => void) {
    this.#options = options;
    this.#clock = clock;
    this.#clients = clients;
    this.#tell = tell;
  }

  carryOut(effect: SessionsEffect): void {
    const { roundTripMs = 20 } = this.#options;
    switch (effect.type) {
      case 'list':
        return effect.only === undefined ? this.#list() : this.#sample(effect.only);
      case 'redirect':
      case 'terminate': {
        if (!this.alive || this.busy) {
          const { type, ids } = effect;
          this.#clock.after(1, () => this.#tell({ type: 'moved', kind: type, gone: [], unsent: ids }));
          return;
        }
        for (const id of this.forgetful ? [] : effect.ids) {
          if (effect.type === 'redirect')
            this.#clock.after(roundTripMs, () => this.#clients.redirected(id, effect.gateway));
          else this.#clients.terminated(id, roundTripMs);
        }
        return;
      }
      case 'notice':
      case 'drain-ended':
        return;
    }
  }

  #list(): void {
    const startedAt = this.#clock.now;
    this.#clock.after(this.#options.listMs ?? 5, () => {
      if (!this.alive) return this.#tell({ type: 'listing-failed' });
      const { sas } = this.#clients;
      const listed = [...sas.values()].filter(({ id }) => !this.held.has(id));
      const ikeSas = listed.map((sa) => this.#clients.told(sa, startedAt));
      this.#tell({ type: 'listing', startedAt, ikeSas, total: sas.size });
    });
  }

  #sample(only: readonly number[]): void {
    const startedAt = this.#clock.now;
    this.#clock.after(only.length * SAMPLE_MS, () => {
      if (!this.alive) return this.#tell({ type: 'listing-failed' });
      const until = this.#clock.now;
      const seen = only.flatMap((id, index) => {
        const sa = this.#clients.sas.get(id);
        // All are read in the end: each may have been read at any time since it was asked for.
        const from = startedAt + index * SAMPLE_MS;
        return sa === undefined ? [] : [{ ikeSa: this.#clients.told(sa), from, until }];
      });
      this.#tell({ type: 'sample', startedAt, seen });
    });
  }
}
