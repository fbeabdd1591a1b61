/** Says something about a neighbor that stays down: ExaBGP itself tries for ever and keeps quiet. */
import { networkInterfaces } from 'node:os';
import type { LeaseReport } from './lease.ts';
import { neighborAdvice } from './problem.ts';

export interface WatchedNeighbor {
  readonly address: string;
  readonly localAddress: string;
  readonly port: number;
}

/** The first tries of ExaBGP come within seconds. */
const PATIENCE_MS = 10_000;

export class NeighborWatch {
  readonly #neighbors: readonly WatchedNeighbor[];
  readonly #onAdvice: (neighbor: string, detail: string) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #states: LeaseReport['neighbors'] = {};
  #reasons: LeaseReport['reasons'] = {};

  constructor(neighbors: readonly WatchedNeighbor[], onAdvice: (neighbor: string, detail: string) => void) {
    this.#neighbors = neighbors;
    this.#onAdvice = onAdvice;
  }

  /** What the guard last said. One advice per time that a neighbor goes (or stays) down. */
  update({ neighbors, reasons }: Pick<LeaseReport, 'neighbors' | 'reasons'>, patienceMs = PATIENCE_MS): void {
    this.#states = neighbors;
    this.#reasons = reasons;
    for (const neighbor of this.#neighbors) {
      const { address } = neighbor;
      if (neighbors[address] === 'up') {
        clearTimeout(this.#timers.get(address));
        this.#timers.delete(address);
      } else if (!this.#timers.has(address)) {
        this.#timers.set(
          address,
          setTimeout(() => this.#advise(neighbor), patienceMs),
        );
      }
    }
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #advise({ address, localAddress, port }: WatchedNeighbor): void {
    const state = this.#states[address];
    if (state === 'up') return;
    const here = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const localPresent = here.some((entry) => entry.address === localAddress);
    const reason = this.#reasons[address];
    this.#onAdvice(address, neighborAdvice({ address, localAddress, port, localPresent, state, reason }));
  }
}
