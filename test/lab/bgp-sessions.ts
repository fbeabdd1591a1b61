import type { LabEvent, Where } from './timeline.ts';
import { gatewayAt, type GatewayName, type GatewayPlan, type Topology } from './topology.ts';
import { address, BgpReader, type BgpMessage } from './wire/bgp-wire.ts';
import type { TcpSegment } from './wire/pcap.ts';
import { TcpStream } from './wire/tcp-stream.ts';

/** How many BGP messages of each type a gateway sent, over all its sessions. */
export type SentMessages = Readonly<Record<BgpMessage['type'], number>>;

interface Session {
  readonly stream: TcpStream;
  readonly reader: BgpReader;
  open: boolean;
  holeReported: boolean;
}

const NOTHING_SENT: SentMessages = { open: 0, update: 0, notification: 0, keepalive: 0 };

/**
 * What the gateways say to the router, from the captured segments: UPDATEs, and when each session opens and ends.
 * Pure; the events carry the segments' own CLOCK_REALTIME.
 */
export class BgpSessions {
  readonly #topology: Topology;
  /** By gateway, family and the gateway's port: a new connection has a new one. */
  readonly #sessions = new Map<string, Session>();
  readonly #sent = new Map<GatewayName, Record<BgpMessage['type'], number>>();

  readonly #where: Where;

  /** @param where see Where */
  constructor(topology: Topology, where?: Where['where']) {
    this.#topology = topology;
    this.#where = where === undefined ? {} : { where };
  }

  /** Counted from the start on. */
  sent(gateway: GatewayName): SentMessages {
    return { ...(this.#sent.get(gateway) ?? NOTHING_SENT) };
  }

  push(segment: TcpSegment): LabEvent[] {
    return this.#read(segment).map((event) => ({ ...event, ...this.#where }));
  }

  #read(segment: TcpSegment): LabEvent[] {
    const source = address(segment.source);
    const sender = gatewayAt(this.#topology, source);
    const gateway = sender ?? gatewayAt(this.#topology, address(segment.destination));
    if (gateway === undefined) return [];
    const family = source.includes(':') ? 6 : 4;
    const key = `${gateway.name} ${family} ${sender === undefined ? segment.destinationPort : segment.sourcePort}`;
    if (sender !== undefined && segment.syn)
      this.#sessions.set(key, {
        stream: new TcpStream(),
        reader: new BgpReader(),
        open: false,
        holeReported: false,
      });
    const session = this.#sessions.get(key);
    if (session === undefined) return [];
    const events: LabEvent[] = [];
    if (sender !== undefined) {
      for (const bytes of session.stream.push(segment))
        for (const message of session.reader.push(bytes)) {
          const sent = this.sent(gateway.name);
          this.#sent.set(gateway.name, { ...sent, [message.type]: sent[message.type] + 1 });
          const wasOpen = session.open;
          events.push(...describe(message, segment.at, gateway, family, session));
          if (session.open && !wasOpen) this.#supersede(`${gateway.name} ${family} `, key);
        }
      if (session.stream.hasHole && !session.holeReported) {
        session.holeReported = true;
        const text = `capture: a hole in what ${gateway.name} sent over IPv${family}; what follows is not seen before it is filled`;
        events.push({ kind: 'action', at: segment.at, text });
      }
    }
    if (segment.fin || segment.rst) {
      const how = `${segment.rst ? 'RST' : 'FIN'} from ${sender === undefined ? 'the router' : 'the gateway'}`;
      if (session.open)
        events.push({ kind: 'session', at: segment.at, gateway: gateway.name, family, state: 'closed', how });
      this.#sessions.delete(key);
    }
    return events;
  }

  /** What was left of an earlier session, by a host that fell silent say, may end long after: that is no news. */
  #supersede(side: string, key: string): void {
    for (const other of this.#sessions.keys())
      if (other.startsWith(side) && other !== key) this.#sessions.delete(other);
  }
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
      const med = message.med === undefined ? [] : [`MED ${message.med}`];
      const path = message.asPath.length > 1 ? [`AS path ${message.asPath.join(' ')}`] : [];
      const { withdrawn, announced, type: _, ...route } = message;
      const more = [...route.largeCommunities, ...route.extendedCommunities];
      const detail = [...med, ...path, ...message.communities, ...more].join(', ');
      return [
        ...withdrawn.map((prefix): LabEvent => ({ kind: 'withdraw', at, gateway: name, prefix })),
        ...announced.map((prefix): LabEvent => ({
          kind: 'announce',
          at,
          gateway: name,
          prefix,
          detail,
          route,
        })),
      ];
    }
    case 'notification': {
      const text = `${name} sends NOTIFICATION ${message.code}/${message.subcode} over IPv${family}`;
      return [{ kind: 'action', at, text }];
    }
    case 'open':
      return [];
    default: {
      const unknown: never = message;
      return unknown;
    }
  }
}
