/**
 * The clients' load, a process of its own: `load.ts PORT ADDRESS...`, one address per client. Like sender.ts, each
 * client sends a numbered UDP packet every 10 ms and gets it back; beside it, each has a TCP stream. The kernel picks
 * the source of each packet by the route that strongSwan set at that moment; the answer tells which it was.
 */
import { createSocket } from 'node:dgram';
import {
  LOAD_PORT,
  STREAM_INTERVAL_MS,
  type FromLoad,
  type LoadPacket,
  type ToLoad,
} from './load-protocol.ts';
import { INTERVAL_MS, SILENCE_MS } from './protocol.ts';
import { Stream } from './stream.ts';

interface Record {
  readonly sentAt: number;
  answeredAt: number | undefined;
  source: string | undefined;
}

interface Flow {
  readonly address: string;
  readonly records: Map<number, Record>;
  readonly stream: Stream;
  /** The oldest packet sent since the last answer. */
  unanswered: { readonly at: number; readonly sequence: number } | undefined;
  answered: boolean;
}

const HEADER_BYTES = 8;
const [port = String(LOAD_PORT), ...addresses] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
const flows: Flow[] = addresses.map((address) => ({
  address,
  records: new Map(),
  stream: new Stream(address, Number(port), now),
  unanswered: undefined,
  answered: false,
}));
const socket = createSocket('udp4');
let sequence = 0;
/** streams: until each carries data. packets: then, until each client had an answer. */
let beginning: 'streams' | 'packets' | undefined;

function tell(message: FromLoad): void {
  process.send?.(message);
}

function sendRound(): void {
  sequence += 1;
  flows.forEach((flow, client) => {
    const packet = Buffer.alloc(HEADER_BYTES);
    packet.writeUInt32BE(client, 0);
    packet.writeUInt32BE(sequence, 4);
    const sentAt = now();
    flow.records.set(sequence, { sentAt, answeredAt: undefined, source: undefined });
    flow.unanswered ??= { at: sentAt, sequence };
    // An error here (no route: no tunnel) is a packet that will have no answer, which is what is counted.
    socket.send(packet, Number(port), flow.address, () => undefined);
    if (flow.answered && sentAt - flow.unanswered.at > SILENCE_MS) {
      flow.answered = false;
      tell({ type: 'silent', client, ...flow.unanswered });
    }
  });
}

socket.on('message', (message) => {
  const at = now();
  const client = message.readUInt32BE(0);
  const answered = message.readUInt32BE(4);
  const flow = flows[client];
  const record = flow?.records.get(answered);
  if (flow === undefined || record === undefined) return;
  record.answeredAt ??= at;
  record.source ??= message.subarray(HEADER_BYTES).join('.');
  flow.unanswered = undefined;
  if (beginning === 'packets') beginIfAnswered();
  if (flow.answered) return;
  flow.answered = true;
  tell({ type: 'answered', client, at, sequence: answered });
});

/** The address that each client begins with has been seen then. */
function beginIfAnswered(): void {
  const answered = ({ records }: Flow): boolean =>
    [...records.values()].some(({ answeredAt }) => answeredAt !== undefined);
  if (!flows.every(answered)) return;
  beginning = undefined;
  tell({ type: 'begun' });
}

function tickStreams(): void {
  for (const { stream } of flows) stream.tick();
  if (beginning !== 'streams') return;
  // All of them, not the first that fails only: each one that does not work is opened anew.
  const working = flows.filter(({ stream }) => stream.renew());
  if (working.length < flows.length) return;
  for (const flow of flows) flow.records.clear();
  beginning = 'packets';
}

function report(since: number): void {
  const clients = flows.map(({ records }): LoadPacket[] => {
    for (const [number, { sentAt }] of records) if (sentAt < since) records.delete(number);
    return [...records].map(([number, record]) => ({ sequence: number, ...record }));
  });
  tell({ type: 'packets', clients, streams: flows.map(({ stream }) => stream.report()) });
}

process.on('message', (message: ToLoad) => {
  if (message.type === 'begin') beginning = 'streams';
  else report(message.since);
});
process.on('disconnect', () => process.exit(0));

socket.bind(0, () => {
  tell({ type: 'ready' });
  // Timers of Node fire late, never early: each round is due at its own time, so that lateness does not add up.
  const start = now();
  let rounds = 0;
  setInterval(() => {
    for (; now() - start >= rounds * INTERVAL_MS; rounds += 1) sendRound();
  }, INTERVAL_MS / 2);
  setInterval(tickStreams, STREAM_INTERVAL_MS);
});
