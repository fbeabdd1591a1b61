/**
 * The IKE_SAs of a scripted charon, a set that changes: it answers list-sas, stats, redirect and terminate as
 * charon 5.9.8 does, which says "success" when a job is queued.
 */
import { section, type Message } from '../../health/vici/index.ts';
import type { FakeCharon } from './charon.ts';

export interface FakeSa {
  readonly id: number;
  readonly local: string;
  readonly identity: string;
  state: 'ESTABLISHED' | 'DELETING';
  packets: number;
}

export class SaTable {
  readonly sas = new Map<number, FakeSa>();
  /** Commands with their arguments, but for stats. */
  readonly seen: { readonly command: string; readonly args: Record<string, unknown> }[] = [];
  /** Closes all connections instead of answering the redirect or terminate of this number. */
  hangUpAfter: number | undefined;
  #nextId = 1;
  #moves = 0;

  constructor(charon: FakeCharon) {
    charon.on('stats', () => this.#stats());
    charon.on('list-conns', () => []);
    charon.on('list-sas', (args) => {
      this.#see('list-sas', args);
      const { 'ike-id': id } = args;
      return [...this.sas.values()].filter((sa) => id === undefined || sa.id === Number(id)).map(told);
    });
    for (const command of ['redirect', 'terminate'] as const) {
      charon.on(command, (args) => {
        this.#see(command, args);
        this.#moves += 1;
        if (this.#moves === this.hangUpAfter) {
          charon.closeAll();
          return undefined;
        }
        const sa = this.sas.get(Number(args['ike-id']));
        if (sa === undefined) {
          return message({ success: 'no', matches: '0', errmsg: `no matching SAs to ${command} found` });
        }
        if (command === 'terminate') sa.state = 'DELETING';
        return message({ success: 'yes', matches: '1' });
      });
    }
  }

  /** Gives its id. */
  add({ local, identity }: Pick<FakeSa, 'local' | 'identity'>): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.sas.set(id, { id, local, identity, state: 'ESTABLISHED', packets: 0 });
    return id;
  }

  #see(command: string, args: Message): void {
    this.seen.push({ command, args: { ...args } });
  }

  #stats(): Message {
    const priorities = (): Message => message({ critical: '0', high: '0', medium: '0', low: '0' });
    return message({
      uptime: message({ running: '1 second', since: 'Jan 01 00:00:00 2024' }),
      workers: message({ total: '16', idle: '11', active: priorities() }),
      queues: priorities(),
      scheduled: '0',
      ikesas: message({ total: String(this.sas.size), 'half-open': '0' }),
    });
  }
}

function told({ id, local, identity, state, packets }: FakeSa): Message {
  const child = message({
    name: 'services',
    uniqueid: String(id),
    state: 'INSTALLED',
    'packets-in': String(packets),
    'install-time': '1',
  });
  const ikeSa = message({
    uniqueid: String(id),
    version: '2',
    state,
    'local-host': local,
    'local-port': '4500',
    'local-id': 'vpn.example.org',
    'remote-host': '10.0.1.2',
    'remote-port': '4500',
    'remote-id': identity,
    'initiator-spi': `i${id}`,
    'responder-spi': `r${id}`,
    'child-sas': message({ [`services-${id}`]: child }),
  });
  return message({ clients: ikeSa });
}

const message = (fields: Readonly<Record<string, string | Message>>): Message =>
  Object.assign(section(), fields);
