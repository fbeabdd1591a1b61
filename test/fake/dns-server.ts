/** A DNS server over UDP that answers A, AAAA and TXT questions from a table (RFC 1035 section 4). */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';

export class FakeDnsServer {
  readonly #socket: Socket;
  /** "intranet.example A" → addresses or texts; what is not in it gets NXDOMAIN. */
  readonly records = new Map<string, readonly string[]>();
  readonly askers: string[] = [];
  silent = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (query, { port, address }) => {
      this.askers.push(address);
      if (!this.silent) socket.send(this.#answer(query), port, address);
    });
  }

  static async listen(address: string): Promise<FakeDnsServer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).bind(0, address, resolve);
    });
    return new FakeDnsServer(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #answer(query: Buffer): Buffer {
    let at = 12;
    const labels: string[] = [];
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const type = query.readUInt16BE(at + 1);
    const question = query.subarray(12, at + 5);
    const key = `${labels.join('.').toLowerCase()} ${TYPES[type] ?? String(type)}`;
    const records = this.records.get(key) ?? [];
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(records.length === 0 ? 0x8183 : 0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, question, ...records.map((record) => answer(type, record))]);
  }
}

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 16: 'TXT', 28: 'AAAA' };

function answer(type: number, record: string): Buffer {
  const data = bytesOf(record);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0); // the name of the question
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function bytesOf(record: string): Buffer {
  if (isIPv4(record)) return Buffer.from(record.split('.').map(Number));
  if (isIPv6(record)) {
    const [left = '', right = ''] = record.split('::');
    const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
    const zeros = 8 - groups(left).length - groups(right).length;
    const all = [...groups(left), ...Array.from({ length: zeros }, () => '0'), ...groups(right)];
    return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
  }
  return Buffer.concat([Buffer.from([record.length]), Buffer.from(record, 'latin1')]);
}
