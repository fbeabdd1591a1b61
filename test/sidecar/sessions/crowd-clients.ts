/** The clients of crowd.ts and their IKE_SAs: they send, obey or ignore, and log in anew where the routers lead them. */
import type { IkeSa } from '../../../health/strongswan.ts';
import type { SessionsEvent } from '../../../sidecar/sessions/state.ts';
import type { Clock } from './crowd-clock.ts';
import { ANYCAST, OWN } from './crowd-place.ts';
import { crowdSa } from './crowd-sa.fixture.ts';

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

export type ClientKind = Partial<Pick<Client, 'rate' | 'obeys' | 'eap'>> & { readonly local?: string };

/** What the clients find around them. */
export interface Surroundings {
  /** Packets to the anycast address come here. */
  readonly isRouted: () => boolean;
  /** charon tells of what it does. */
  readonly isAlive: () => boolean;
  readonly tell: (event: SessionsEvent) => void;
}

export class Clients {
  readonly all: Client[] = [];
  readonly sas = new Map<number, Sa>();
  /** Logins at other gateways: when. */
  readonly logins: number[] = [];
  /** Logins that came back here although their session was moved away. */
  readonly loops: number[] = [];
  readonly #clock: Clock;
  readonly #around: Surroundings;
  #nextId = 1;

  constructor(clock: Clock, around: Surroundings) {
    this.#clock = clock;
    this.#around = around;
  }

  add(count: number, how: ClientKind = {}): Client[] {
    const { rate = 0.1, obeys = true, eap = false, local = ANYCAST } = how;
    return Array.from({ length: count }, () => {
      const identity = `client${this.all.length + 1}`;
      const who = { identity, rate, obeys, eap, stuck: false, idle: false };
      const client: Client = { ...who, redirects: [], sa: undefined, logins: 0 };
      this.all.push(client);
      client.sa = this.#create(client, local);
      return client;
    });
  }

  /** The same with an event, as a login makes it. */
  login(count: number, how?: ClientKind): Client[] {
    const clients = this.add(count, how);
    const events = clients.flatMap(({ sa }) =>
      sa === undefined ? [] : [{ kind: 'ike-up' as const, ikeSa: this.told(sa) }],
    );
    this.#around.tell({ type: 'sas', events });
    return clients;
  }

  /** A client that has no session here any more logs in here. */
  again(client: Client, local: string): void {
    client.sa = this.#create(client, local);
    this.#around.tell({ type: 'sas', events: [{ kind: 'ike-up', ikeSa: this.told(client.sa) }] });
  }

  /** The same IKE_SA after a rekey. */
  renumber(old: Sa): Sa {
    const next = this.#create(old.client, old.local);
    this.sas.delete(old.id);
    old.client.sa = next;
    return next;
  }

  /** They send, or have nothing to send, from now on. */
  talk(clients: readonly Client[], talks: boolean): void {
    for (const client of clients) {
      if (client.sa !== undefined) this.#count(client.sa);
      client.idle = !talks;
    }
  }

  live(): Sa[] {
    return [...this.sas.values()].filter(({ state }) => state === 'ESTABLISHED');
  }

  /** Packets of all that came up to now. */
  count(): void {
    for (const sa of this.sas.values()) this.#count(sa);
  }

  /** On an anycast address, with packets that came within the last 100 ms. */
  isSending(id: number): boolean {
    const sa = this.sas.get(id);
    if (sa === undefined || sa.local !== ANYCAST) return false;
    this.#count(sa);
    return sa.grewAt !== undefined && sa.grewAt > this.#clock.now - 100;
  }

  /** What charon tells of it now, with its times as they were at `at`. */
  told(sa: Sa, at = this.#clock.now): IkeSa {
    this.#count(sa);
    return crowdSa(sa, at);
  }

  /** A redirect has reached the client, if he can be reached. */
  redirected(id: number, gateway: string): void {
    const sa = this.sas.get(id);
    if (sa?.state !== 'ESTABLISHED' || !this.#reaches(sa)) return;
    const { client } = sa;
    const recent = client.redirects.filter((at) => at > this.#clock.now - 300_000);
    if (!client.obeys || recent.length >= 5) return;
    client.redirects.push(this.#clock.now);
    if (gateway === OWN.address) this.again(client, gateway);
    else this.#leave(client);
    this.#remove(sa);
  }

  terminated(id: number, roundTripMs: number): void {
    const sa = this.sas.get(id);
    if (sa?.state !== 'ESTABLISHED') return;
    this.#count(sa);
    sa.state = 'DELETING';
    const { client } = sa;
    // A DELETE finds its client whatever the routes to us are; his answer may not come back.
    this.#clock.after(roundTripMs, () => {
      if (this.#around.isRouted() || client.stuck) {
        this.loops.push(this.#clock.now);
        this.again(client, ANYCAST);
      } else this.#leave(client);
      if (this.#reaches(sa)) this.#remove(sa);
    });
  }

  #leave(client: Client): void {
    this.logins.push(this.#clock.now);
    client.logins += 1;
    client.sa = undefined;
  }

  #remove(sa: Sa): void {
    const ikeSa = { ...this.told(sa), state: 'DELETING' };
    this.sas.delete(sa.id);
    if (this.#around.isAlive()) this.#around.tell({ type: 'sas', events: [{ kind: 'ike-down', ikeSa }] });
  }

  #create(client: Client, local: string): Sa {
    const id = this.#nextId;
    this.#nextId += 1;
    const { now } = this.#clock;
    const fresh = { packets: 0, countedAt: now, grewAt: undefined };
    const sa: Sa = { id, client, local, state: 'ESTABLISHED', since: now, ...fresh };
    this.sas.set(id, sa);
    return sa;
  }

  #reaches({ local, client }: Sa): boolean {
    return local !== ANYCAST || this.#around.isRouted() || client.stuck;
  }

  /** Packets that came up to now. */
  #count(sa: Sa): void {
    const { now } = this.#clock;
    if (this.#reaches(sa) && sa.state === 'ESTABLISHED' && !sa.client.idle) {
      const before = Math.floor((sa.countedAt - sa.since) * sa.client.rate);
      const after = Math.floor((now - sa.since) * sa.client.rate);
      sa.packets += after - before;
      // When the last of them came.
      if (after > before) sa.grewAt = Math.max(sa.countedAt, sa.since + after / sa.client.rate);
    }
    sa.countedAt = now;
  }
}
