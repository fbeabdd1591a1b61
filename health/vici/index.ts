/**
 * DOC: a client for VICI, the interface of strongSwan's charon (strongSwan, src/libcharon/plugins/vici/README.md).
 * Needs nothing but Node, knows nothing of swancast; also the package's export "./vici".
 *
 *   const vici = await openReader('/run/charon.vici');
 *   const stats = await vici.request('stats', {}, { deadlineMs: 1000 });
 *   for await (const message of vici.stream('list-sas', 'list-sa', { noblock: 'yes' })) …
 *   const { unknown } = await vici.subscribe(['ike-updown', 'alert'], (event, message) => …);
 *   const why = await vici.closed;
 *
 * From the bytes up:
 *   framing.ts     length and body, however the stream is split        (pure)
 *   message.ts     sections, values, lists                             (pure)
 *   packet.ts      the eight packet types                              (pure)
 *   commands.ts    what may be sent: closed lists, by type and checked (pure)
 *   response.ts    success, refusal, unknown                           (pure)
 *   errors.ts      ViciError and its closed list of codes              (pure)
 *   connect.ts     path → socket, errno → code
 *   turns.ts       one call at a time, deadlines, aborts
 *   connection.ts  one socket: exchanges and event sinks
 *   stream.ts      commands that answer by events
 *   client.ts      the pair of connections: request, stream, subscribe, closed
 */
export {
  INITIATE_COMMANDS,
  type InitiateCommand,
  MOVE_COMMANDS,
  type MoveCommand,
  READ_COMMANDS,
  type ReadCommand,
  STREAM_EVENTS,
  type StreamCommand,
  type StreamEvent,
  VICI_EVENTS,
  type ViciEvent,
} from './commands.ts';
export {
  type EventListener,
  type InitiatorClient,
  type MoverClient,
  type OpenOptions,
  openInitiator,
  openMover,
  openReader,
  type ReadClient,
  type ViciClient,
} from './client.ts';
export { type CallOptions, type Connector, DEFAULT_DEADLINE_MS } from './connect.ts';
export { VICI_ERROR_CODES, ViciError, type ViciErrorCode } from './errors.ts';
export { Deframer, frame, MAX_FRAME_BYTES } from './framing.ts';
export { decodeMessage, encodeMessage, type Message, type Section, section, type Value } from './message.ts';
export { decodePacket, encodePacket, type Packet, type PacketType } from './packet.ts';
