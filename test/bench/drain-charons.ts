/**
 * Two scripted charons and the clients between them, in a process of its own: all clients have an IKE_SA on the
 * anycast address of the first charon, and come up at the second one (the target) once they were told to go there, or
 * were terminated while the anycast route leads there. Told by IPC where it leads.
 *
 * Round trips differ from client to client, 5 to 60 ms; a login takes two of them and 10 to 40 ms of arithmetic.
 * No datagram is lost: one that is comes 4 s later, whoever sends.
 * Arguments: the socket of the first charon, that of the target, number of clients.
 */
import { section, type Message } from '../../health/vici/index.ts';
import { FakeCharon } from '../fake/charon.ts';

export type Order = { readonly do: 'route'; readonly away: boolean };
export type Word =
  | { readonly said: 'listening' }
  /** Logins that came back to the first charon; when logins at the target were due, whatever held up this process. */
  | { readonly said: 'routed'; readonly looped: number; readonly arrivals: readonly number[] };

const ANYCAST = '192.0.2.1';
/** A packet each 100 ms, of each client at moments of its own. */
const PACKETS_PER_MS = 0.01;
/** Who has used the tunnel for an hour. */
const AGE_MS = 3_600_000;

interface Client {
  readonly number: number;
  readonly roundTripMs: number;
  readonly loginMs: number;
}

interface Sa {
  readonly id: number;
  readonly client: Client;
  readonly since: number;
  state: 'ESTABLISHED' | 'DELETING';
}

const [from = '', to = '', count = '0'] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
const say = (word: Word): void => void process.send?.(word);

/** The same clients in each run. */
let seed = 1;
function random(low: number, high: number): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return low + (high - low) * (seed / 2 ** 32);
}

const sas = new Map<number, Sa>();
let nextId = 1;
let looped = 0;
const arrivals: number[] = [];
let awaySince: number | undefined;

function add(client: Client, since: number): Sa {
  const sa: Sa = { id: nextId, client, since, state: 'ESTABLISHED' };
  nextId += 1;
  sas.set(sa.id, sa);
  return sa;
}

const source = await FakeCharon.listen(from);
const target = await FakeCharon.listen(to);
for (const charon of [source, target]) {
  charon
    .on('version', () => message({ daemon: 'charon-systemd', version: '5.9.8' }))
    .on('stats', stats)
    .on('get-conns', () => ({ conns: ['clients'] }))
    .on('get-counters', () => message({ counters: message({}) }))
    .on('list-conns', () => []);
}
source
  .on('list-sas', ({ 'ike-id': id }) => {
    const found = id === undefined ? [...sas.values()] : [sas.get(Number(id))].flatMap((sa) => sa ?? []);
    return found.map((sa) => message({ clients: told(sa, now()) }));
  })
  .on('terminate', ({ 'ike-id': id }) => {
    const sa = sas.get(Number(id));
    if (sa?.state !== 'ESTABLISHED') return NO_MATCH;
    sa.state = 'DELETING';
    const { client } = sa;
    const { roundTripMs, loginMs } = client;
    setTimeout(() => {
      // The answer to the DELETE goes where the route leads.
      if (awaySince === undefined) gone(sa);
    }, roundTripMs);
    const ms = roundTripMs / 2 + loginMs;
    const due = now() + ms;
    setTimeout(() => logIn(client, due), ms);
    return MATCH;
  })
  .on('redirect', ({ 'ike-id': id }) => {
    const sa = sas.get(Number(id));
    if (sa?.state !== 'ESTABLISHED') return NO_MATCH;
    const { roundTripMs, loginMs } = sa.client;
    const ms = roundTripMs / 2 + loginMs;
    const due = now() + ms;
    setTimeout(() => {
      arrive(sa.client, due);
      // Make before break.
      setTimeout(() => gone(sa), roundTripMs);
    }, ms);
    return MATCH;
  });
for (let number = 1; number <= Number(count); number += 1) {
  const roundTripMs = random(5, 60);
  add(
    { number, roundTripMs, loginMs: 2 * roundTripMs + random(10, 40) },
    now() - AGE_MS - random(0, 1 / PACKETS_PER_MS),
  );
}

function logIn(client: Client, due: number): void {
  if (awaySince !== undefined) return arrive(client, due);
  looped += 1;
  const sa = add(client, now());
  source.emit('ike-updown', message({ up: 'yes', clients: told(sa, now()) }));
}

function arrive(client: Client, due: number): void {
  arrivals.push(due);
  const sa: Sa = { id: client.number, client, since: now(), state: 'ESTABLISHED' };
  target.emit('ike-updown', message({ up: 'yes', clients: told(sa, now()) }));
}

function gone(sa: Sa): void {
  sas.delete(sa.id);
  source.emit('ike-updown', message({ clients: told({ ...sa, state: 'DELETING' }, now()) }));
}

function told({ id, client, since, state }: Sa, at: number): Message {
  const packets = Math.floor((Math.min(at, awaySince ?? at) - since) * PACKETS_PER_MS);
  const seconds = (ms: number): string => String(Math.max(0, Math.floor(ms / 1000)));
  const child = message({
    name: 'services',
    uniqueid: String(id),
    state: 'INSTALLED',
    'packets-in': String(packets),
    'use-in': seconds(at - (awaySince ?? at)),
    'install-time': seconds(at - since),
  });
  return message({
    uniqueid: String(id),
    version: '2',
    state,
    'local-host': ANYCAST,
    'local-port': '4500',
    'local-id': 'vpn.example.org',
    'remote-host': `10.64.${client.number >> 8}.${client.number & 255}`,
    'remote-port': '4500',
    'remote-id': `client${client.number}@example.org`,
    'initiator-spi': `i${id}`,
    'responder-spi': `r${id}`,
    established: seconds(at - since),
    'child-sas': message({ [`services-${id}`]: child }),
  });
}

function stats(): Message {
  const priorities = (): Message => message({ critical: '0', high: '0', medium: '0', low: '0' });
  return message({
    uptime: message({ running: '1 hour', since: 'Jan 01 00:00:00 2024' }),
    workers: message({ total: '16', idle: '11', active: priorities() }),
    queues: priorities(),
    scheduled: '0',
    ikesas: message({ total: String(sas.size), 'half-open': '0' }),
  });
}

function message(fields: Readonly<Record<string, string | Message>>): Message {
  return Object.assign(section(), fields);
}

const MATCH: Message = message({ success: 'yes', matches: '1' });
const NO_MATCH: Message = message({ success: 'no', matches: '0', errmsg: 'no matching SAs found' });

process.on('message', ({ away }: Order) => {
  awaySince = away ? now() : undefined;
  say({ said: 'routed', looped, arrivals });
});
process.on('disconnect', () => {
  void Promise.all([source.stop(), target.stop()]).then(() => process.exit());
});
say({ said: 'listening' });
