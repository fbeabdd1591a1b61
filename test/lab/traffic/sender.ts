/**
 * The clients' traffic, a process of its own: `sender.ts PORT ADDRESS...`, one address per client. Sends each a
 * numbered UDP packet every 10 ms. The socket is bound to no address: the kernel picks the source for every
 * packet by the route strongSwan set for it (table 220, `src` = the client's virtual IP of that moment), so a
 * new virtual IP is used from the next packet on, and without a tunnel nothing leaves the host.
 */
import { createSocket } from 'node:dgram';
import type { Packet } from './gaps.ts';
import { INTERVAL_MS, SILENCE_MS, type FromSender, type ToSender } from './protocol.ts';

interface Flow {
  readonly address: string;
  readonly packets: Map<number, { readonly sentAt: number; answeredAt: number | undefined }>;
  /** The oldest packet sent since the last answer. */
  unanswered: { readonly at: number; readonly sequence: number } | undefined;
  answered: boolean;
}

const [port, ...addresses] = process.argv.slice(2);
const flows: Flow[] = addresses.map((address) => ({
  address,
  packets: new Map(),
  unanswered: undefined,
  answered: false,
}));
const socket = createSocket('udp4');
let sequence = 0;

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function tell(message: FromSender): void {
  process.send?.(message);
}

function sendRound(): void {
  sequence += 1;
  flows.forEach((flow, client) => {
    const packet = Buffer.alloc(8);
    packet.writeUInt32BE(client, 0);
    packet.writeUInt32BE(sequence, 4);
    const sentAt = now();
    flow.packets.set(sequence, { sentAt, answeredAt: undefined });
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
  const packet = flow?.packets.get(answered);
  if (flow === undefined || packet === undefined) return;
  packet.answeredAt ??= at;
  flow.unanswered = undefined;
  if (!flow.answered) {
    flow.answered = true;
    tell({ type: 'answered', client, at, sequence: answered });
  }
});

process.on('message', (message: ToSender) => {
  const clients = flows.map((flow): Packet[] => {
    for (const [number, packet] of flow.packets)
      if (packet.sentAt < message.since) flow.packets.delete(number);
    return [...flow.packets].map(([number, packet]) => ({ sequence: number, ...packet }));
  });
  tell({ type: 'packets', clients });
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
});
