/** The guard among its neighbours on a fake clock: the sidecars at its socket, ExaBGP at its pipe, charon. */
import { step } from '../../bgp/guard-core.ts';
import {
  coldGuard,
  GUARD_TUNING,
  type GuardEffect,
  type GuardEvent,
  type GuardLimits,
  type GuardState,
} from '../../bgp/guard-state.ts';
import type { LeaseMessage, LeaseReport } from '../../bgp/lease.ts';
import { parseReply } from '../../bgp/reply.ts';
import { BEFORE, NaiveExabgp, prefixOf, type Answer, type Queued, type Words } from './guard-exabgp.ts';
import { NaiveLease, type Said } from './guard-lease.ts';

/** Two unanswered announcements and three connections are as many as a short story can fill. */
export const LIMITS: GuardLimits = {
  ...GUARD_TUNING,
  localAs: 65001,
  ttlMs: 1000,
  maxAgeMs: 3000,
  handoverMs: 5000,
  unackedMaximum: 2,
  clientsMaximum: 3,
};

const TICKS_MAXIMUM = 10_000;

/** What happened in the last step. `look`: nothing, but somebody checks. */
export interface Happened {
  readonly event: GuardEvent | { readonly type: 'look' };
  readonly effects: readonly GuardEffect[];
  readonly wakeAt: number | undefined;
  /** What the lease in plain words says to the message of this event. */
  readonly expected: Said;
  readonly wasKilled: boolean;
  /** ExaBGP refused to withdraw something in this step. */
  readonly isStubborn: boolean;
  /** Commands that ExaBGP had not done before this step, and its table with them done. */
  readonly unanswered: readonly Queued[];
  readonly toldBefore: ReadonlyMap<string, Words>;
}

export interface Past {
  readonly commands: readonly string[];
  /** So many of them are done and answered. */
  readonly done: number;
  readonly sessions: readonly string[];
  readonly acknowledges: boolean;
}

export class GuardWorld {
  now = 50_000;
  readonly exabgp = new NaiveExabgp();
  readonly lease = new NaiveLease(LIMITS);
  readonly clients = new Set<number>();
  /** What each connected sidecar was last told. */
  readonly told = new Map<number, LeaseReport>();
  open = false;
  /** How often the lease socket was opened. */
  opened = 0;
  killed = false;
  watching = false;
  repliedAt: number;
  /** The message that keeps alive what is held now: when it came, and what it was based on. */
  handedOverAt: number | undefined;
  /** Prefixes that are to be told once more: a neighbor was heard of for the first time, and may know of none. */
  readonly again = new Set<string>();
  readonly #heardOf = new Set<string>();
  accepted: { readonly at: number; readonly evidence: number } | undefined;
  happened: Happened | undefined;
  #state: GuardState;
  #wakeAt: number | undefined;
  readonly #check: (world: GuardWorld) => void;

  /** ExaBGP may have a past: routes and commands of a guard that died, sessions that are up. */
  constructor(check: (world: GuardWorld) => void, past: Past) {
    this.#check = check;
    this.#state = coldGuard(this.now);
    this.repliedAt = this.now;
    this.exabgp.acknowledges = past.acknowledges;
    this.exabgp.hear(past.commands, BEFORE);
    for (let n = 0; n < past.done; n += 1) this.exabgp.work('done', this.now);
    for (const address of past.sessions)
      this.exabgp.sessions.set(address, { up: true, gracefulRestart: true });
    this.send({ type: 'tick' });
  }

