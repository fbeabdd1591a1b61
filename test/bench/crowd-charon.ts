/**
 * A scripted charon with thousands of clients, in a process of its own; told what to do by IPC, see Order.
 * IKE_SAs come and go with one CHILD_SA each. Only the first list-sas after each start is answered: from there
 * on the sidecar has nothing but the events to count by. One that was lost shows in the count: for ever when its
 * IKE_SA went, until then when it came.
 * Arguments: socket path, number of IKE_SAs to begin with, `always` to answer every list-sas.
 */
import { FakeCharon } from '../fake/charon.ts';
import { EventTemplate, FIRST_ID, listing, recordedEvents, recordedResponse } from './recorded.ts';

export type Order =
  /** `perSecond` IKE_SAs a second come or go, for so long; with `forGood`, until the crash. */
  | { readonly do: 'storm'; readonly perSecond: number; readonly seconds: number }
  /** EOF on every connection and refused from then on, now, in the middle of whatever it does. */
  | { readonly do: 'crash' }
  /** Listens again. */
  | { readonly do: 'listen' };

export type Word =
  | { readonly said: 'listening' }
  | {
      readonly said: 'stormed';
      readonly changes: number;
      readonly messages: number;
      readonly ikeSas: number;
      readonly backlogMax: number;
    }
  /** `at`: monotonic milliseconds, right before the sockets are closed. */
  | { readonly said: 'crashed'; readonly at: number };

const TICK_MS = 10;
/**
 * A count above charon's own total is cut off there, so that an IKE_SA whose end was lost would not be seen in it.
 * With these many more on the way there is room for it.
 */
const HALF_OPEN = 500;
/** For each of these many that come, one fewer goes: the count at the end is not that of the beginning. */
const GROWTH = 100;

const [path = '', count = '0', lists = 'once'] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
const say = (word: Word): void => void process.send?.(word);

const template = (event: string, index: number): EventTemplate => {
  const recorded = recordedEvents(`event-${event}`)[index];
  if (recorded === undefined) throw new Error(`the sample of ${event} has too few events`);
  return new EventTemplate(event, recorded, 'ra');
};
const came = [template('ike-updown', 0), template('child-updown', 0)];
const went = [template('child-updown', 1), template('ike-updown', 1)];

let next = FIRST_ID + Number(count);
/** The oldest first. */
let oldest = FIRST_ID;
let gone = 0;
const ikeSas = (): number => next - oldest;

const stats = recordedResponse('stats');
const connections = recordedResponse('get-conns');
const counters = recordedResponse('get-counters');
const version = recordedResponse('version');

let charon: FakeCharon;
let storm: NodeJS.Timeout | undefined;

async function listen(): Promise<void> {
  let listings = 0;
  charon = await FakeCharon.listen(path);
  charon
    .on('version', () => version)
    .on('stats', () => ({
      ...stats,
      ikesas: { total: String(ikeSas() + HALF_OPEN), 'half-open': String(HALF_OPEN) },
    }))
    .on('get-conns', () => connections)
    .on('get-counters', () => counters)
    .on('list-sas', () => {
      listings += 1;
      if (lists !== 'always' && listings > 1) return { success: 'no', errmsg: 'this charon is listed once' };
      return {
        raw: listing(
          Array.from({ length: ikeSas() }, (_, n) => oldest + n),
          1,
        ),
      };
    });
  say({ said: 'listening' });
}

/** One IKE_SA comes or goes. */
function change(frames: Buffer[]): void {
  if (gone % (2 * GROWTH) === 0 || gone % 2 === 1) {
    for (const each of came) frames.push(each.stamped(next));
    next += 1;
  } else {
    for (const each of went) frames.push(each.stamped(oldest));
    oldest += 1;
  }
  gone += 1;
}

function begin(perSecond: number, seconds: number): void {
  const start = now();
  const first = gone;
  let messages = 0;
  let backlogMax = 0;
  storm = setInterval(() => {
    const elapsed = Math.min((now() - start) / 1000, seconds);
    const frames: Buffer[] = [];
    while (gone - first < Math.floor(perSecond * elapsed)) change(frames);
    messages += frames.length;
    const bytes = Buffer.concat(frames);
    for (const client of charon.clients) {
      if (client.registered.has('ike-updown')) client.write(bytes);
      backlogMax = Math.max(backlogMax, client.socket.writableLength);
    }
    if (elapsed < seconds) return;
    clearInterval(storm);
    say({ said: 'stormed', changes: gone - first, messages, ikeSas: ikeSas(), backlogMax });
  }, TICK_MS);
}

async function crash(): Promise<void> {
  clearInterval(storm);
  const at = now();
  await charon.crash();
  say({ said: 'crashed', at });
}

process.on('message', (order: Order) => {
  switch (order.do) {
    case 'storm':
      begin(order.perSecond, order.seconds);
      return;
    case 'crash':
      void crash();
      return;
    case 'listen':
      void listen();
      return;
    default:
      order satisfies never;
  }
});
process.on('disconnect', () => {
  clearInterval(storm);
  void charon.stop();
});
await listen();
