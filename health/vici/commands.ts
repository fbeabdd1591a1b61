/**
 * What this client may send. VICI is all-powerful (it hands out keys, unloads connections, ends IKE_SAs),
 * so each client type has a closed list, as a type and checked again before each send. Never on a list:
 * load-*, unload-*, clear-creds, flush-certs, reload-settings, get-keys, get-shared, install, uninstall,
 * reset-counters. `initiate` is on the list of the canary alone, which speaks to a charon of its own.
 */
import { ViciError } from './errors.ts';

export const READ_COMMANDS = [
  'version',
  'stats',
  'list-sas',
  'list-policies',
  'list-conns',
  'list-certs',
  'list-authorities',
  'get-conns',
  'get-authorities',
  'get-pools',
  'get-algorithms',
  'get-counters',
] as const;
export type ReadCommand = (typeof READ_COMMANDS)[number];

export const MOVE_COMMANDS = [...READ_COMMANDS, 'redirect', 'terminate', 'rekey'] as const;
export type MoveCommand = (typeof MOVE_COMMANDS)[number];

/** Brings up and ends tunnels: for a charon that is nobody's gateway, only a client of somebody else's. */
export const INITIATE_COMMANDS = ['version', 'list-sas', 'initiate', 'terminate'] as const;
export type InitiateCommand = (typeof INITIATE_COMMANDS)[number];

/** Commands that answer by events, with the event (vici/README.md, "Client-initiated commands"). */
export const STREAM_EVENTS = {
  'list-sas': 'list-sa',
  'list-policies': 'list-policy',
  'list-conns': 'list-conn',
  'list-certs': 'list-cert',
  'list-authorities': 'list-authority',
} as const;
export type StreamCommand = keyof typeof STREAM_EVENTS;
export type StreamEvent = (typeof STREAM_EVENTS)[StreamCommand];

/**
 * Events worth a subscription. `alert` exists since strongSwan 6.0.3. Not here: `log` and `control-log`,
 * one event per log line, which can lock up charon before 5.9.11 (strongSwan #566).
 */
export const VICI_EVENTS = [
  'ike-updown',
  'ike-rekey',
  'ike-update',
  'child-updown',
  'child-rekey',
  'alert',
] as const;
export type ViciEvent = (typeof VICI_EVENTS)[number];

/** The event that a command streams its answer by; undefined for one that answers by its response. */
export function streamEvent(command: string): StreamEvent | undefined {
  return isStreamCommand(command) ? STREAM_EVENTS[command] : undefined;
}

function isStreamCommand(command: string): command is StreamCommand {
  return Object.hasOwn(STREAM_EVENTS, command);
}

/** Throws VICI_NOT_ALLOWED for a command that is not on the list. */
export function allowCommand(allowed: ReadonlySet<string>, command: string): void {
  if (allowed.has(command)) return;
  throw new ViciError(
    'VICI_NOT_ALLOWED',
    `VICI command "${command}" is not on the list of this client (${[...allowed].join(', ')})`,
  );
}

/** Without its event registered charon answers such a command with nothing, which would read as "none". */
export function allowRequest(command: string): void {
  const event = streamEvent(command);
  if (event === undefined) return;
  throw new ViciError(
    'VICI_NOT_ALLOWED',
    `VICI command "${command}" answers by "${event}" events: call stream('${command}', '${event}')`,
  );
}

/** Throws VICI_NOT_ALLOWED unless the command streams its answer by that event. */
export function allowStream(command: string, event: string): void {
  const own = streamEvent(command);
  if (own === event) return;
  const text = own === undefined ? 'answers at once: call request()' : `answers by "${own}" events`;
  throw new ViciError('VICI_NOT_ALLOWED', `VICI command "${command}" does not stream "${event}", it ${text}`);
}

/** Throws VICI_NOT_ALLOWED for an event that nobody should subscribe to. */
export function allowEvent(event: string): void {
  if (VICI_EVENTS.some((known) => known === event)) return;
  throw new ViciError(
    'VICI_NOT_ALLOWED',
    `VICI event "${event}" may not be subscribed to (only ${VICI_EVENTS.join(', ')})`,
  );
}