  send(event: GuardEvent, isStubborn = false): void {
    const before = {
      wasKilled: this.killed,
      unanswered: [...this.exabgp.queue],
      toldBefore: this.exabgp.told(),
    };
    const expected = this.#expect(event);
    const { state, effects, wakeAt } = step(this.#state, event, this.now, LIMITS);
    this.#state = state;
    this.#wakeAt = wakeAt;
    for (const effect of effects) this.#run(effect);
    if (event.type === 'message' && typeof event.message !== 'string') this.#accept(event.message, effects);
    this.happened = { event, effects, wakeAt, expected, isStubborn, ...before };
    this.#check(this);
    const written = effects.flatMap((effect) => (effect.type === 'write' ? effect.lines : []));
    for (const line of written) this.again.delete(prefixOf(line));
  }

  /** ExaBGP does so many commands, or refuses them; all that it prints is read at once. */
  exabgpWorks(answers: readonly Answer[]): void {
    let isStubborn = false;
    const lines = answers.flatMap((answer) => {
      const [next] = this.exabgp.queue;
      isStubborn ||= this.open && answer === 'error' && /^(withdraw|clear)/.test(next?.line ?? '');
      return this.exabgp.work(answer, this.now);
    });
    this.exabgpSays(lines, isStubborn);
  }

  exabgpWorksOff(): void {
    for (let n = 0; n < 50 && this.exabgp.queue.length > 0 && !this.killed; n += 1) {
      this.exabgpWorks(this.exabgp.queue.map(() => 'done'));
    }
  }

  exabgpSays(lines: readonly string[], isStubborn = false): void {
    if (lines.length === 0) return;
    this.repliedAt = this.now;
    const replies = lines.map(parseReply);
    for (const reply of replies) {
      if (reply.kind !== 'neighbor' || this.#heardOf.has(reply.address)) continue;
      this.#heardOf.add(reply.address);
      for (const prefix of this.exabgp.told().keys()) this.again.add(prefix);
    }
    this.send({ type: 'replies', replies }, isStubborn);
  }

  message(client: number, message: LeaseMessage | string): void {
    this.send({ type: 'message', client, message });
  }

  /** Lets time go by. Every wake-up comes `lateMs` after it was due; at the end somebody looks. */
  wait(ms: number, lateMs = 0): void {
    const until = this.now + ms;
    for (let ticks = 0; this.#wakeAt !== undefined && this.#wakeAt + lateMs <= until; ticks += 1) {
      if (ticks > TICKS_MAXIMUM) throw new Error('it asks to be woken for ever and does nothing then');
      this.now = Math.max(this.now, this.#wakeAt + lateMs);
      this.send({ type: 'tick' });
    }
    this.now = until;
    if (this.#wakeAt !== undefined && this.#wakeAt <= until) return;
    this.happened = {
      event: { type: 'look' },
      effects: [],
      wakeAt: this.#wakeAt,
      expected: 'nothing',
      isStubborn: false,
      wasKilled: this.killed,
      unanswered: this.exabgp.queue,
      toldBefore: this.exabgp.told(),
    };
    this.#check(this);
  }

  /** What the lease makes of it; once ExaBGP is killed, nothing matters any more. */
  #expect(event: GuardEvent): Said {
    if (this.killed) return 'nothing';
    switch (event.type) {
      case 'message':
        return this.lease.message(event.client, event.message, this.now);
      case 'tick':
        this.lease.tick(this.now);
        return 'nothing';
      case 'vici-closed':
        this.lease.viciClosed(this.now);
        return 'nothing';
      case 'connected':
        this.clients.add(event.client);
        return 'nothing';
      case 'disconnected':
        this.clients.delete(event.client);
        this.told.delete(event.client);
        this.lease.disconnected(event.client);
        return 'nothing';
      case 'replies':
        return 'nothing';
      default:
        return event satisfies never;
    }
  }

  #run(effect: GuardEffect): void {
    switch (effect.type) {
      case 'write':
        this.exabgp.hear(effect.lines, this.now);
        return;
      case 'send':
        if (effect.message.type === 'hello' || effect.message.type === 'report') {
          this.told.set(effect.client, effect.message);
        }
        return;
      case 'close-client':
        this.clients.delete(effect.client);
        return;
      case 'open-lease':
        this.open = true;
        this.opened += 1;
        return;
      case 'kill-exabgp':
        this.killed = true;
        return;
      case 'watch-vici':
        this.watching = true;
        this.handedOverAt = this.now;
        return;
      case 'unwatch-vici':
        this.watching = false;
        return;
      case 'log':
        return;
      default:
        effect satisfies never;
    }
  }

  /** From what the guard itself said: what it took as proof, and when. */
  #accept(message: LeaseMessage, effects: readonly GuardEffect[]): void {
    const isRenewed = effects.some(
      ({ type, ...rest }) => type === 'send' && 'message' in rest && rest.message.type === 'renewed',
    );
    if (!isRenewed || !('evidence' in message)) return;
    this.accepted = { at: this.now, evidence: message.evidence };
    this.handedOverAt = undefined;
  }
}
