/**
 * A gateway with its clients in simulated time: charon answers effects with events and listings, clients obey or
 * ignore, routes move some time after what is wanted of them. Drives stepSessions as the sidecar's dispatch does.
 */
import type { IkeSa } from '../../../health/strongswan.ts';
import {
  NO_SESSIONS,
  stepSessions,
  wishesOf,
  type Facts,
  type SessionsEffect,
  type SessionsEvent,
  type SessionsState,
} from '../../../sidecar/sessions/machine.ts';
import { drainIntentOf, type DrainIntent } from '../../../sidecar/sessions/drain-intent.ts';
import { SESSIONS_DEFAULTS, type SessionsPolicy, type Target } from '../../../sidecar/sessions/policy.ts';

export const ANYCAST = '192.0.2.1';
export const PREFIX = '192.0.2.1/32';
export const OWN: Target = { name: 'gw1', address: '10.1.1.2', address6: 'fd00:1:1::2' };
export const GW2: Target = { name: 'gw2', address: '10.1.2.2', address6: 'fd00:1:2::2' };

/** To ask for one IKE_SA by its id. */
const SAMPLE_MS = 0.5;

export const policyOf = (change: Partial<SessionsPolicy> = {}): SessionsPolicy => ({
  ...SESSIONS_DEFAULTS,
  sweep: { ...SESSIONS_DEFAULTS.sweep, enabled: true },
  own: OWN,
  anycast: [PREFIX],
  ...change,
});

export interface Client {
  readonly identity: string;
  /** Packets a millisecond. */
  readonly rate: number;
  readonly obeys: boolean;
  readonly eap: boolean;
  /** Its router leads here whatever becomes of the route (ECMP: others move, this one not yet). */
  stuck: boolean;
  /** It has nothing to send just now. */
  idle: boolean;
  /** Its redirects of the last 300 s, as it counts them. */
  readonly redirects: number[];
  /** Its IKE_SA here. */
  sa: Sa | undefined;
  /** Logins elsewhere. */
  logins: number;
}

export interface Sa {
  readonly id: number;
  readonly client: Client;
  readonly local: string;
  state: string;
  readonly since: number;
  /** Packets up to `countedAt`. */
  packets: number;
  countedAt: number;
  grewAt: number | undefined;
}

