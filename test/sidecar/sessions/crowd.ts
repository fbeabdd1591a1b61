/**
 * A gateway with its clients in simulated time: charon answers effects with events and listings, clients obey or
 * ignore, routes move some time after what is wanted of them. Drives stepSessions as the sidecar's dispatch does.
 *
 *   crowd-charon.ts, crowd-clients.ts, crowd-routers.ts   who plays what; crowd-clock.ts, crowd-place.ts: when and where
 */
import type { IkeSa } from '../../../health/strongswan.ts';
import { drainIntentOf, type DrainIntent } from '../../../sidecar/sessions/drain-intent.ts';
import { stepSessions, wishesOf } from '../../../sidecar/sessions/machine.ts';
import {
  NO_SESSIONS,
  type Facts,
  type SessionsEffect,
  type SessionsEvent,
  type SessionsState,
} from '../../../sidecar/sessions/state.ts';
import type { SessionsPolicy, Target } from '../../../sidecar/sessions/policy.ts';
import { Charon, type CharonOptions } from './crowd-charon.ts';
import { Clients, type Client, type ClientKind, type Sa } from './crowd-clients.ts';
import { Clock } from './crowd-clock.ts';
import { ANYCAST, GW2, OWN, policyOf } from './crowd-place.ts';
import { Routers, type RoutersOptions } from './crowd-routers.ts';

export interface CrowdOptions extends CharonOptions, RoutersOptions {
  readonly policy?: Partial<SessionsPolicy>;
  readonly targets?: readonly Target[];
}

/** An effect, and how things stood with it. */
export interface Seen {
  readonly at: number;
  readonly effect: SessionsEffect;
  /** VICI took it. */
  readonly isTaken: boolean;
  readonly wanted: boolean;
  readonly sweeping: boolean;
  /** Whom it terminates on an anycast address although packets of theirs came within the last 100 ms. */
  readonly sending: readonly number[];
}

export class Crowd {
  state: SessionsState = NO_SESSIONS;
  policy: SessionsPolicy;
  targets: readonly Target[];
  stopping = false;
  readonly effects: Seen[] = [];
  readonly charon: Charon;
  readonly routers: Routers;
  readonly #clients: Clients;
  readonly #clock: Clock;
  #stepping = false;

  constructor(options: CrowdOptions = {}) {
    this.policy = policyOf(options.policy);
    this.targets = options.targets ?? [GW2];
    const tell = (event: SessionsEvent): void => this.send(event);
    const look = (): void => this.send({ type: 'look' });
    this.#clock = new Clock(look);
    this.#clients = new Clients(this.#clock, {
      isRouted: () => this.routers.routed,
      isAlive: () => this.charon.alive,
      tell,
    });
    this.charon = new Charon(options, this.#clock, this.#clients, tell);
    this.routers = new Routers(options, this.#clock, { count: () => this.#clients.count(), look });
  }

  get now(): number {
    return this.#clock.now;
  }

  get clients(): readonly Client[] {
    return this.#clients.all;
  }

  get sas(): Map<number, Sa> {
    return this.#clients.sas;
  }

  /** Logins at other gateways: when. */
  get logins(): readonly number[] {
    return this.#clients.logins;
  }

  /** Logins that came back here although their session was moved away. */
  get loops(): readonly number[] {
    return this.#clients.loops;
  }

  /** charon is there and has been listed. */
  start(): this {
    this.send({ type: 'link', isUp: true });
    const localAddrs = [ANYCAST, OWN.address ?? ''];
    const connections = new Map([['clients', { localAddrs, remoteAddrs: ['%any'] }]]);
    this.send({ type: 'connections', connections });
    return this.run(100);
  }

  add(count: number, how?: ClientKind): Client[] {
    return this.#clients.add(count, how);
  }

  login(count: number, how?: ClientKind): Client[] {
    return this.#clients.login(count, how);
  }

  again(client: Client, local: string): void {
    this.#clients.again(client, local);
  }

  told(sa: Sa): IkeSa {
    return this.#clients.told(sa);
  }

  renumber(old: Sa): Sa {
    return this.#clients.renumber(old);
  }

  talk(clients: readonly Client[], talks: boolean): void {
    this.#clients.talk(clients, talks);
  }

  live(): Sa[] {
    return this.#clients.live();
  }

  drain(change: Partial<Parameters<typeof drainIntentOf>[0]> = {}, resumed = false): DrainIntent {
    const intent = drainIntentOf(
      {
        who: 'alice',
        reason: 'reboot',
        move: 'auto',
        to: undefined,
        ratePerSecond: this.policy.ratePerSecond,
        deadlineMs: this.policy.drain.deadlineMs,
        seconds: undefined,
        ...change,
      },
      { now: this.now, time: 1_700_000_000_000 + this.now },
    );
    this.send({ type: 'drain', intent, resumed });
    return intent;
  }

  undrain(): void {
    this.send({ type: 'drain', intent: undefined, resumed: false });
  }

  facts(): Facts {
    const { targets, stopping } = this;
    return { routing: { prefixes: this.routers.prefixes, stopping }, targets };
  }

  /** One dispatch. */
  send(event: SessionsEvent): void {
    if (this.#stepping) throw new Error('an effect dispatched');
    this.#stepping = true;
    const { state, effects, wakeAt } = stepSessions(this.state, event, this.facts(), this.policy, this.now);
    this.state = state;
    this.#clock.wakeAt = wakeAt;
    for (const effect of effects) {
      this.effects.push(this.#seen(effect));
      this.charon.carryOut(effect);
    }
    this.#stepping = false;
    this.#route();
  }

  /** The checks change their mind. */
  health(healthy: boolean): void {
    this.routers.healthy = healthy;
    this.#route();
  }

  /** An operator forces the prefix to be announced, or releases it. */
  force(forced: boolean): void {
    this.routers.forced = forced;
    this.#route();
    this.send({ type: 'look' });
  }

  /** The checks have it degraded. */
  worsen(): void {
    this.routers.degraded = true;
    this.#route();
  }

  /** charon's socket closes, or is back: SAs and all. */
  vici(isUp: boolean): void {
    this.charon.alive = isUp;
    this.send({ type: 'link', isUp });
  }

  /** Packets to the anycast address go elsewhere, or come here, for nothing that we did. */
  reroute(routed: boolean): void {
    this.routers.reroute(routed);
  }

  run(ms: number): this {
    this.#clock.run(ms);
    return this;
  }

  /** Until the drain is done, at most so long. */
  runUntilDone(maximumMs: number): number {
    const from = this.now;
    while (this.state.drain?.exodus.phase !== 'done' && this.now - from < maximumMs) this.run(50);
    return this.now - from;
  }

  ids(type: 'redirect' | 'terminate'): number[] {
    return this.effects.flatMap(({ effect }) => (effect.type === type ? effect.ids : []));
  }

  phases(): string[] {
    return this.effects.flatMap(({ effect }) =>
      effect.type === 'notice' && 'exodus' in effect.notice ? [effect.notice.exodus.phase] : [],
    );
  }

  notices(code: string): number {
    return this.effects.filter(({ effect }) => effect.type === 'notice' && effect.notice.code === code)
      .length;
  }

  #route(): void {
    this.routers.obey(wishesOf(this.state).outside);
  }

  #seen(effect: SessionsEffect): Seen {
    const sending = (effect.type === 'terminate' ? effect.ids : []).filter((id) =>
      this.#clients.isSending(id),
    );
    const sweeping = this.state.sweep.windows.size > 0;
    const { wanted } = this.routers;
    return { at: this.now, effect, isTaken: this.charon.alive, wanted, sweeping, sending };
  }
}
