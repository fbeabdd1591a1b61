/**
 * Neighbors that are down: says something about one that stays so (ExaBGP itself tries for ever and keeps
 * quiet), and sees to it that ExaBGP connects as soon as the router's port accepts.
 */
import { networkInterfaces } from 'node:os';
import type { LeaseReport } from './lease.ts';
import { neighborAdvice } from './problem.ts';
import { FIRST_REDIAL, onProbe, type RedialState } from './redial.ts';
import { probeRouter } from './router-probe.ts';

export interface WatchedNeighbor {
  readonly address: string;
  readonly localAddress: string;
  readonly port: number;
  /** TCP MD5. */
  readonly passwordFile?: string;
  readonly passwordCredential?: string;
  /** 255: GTSM. */
  readonly outgoingTtl?: number;
  /** The router connects to us: there is nothing to redial. */
  readonly passive?: boolean;
}

export interface NeighborWatchOptions {
  readonly neighbors: readonly WatchedNeighbor[];
  readonly now: () => number;
  readonly onAdvice: (neighbor: string, detail: string) => void;
  /** ExaBGP is to connect: the router accepts connections and has no session with us, `sure` or perhaps. */
  readonly redial: (neighbor: string, sure: boolean) => Promise<void>;
}

/** The first tries of ExaBGP come within seconds. */
const PATIENCE_MS = 10_000;
/** How long ExaBGP is left to itself, and how often a router is looked at then. */
const LOOK_EVERY_MS = 500;
/** A SYN is not repeated within it. */
const PROBE_TIMEOUT_MS = 950;
/** RFC 5082 section 3. */
const GTSM_TTL = 255;
/** A session that lasted so long was no flapping one. */
const STABLE_MS = 30_000;

interface Down {
  readonly stop: AbortController;
  readonly advice: NodeJS.Timeout;
  /** Ends the pause before the next look. */
  look: () => void;
}

export class NeighborWatch {
  readonly #options: NeighborWatchOptions;
  readonly #down = new Map<string, Down>();
  readonly #redials = new Map<string, RedialState>();
  readonly #upSince = new Map<string, number>();
  #states: LeaseReport['neighbors'] = {};
  #reasons: LeaseReport['reasons'] = {};

  constructor(options: NeighborWatchOptions) {
    this.#options = options;
  }

  /** Those whom ExaBGP connects to. */
  get dialled(): string[] {
    return this.#options.neighbors.flatMap(({ address, passive }) => (passive === true ? [] : [address]));
  }

  /** What the guard last said. One advice per time that a neighbor goes (or stays) down. */
  update({ neighbors, reasons }: Pick<LeaseReport, 'neighbors' | 'reasons'>, patienceMs = PATIENCE_MS): void {
    this.#states = neighbors;
    this.#reasons = reasons;
    for (const neighbor of this.#options.neighbors) {
      const { address } = neighbor;
      if (neighbors[address] === 'up') this.#up(address);
      else if (!this.#down.has(address)) this.#lost(neighbor, patienceMs);
    }
  }

  /** Until the next `update`: without a guard nobody knows what is up. */
  stop(): void {
    for (const address of [...this.#down.keys()]) this.#leave(address);
  }

  #up(address: string): void {
    this.#leave(address);
    if (!this.#upSince.has(address)) this.#upSince.set(address, this.#options.now());
  }

  #lost(neighbor: WatchedNeighbor, patienceMs: number): void {
    const { address } = neighbor;
    const lasted = this.#options.now() - (this.#upSince.get(address) ?? Infinity);
    this.#upSince.delete(address);
    if (lasted >= STABLE_MS) this.#redials.delete(address);
    const stop = new AbortController();
    const advice = setTimeout(() => this.#advise(neighbor), patienceMs);
    const down: Down = { stop, advice, look: () => undefined };
    this.#down.set(address, down);
    if (neighbor.passive !== true) void this.#lookAt(neighbor, down);
  }

  #leave(address: string): void {
    const down = this.#down.get(address);
    down?.stop.abort();
    down?.look();
    clearTimeout(down?.advice);
    this.#down.delete(address);
  }

  async #lookAt(neighbor: WatchedNeighbor, down: Down): Promise<void> {
    const { signal } = down.stop;
    const { address, passwordFile, passwordCredential, outgoingTtl } = neighbor;
    const { now, redial } = this.#options;
    const blind = passwordFile !== undefined || passwordCredential !== undefined;
    for (;;) {
      await pause(down);
      if (signal.aborted) return;
      // Only what is known to be down is touched; `connected` may become a session any moment.
      if (this.#states[address] !== 'down') continue;
      const outcome =
        outgoingTtl === GTSM_TTL ? 'unasked' : await probeRouter(neighbor, PROBE_TIMEOUT_MS, signal);
      if (signal.aborted) return;
      if (this.#states[address] !== 'down') continue;
      const next = onProbe(this.#redials.get(address) ?? FIRST_REDIAL, outcome, blind, now());
      this.#redials.set(address, next.state);
      if (!next.redial) continue;
      const sure = outcome === 'accepted';
      // The other address family of the same router comes back with this one, and may share its redial.
      if (sure) for (const other of this.#down.values()) other.look();
      await redial(address, sure);
    }
  }

  #advise({ address, localAddress, port, passive = false }: WatchedNeighbor): void {
    const state = this.#states[address];
    if (state === 'up') return;
    const localPresent = isHere(localAddress);
    const reason = this.#reasons[address];
    this.#options.onAdvice(
      address,
      neighborAdvice({ address, localAddress, port, passive, localPresent, state, reason }),
    );
  }
}

function isHere(address: string): boolean {
  try {
    return Object.values(networkInterfaces()).some((list) => list?.some((each) => each.address === address));
  } catch {
    // Out of descriptors: nothing is known, and nothing is claimed.
    return true;
  }
}

function pause(down: Down): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LOOK_EVERY_MS);
    down.look = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