export interface CrowdOptions {
  readonly policy?: Partial<SessionsPolicy>;
  readonly targets?: readonly Target[];
  /** From "withdraw" to the guard's word, and until packets go elsewhere. */
  readonly ackMs?: number;
  readonly fibMs?: number;
  /** Worse attributes alone move the traffic after so long; Infinity: never. */
  readonly worseFibMs?: number;
  readonly roundTripMs?: number;
  readonly listMs?: number;
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

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class Crowd {
  now = 1000;
  state: SessionsState = NO_SESSIONS;
  policy: SessionsPolicy;
  targets: readonly Target[];
  readonly clients: Client[] = [];
  readonly sas = new Map<number, Sa>();
  readonly effects: Seen[] = [];
  /** Logins at other gateways: when. */
  readonly logins: number[] = [];
  /** Logins that came back here although their session was moved away. */
  readonly loops: number[] = [];
  /** The checks want it announced. */
  healthy = true;
  degraded = false;
  worse = false;
  /** Another gateway announces it. */
  elsewhere = true;
  /** An operator forces it to be announced, whatever else is wanted. */
  forced = false;
  /** charon is gone: that is why it is withdrawn. */
  gone = false;
  /** charon is listed, but what it is told does not get there. */
  busy = false;
  /** charon queues what it is told, and loses it. */
  forgetful = false;
  stopping = false;
  /** charon answers. */
  alive = true;
  wanted = true;
  standing = true;
  /** Packets to the anycast address come here. */
  routed = true;
  readonly #options: CrowdOptions;
  #nextId = 1;
  #queue: Due[] = [];
  #order = 0;
  #wakeAt: number | undefined;
  #stepping = false;
  #epoch = 0;

  constructor(options: CrowdOptions = {}) {
    this.#options = options;
    this.policy = policyOf(options.policy);
    this.targets = options.targets ?? [GW2];
  }

  /** charon is there and has been listed. */
  start(): this {
    this.send({ type: 'link', isUp: true });
    const localAddrs = [ANYCAST, OWN.address ?? ''];
    const connections = new Map([['clients', { localAddrs, remoteAddrs: ['%any'] }]]);
    this.send({ type: 'connections', connections });
    return this.run(100);
  }

  add(
    count: number,
    how: Partial<Pick<Client, 'rate' | 'obeys' | 'eap'>> & { readonly local?: string } = {},
  ): Client[] {
    const { rate = 0.1, obeys = true, eap = false, local = ANYCAST } = how;
    return Array.from({ length: count }, () => {
      const identity = `client${this.clients.length + 1}`;
      const who = { identity, rate, obeys, eap, stuck: false, idle: false };
      const client: Client = { ...who, redirects: [], sa: undefined, logins: 0 };
      this.clients.push(client);
      client.sa = this.#create(client, local);
      return client;
    });
  }

  /** The same with an event, as a login makes it. */
  login(count: number, how: Parameters<Crowd['add']>[1] = {}): Client[] {
    const clients = this.add(count, how);
    const events = clients.flatMap(({ sa }) =>
      sa === undefined ? [] : [{ kind: 'ike-up' as const, ikeSa: this.#ikeSa(sa) }],
    );
    this.send({ type: 'sas', events });
    return clients;
  }

  /** A client that has no session here any more logs in here. */
  again(client: Client, local: string): void {
    client.sa = this.#create(client, local);
    this.send({ type: 'sas', events: [{ kind: 'ike-up', ikeSa: this.#ikeSa(client.sa) }] });
  }

  /** What charon tells of it now. */
  told(sa: Sa): IkeSa {
    return this.#ikeSa(sa);
  }

  /** The same IKE_SA after a rekey. */
  renumber(old: Sa): Sa {
    const next = this.#create(old.client, old.local);
    this.sas.delete(old.id);
    old.client.sa = next;
    return next;
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
    const why = this.healthy ? 'person' : this.gone ? 'gone' : 'checks';
    const withdrawnBy = this.wanted ? undefined : why;
    const { wanted, standing, worse, elsewhere } = this;
    const forced = this.forced ? 'forced' : undefined;
    const route = { wanted, standing, worse, elsewhere, withdrawnBy, forced } as const;
    return {
      routing: { prefixes: new Map([[PREFIX, route]]), stopping: this.stopping },
      targets: this.targets,
    };
  }

  /** They send, or have nothing to send, from now on. */
  talk(clients: readonly Client[], talks: boolean): void {
    for (const client of clients) {
      if (client.sa !== undefined) this.#count(client.sa);
      client.idle = !talks;
    }
  }

  /** One dispatch. */
  send(event: SessionsEvent): void {
    if (this.#stepping) throw new Error('an effect dispatched');
    this.#stepping = true;
    const { state, effects, wakeAt } = stepSessions(this.state, event, this.facts(), this.policy, this.now);
    this.state = state;
    this.#wakeAt = wakeAt;
    for (const effect of effects) {
      this.effects.push(this.#seen(effect));
      this.#carryOut(effect);
    }
    this.#stepping = false;
    this.#route();
  }

  /** The checks change their mind. */
  health(healthy: boolean): void {
    this.healthy = healthy;
    this.#route();
  }

  /** An operator forces the prefix to be announced, or releases it. */
  force(forced: boolean): void {
    this.forced = forced;
    this.#route();
    this.send({ type: 'look' });
  }

  /** The checks have it degraded. */
  worsen(): void {
    this.degraded = true;
    this.#route();
  }

  /** charon's socket closes, or is back: SAs and all. */
  vici(isUp: boolean): void {
    this.alive = isUp;
    this.send({ type: 'link', isUp });
  }

  /** Packets to the anycast address go elsewhere, or come here, for nothing that we did. */
  reroute(routed: boolean): void {
    for (const sa of this.sas.values()) this.#count(sa);
    this.routed = routed;
  }

  run(ms: number): this {
    const until = this.now + ms;
    for (;;) {
      const next = this.#queue.reduce<Due | undefined>(
        (first, each) =>
          first === undefined || each.at < first.at || (each.at === first.at && each.order < first.order)
            ? each
            : first,
        undefined,
      );
      const wakeAt = this.#wakeAt === undefined ? Infinity : Math.max(this.#wakeAt, this.now);
      const at = Math.min(next?.at ?? Infinity, wakeAt);
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (next !== undefined && next.at <= wakeAt) {
        this.#queue = this.#queue.filter((each) => each !== next);
        next.run();
      } else {
        this.#wakeAt = undefined;
        this.send({ type: 'look' });
      }
    }
    this.now = until;
    return this;
  }

  /** Until the drain is done, at most so long. */
  runUntilDone(maximumMs: number): number {
    const from = this.now;
    while (this.state.drain?.exodus.phase !== 'done' && this.now - from < maximumMs) this.run(50);
    return this.now - from;
  }

  after(ms: number, run: () => void): void {
    this.#order += 1;
    this.#queue.push({ at: this.now + ms, order: this.#order, run });
  }

  live(): Sa[] {
    return [...this.sas.values()].filter(({ state }) => state === 'ESTABLISHED');
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

  /** What the decision and the guard make of the wishes. */
  #route(): void {
    const { outside } = wishesOf(this.state);
    const wanted = this.forced || (this.healthy && outside !== 'withdrawn');
    const worse = this.degraded || outside === 'draining';
    const { ackMs = 60, fibMs = 65, worseFibMs = Infinity } = this.#options;
    if (wanted === this.wanted && worse === this.worse) return;
    this.#epoch += 1;
    const epoch = this.#epoch;
    const still = (run: () => void) => (): void => {
      if (epoch === this.#epoch) run();
    };
    const wasWanted = this.wanted;
    this.wanted = wanted;
    this.worse = worse;
    if (wanted && !wasWanted) {
      this.standing = true;
      this.after(
        fibMs,
        still(() => this.reroute(true)),
      );
    }
    if (!wanted && wasWanted) {
      this.after(
        fibMs,
        still(() => this.reroute(false)),
      );
      this.after(
        ackMs,
        still(() => {
          this.standing = false;
          this.send({ type: 'look' });
        }),
      );
    }
    if (wanted && worse && worseFibMs !== Infinity)
      this.after(
        worseFibMs,
        still(() => this.reroute(false)),
      );
    this.after(0, () => this.send({ type: 'look' }));
  }

  #seen(effect: SessionsEffect): Seen {
    const ids = effect.type === 'terminate' ? effect.ids : [];
    const sending = ids.filter((id) => {
      const sa = this.sas.get(id);
      if (sa === undefined || sa.local !== ANYCAST) return false;
      this.#count(sa);
      return sa.grewAt !== undefined && sa.grewAt > this.now - 100;
    });
    const sweeping = this.state.sweep.windows.size > 0;
    return { at: this.now, effect, isTaken: this.alive, wanted: this.wanted, sweeping, sending };
  }

  #carryOut(effect: SessionsEffect): void {
    const { roundTripMs = 20, listMs = 5 } = this.#options;
    switch (effect.type) {
      case 'list': {
        const startedAt = this.now;
        const { only } = effect;
        this.after(only === undefined ? listMs : only.length * SAMPLE_MS, () => {
          if (!this.alive) return this.send({ type: 'listing-failed' });
          if (only !== undefined) {
            const seen = only.flatMap((id, index) => {
              const sa = this.sas.get(id);
              // All are read in the end: each may have been read at any time since it was asked for.
              const from = startedAt + index * SAMPLE_MS;
              return sa === undefined ? [] : [{ ikeSa: this.#ikeSa(sa, this.now), from, until: this.now }];
            });
            return this.send({ type: 'sample', startedAt, seen });
          }
          const ikeSas = [...this.sas.values()].map((sa) => this.#ikeSa(sa, startedAt));
          this.send({ type: 'listing', startedAt, ikeSas, total: this.sas.size });
        });
        return;
      }
      case 'redirect':
      case 'terminate': {
        if (!this.alive || this.busy) {
          const { type, ids } = effect;
          this.after(1, () => this.send({ type: 'moved', kind: type, gone: [], unsent: ids }));
          return;
        }
        for (const id of this.forgetful ? [] : effect.ids) {
          if (effect.type === 'redirect') this.after(roundTripMs, () => this.#redirected(id, effect.gateway));
          else this.#terminated(id, roundTripMs);
        }
        return;
      }
      case 'notice':
      case 'drain-ended':
        return;
    }
  }

  #redirected(id: number, gateway: string): void {
    const sa = this.sas.get(id);
    if (sa?.state !== 'ESTABLISHED' || !this.#reaches(sa)) return;
    const { client } = sa;
    const recent = client.redirects.filter((at) => at > this.now - 300_000);
    if (!client.obeys || recent.length >= 5) return;
    client.redirects.push(this.now);
    if (gateway === OWN.address) {
      client.sa = this.#create(client, gateway);
      this.send({ type: 'sas', events: [{ kind: 'ike-up', ikeSa: this.#ikeSa(client.sa) }] });
    } else {
      this.logins.push(this.now);
      client.logins += 1;
      client.sa = undefined;
    }
    this.#remove(sa);
  }

  #terminated(id: number, roundTripMs: number): void {
    const sa = this.sas.get(id);
    if (sa?.state !== 'ESTABLISHED') return;
    this.#count(sa);
    sa.state = 'DELETING';
    const { client } = sa;
    // A DELETE finds its client whatever the routes to us are; his answer may not come back.
    this.after(roundTripMs, () => {
      if (this.routed || client.stuck) {
        this.loops.push(this.now);
        client.sa = this.#create(client, ANYCAST);
        this.send({ type: 'sas', events: [{ kind: 'ike-up', ikeSa: this.#ikeSa(client.sa) }] });
      } else {
        this.logins.push(this.now);
        client.logins += 1;
        client.sa = undefined;
      }
      if (this.#reaches(sa)) this.#remove(sa);
    });
  }

  #remove(sa: Sa): void {
    const ikeSa = { ...this.#ikeSa(sa), state: 'DELETING' };
    this.sas.delete(sa.id);
    if (this.alive) this.send({ type: 'sas', events: [{ kind: 'ike-down', ikeSa }] });
  }

  #create(client: Client, local: string): Sa {
    const id = this.#nextId;
    this.#nextId += 1;
    const fresh = { packets: 0, countedAt: this.now, grewAt: undefined };
    const sa: Sa = { id, client, local, state: 'ESTABLISHED', since: this.now, ...fresh };
    this.sas.set(id, sa);
    return sa;
  }

  #reaches({ local, client }: Sa): boolean {
    return local !== ANYCAST || this.routed || client.stuck;
  }

  /** Packets that came up to now. */
  #count(sa: Sa): void {
    if (this.#reaches(sa) && sa.state === 'ESTABLISHED' && !sa.client.idle) {
      const before = Math.floor((sa.countedAt - sa.since) * sa.client.rate);
      const after = Math.floor((this.now - sa.since) * sa.client.rate);
      sa.packets += after - before;
      // When the last of them came.
      if (after > before) sa.grewAt = Math.max(sa.countedAt, sa.since + after / sa.client.rate);
    }
    sa.countedAt = this.now;
  }

  #ikeSa(sa: Sa, at = this.now): IkeSa {
    this.#count(sa);
    const { id, client, local, state, since, packets, grewAt } = sa;
    const whole = (ms: number): number => Math.max(0, Math.floor(ms / 1000));
    // As charon has it: the difference of two times in whole seconds.
    const usedAgo = grewAt === undefined ? undefined : Math.max(0, whole(at) - whole(grewAt));
    return {
      connection: 'clients',
      uniqueId: id,
      version: 2,
      state,
      local: { host: local, port: 4500, id: 'vpn.example.org' },
      remote: { host: '10.0.1.2', port: 4500, id: client.identity },
      remoteEapId: client.eap ? client.identity : undefined,
      initiator: false,
      initiatorSpi: `spi${id}`,
      responderSpi: `spr${id}`,
      establishedSeconds: whole(at - since),
      rekeyInSeconds: undefined,
      reauthInSeconds: undefined,
      localVips: [],
      remoteVips: [],
      tasksActive: [],
      childSas: [
        {
          name: 'services',
          uniqueId: id,
          reqId: id,
          state: 'INSTALLED',
          mode: 'TUNNEL',
          protocol: 'ESP',
          encap: false,
          spiIn: `in${id}`,
          spiOut: `out${id}`,
          bytesIn: packets * 100,
          packetsIn: packets,
          bytesOut: 0,
          packetsOut: 0,
          useInSeconds: usedAgo,
          useOutSeconds: undefined,
          rekeyInSeconds: undefined,
          lifeTimeSeconds: undefined,
          installedSeconds: whole(at - since),
          localTs: [],
          remoteTs: [],
        },
      ],
    };
  }
}

/** The most of these moments within any second. */
export function mostInASecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  let from = 0;
  return sorted.reduce((most, time, index) => {
    while ((sorted[from] ?? 0) <= time - 1000) from += 1;
    return Math.max(most, index - from + 1);
  }, 0);
}
