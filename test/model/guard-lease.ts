/**
 * The lease in plain words: who may hold it, until when, and what is held. What it would say to a message is
 * worked out here on its own, and compared with what the guard said.
 */
import type { Announcement } from '../../bgp/announcement.ts';
import type { GuardLimits } from '../../bgp/guard-state.ts';
import type { LeaseMessage, LeaseReport, RefusalCode } from '../../bgp/lease.ts';

/** `nothing`: it is obeyed without a word. */
export type Said = 'nothing' | `renewed ${number}` | `refused ${RefusalCode}`;

export class NaiveLease {
  kind: LeaseReport['lease'] = 'none';
  generation = 0;
  until: number | undefined;
  held: readonly Announcement[] = [];
  holder: number | undefined;
  /** What was known before it is worth nothing. */
  lapsedAt = -Infinity;
  readonly #limits: GuardLimits;

  constructor(limits: GuardLimits) {
    this.#limits = limits;
  }

  message(client: number, message: LeaseMessage | string, now: number): Said {
    if (typeof message === 'string') return 'refused bad-message';
    // One holder; but who let it lapse stands in nobody's way.
    const isTaken = this.holder !== undefined && this.holder !== client && this.kind !== 'lapsed';
    if (isTaken) return 'refused held-by-another';
    switch (message.type) {
      case 'set': {
        const { generation, announcements, evidence } = message;
        const bad = announcements.length > 0 ? this.#badEvidence(evidence, now) : undefined;
        if (bad !== undefined) {
          this.held = this.held.filter(({ prefix }) =>
            announcements.some((route) => route.prefix === prefix),
          );
          return bad;
        }
        this.#give(client, announcements.length > 0 ? 'held' : 'none', generation, announcements, now);
        return `renewed ${generation}`;
      }
      case 'renew': {
        const { generation, evidence } = message;
        if (generation !== this.generation) return 'refused generation-unknown';
        if (this.kind === 'lapsed') return 'refused lapsed';
        const bad = this.held.length > 0 ? this.#badEvidence(evidence, now) : undefined;
        if (bad !== undefined) return bad;
        if (this.held.length > 0) this.#give(client, 'held', generation, this.held, now);
        this.holder = client;
        return `renewed ${generation}`;
      }
      case 'release':
        this.#give(undefined, 'none', this.generation, [], now);
        return 'nothing';
      case 'handover':
        if (this.kind !== 'held') return 'refused lapsed';
        this.kind = 'handover';
        this.holder = undefined;
        this.until = now + Math.min(message.ms, this.#limits.handoverMs);
        return 'nothing';
      default:
        return message satisfies never;
    }
  }

  /** Only a tick ends a lease: the guard has looked at its sockets once more before. */
  tick(now: number): void {
    if (this.until !== undefined && now >= this.until) this.#lapse(now);
  }

  /** charon's socket closed. Only during a hand-over nobody else would notice. */
  viciClosed(now: number): void {
    if (this.kind === 'handover') this.#lapse(now);
  }

  disconnected(client: number): void {
    if (this.holder === client) this.holder = undefined;
  }

  #lapse(now: number): void {
    this.kind = 'lapsed';
    this.lapsedAt = now;
    this.until = undefined;
    this.held = [];
  }

  #give(
    holder: number | undefined,
    kind: 'held' | 'none',
    generation: number,
    held: readonly Announcement[],
    now: number,
  ): void {
    this.holder = holder;
    this.kind = kind;
    this.generation = generation;
    this.held = held;
    this.until = kind === 'held' ? now + this.#limits.ttlMs : undefined;
  }

  #badEvidence(evidence: number, now: number): Said | undefined {
    if (now - evidence > this.#limits.maxAgeMs || evidence < this.lapsedAt) return 'refused evidence-too-old';
    return evidence - now > 1 ? 'refused bad-message' : undefined;
  }
}
