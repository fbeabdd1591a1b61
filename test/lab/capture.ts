import type { RealtimeClock } from './clock.ts';
import { LabError } from './lab-error.ts';
import type { Daemon, Processes } from './processes.ts';
import type { LabEvent, Timeline } from './timeline.ts';
import { gatewayAt, type GatewayPlan, type Topology } from './topology.ts';
import { address, BgpReader, type BgpMessage } from './wire/bgp-wire.ts';
import { PcapReader, type TcpSegment } from './wire/pcap.ts';
import { TcpStream } from './wire/tcp-stream.ts';

const BGP_PORT = 179;

/** Watches BGP where the router receives it, and puts what the gateways send on the timeline with the kernel's own times. */
export async function startCapture(
  processes: Processes,
  topology: Topology,
  timeline: Timeline,
  clock: RealtimeClock,
): Promise<Daemon> {
  const daemon = processes.start({
    name: 'router-tcpdump',
    namespace: topology.namespaces.router,
    // Each packet at once (immediate mode, -U), with nanoseconds, of all links (hence SLL2).
    argv: [
      'tcpdump',
      '-i',
      'any',
      '-n',
      '-p',
      '--immediate-mode',
      '-U',
      '--time-stamp-precision=nano',
      '-y',
      'LINUX_SLL2',
      '-w',
      '-',
      `tcp port ${BGP_PORT}`,
    ],
    stdout: 'pipe',
  });
  const stdout = daemon.child.stdout;
  if (stdout === null) throw new LabError('LAB_COMMAND', 'tcpdump has no stdout');
  const sessions = new Map<string, Session>();
  const reader = new PcapReader();
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  stdout.on('data', (chunk: Buffer) => {
    // The file header comes as soon as tcpdump listens.
    resolve();
    for (const segment of reader.push(chunk)) {
      for (const event of read(segment, sessions, topology))
        timeline.add({ ...event, at: clock.toMonotonic(event.at) });
    }
  });
  await Promise.race([ready, daemon.exited]);
  return daemon;
}

interface Session {
  readonly stream: TcpStream;
  readonly reader: BgpReader;
  open: boolean;
}

/** What a segment says, with its own CLOCK_REALTIME. Only what a gateway sends, and the end of a session by either side. */
function read(segment: TcpSegment, sessions: Map<string, Session>, topology: Topology): LabEvent[] {
  const source = address(segment.source);
  const destination = address(segment.destination);
  const sender = gatewayAt(topology, source);
  const gateway = sender ?? gatewayAt(topology, destination);
  if (gateway === undefined) return [];
  const port = sender === undefined ? segment.destinationPort : segment.sourcePort;
  const family = source.includes(':') ? 6 : 4;
  const key = `${gateway.name} ${family} ${port}`;
  let session = sessions.get(key);
  if (sender !== undefined && segment.syn) {
    session = { stream: new TcpStream(), reader: new BgpReader(), open: false };
    sessions.set(key, session);
  }
  if (session === undefined) return [];
  const events: LabEvent[] = [];
  if (sender !== undefined)
    for (const bytes of session.stream.push(segment))
      for (const message of session.reader.push(bytes))
        events.push(...describe(message, segment.at, gateway, family, session));
  if (segment.fin || segment.rst) {
    if (session.open) {
      const how = `${segment.rst ? 'RST' : 'FIN'} from ${sender === undefined ? 'the router' : 'the gateway'}`;
      events.push({ kind: 'session', at: segment.at, gateway: gateway.name, family, state: 'closed', how });
    }
    sessions.delete(key);
  }
  return events;
}

function describe(
  message: BgpMessage,
  at: number,
  { name }: GatewayPlan,
  family: 4 | 6,
  session: Session,
): LabEvent[] {
  switch (message.type) {
    case 'keepalive': {
      // The first KEEPALIVE answers the router's OPEN (RFC 4271 section 8.2.2, OpenConfirm).
      if (session.open) return [];
      session.open = true;
      return [{ kind: 'session', at, gateway: name, family, state: 'open', how: 'first KEEPALIVE' }];
    }
    case 'update': {
      const path = message.asPath.length > 1 ? [`AS path ${message.asPath.join(' ')}`] : [];
      const med = message.med === undefined ? [] : [`MED ${message.med}`];
      const communities = message.communities.length > 0 ? [message.communities.join(' ')] : [];
      const detail = [...med, ...path, ...communities].join(', ');
      return [
        ...message.withdrawn.map((prefix): LabEvent => ({ kind: 'withdraw', at, gateway: name, prefix })),
        ...message.announced.map((prefix): LabEvent => ({
          kind: 'announce',
          at,
          gateway: name,
          prefix,
          detail: detail === '' ? '' : `(${detail})`,
        })),
      ];
    }
    case 'notification':
      return [{ kind: 'action', at, text: `${name} sent NOTIFICATION ${message.code}/${message.subcode}` }];
    case 'open':
      return [];
    default: {
      const unknown: never = message;
      return unknown;
    }
  }
}
