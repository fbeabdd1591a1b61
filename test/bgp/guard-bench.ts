/** The guard on a clock of the test's own, with everything it did in order. */
import type { Announcement } from '../../bgp/announcement.ts';
import { step } from '../../bgp/guard-core.ts';
import {
  coldGuard,
  GUARD_TUNING,
  type GuardEffect,
  type GuardEvent,
  type GuardState,
} from '../../bgp/guard-state.ts';
import type { LeaseMessage } from '../../bgp/lease.ts';
import { parseReply } from '../../bgp/reply.ts';

// Round numbers: a probe a second.
export const limits = {
  ...GUARD_TUNING,
  probeEveryMs: 1000,
  localAs: 65001,
  ttlMs: 1000,
  maxAgeMs: 3000,
  handoverMs: 5000,
};
export const one: Announcement = { prefix: '192.0.2.1/32', nextHop: 'self' };
export const two: Announcement = { prefix: '192.0.2.2/32', nextHop: 'self', med: 5 };

/** Lines as `> …` for commands, `1: …` for what client 1 is told. */
export class Bench {
  now = 100_000;
  state: GuardState = coldGuard(this.now);
  wakeAt: number | undefined;
  did: string[] = [];

  constructor() {
    this.event({ type: 'tick' });
  }

  /** Past the cold start, its doings forgotten, client 1 connected. */
  static open(): Bench {
    const bench = new Bench();
    bench.pass(GUARD_TUNING.quietMs);
    bench.says('exabgp 4.2.21', 'done');
    bench.says('done');
    bench.says('exabgp 4.2.21', 'done');
    // The listing of all neighbors.
    bench.says('done');
    bench.event({ type: 'connected', client: 1 });
    bench.did = [];
    return bench;
  }

  event(event: GuardEvent): this {
    const next = step(this.state, event, this.now, limits);
    this.state = next.state;
    this.wakeAt = next.wakeAt;
    this.did.push(...next.effects.flatMap(describeEffect));
    return this;
  }

  says(...lines: string[]): this {
    return this.event({ type: 'replies', replies: lines.map(parseReply) });
  }

  message(message: LeaseMessage | string, client = 1): this {
    return this.event({ type: 'message', client, message });
  }

  set(generation: number, announcements: readonly Announcement[], evidence = this.now, client = 1): this {
    return this.message({ type: 'set', generation, evidence, announcements }, client);
  }

  renew(generation: number, evidence = this.now, client = 1): this {
    return this.message({ type: 'renew', generation, evidence }, client);
  }

  /** Lets time go by, waking the guard whenever it asked to be. */
  pass(ms: number): this {
    const end = this.now + ms;
    for (let ticks = 0; this.wakeAt !== undefined && this.wakeAt <= end; ticks += 1) {
      if (ticks > 1000) throw new Error('the guard asks to be woken for ever and does nothing then');
      this.now = Math.max(this.now, this.wakeAt);
      this.event({ type: 'tick' });
    }
    this.now = end;
    return this;
  }

  /** What it did since the last look. */
  take(): string[] {
    return this.did.splice(0);
  }
}

function describeEffect(effect: GuardEffect): string[] {
  switch (effect.type) {
    case 'write':
      return effect.lines.map((line) => `> ${line}`);
    case 'send': {
      const { message, client } = effect;
      if (message.type === 'refused') return [`${client}: refused ${message.code}`];
      if (message.type === 'renewed') return [`${client}: renewed ${message.generation}`];
      return [
        `${client}: ${message.type} ${message.lease} ${message.desired.length}/${message.acknowledged.length}`,
      ];
    }
    case 'log':
      return [];
    case 'kill-exabgp':
      return [`kill: ${effect.why}`];
    case 'watch-vici':
      return [`watch ${effect.path}`];
    case 'close-client':
      return [`close ${effect.client}`];
    case 'open-lease':
    case 'unwatch-vici':
      return [effect.type];
    default:
      return effect satisfies never;
  }
}
