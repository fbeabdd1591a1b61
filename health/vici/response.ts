/** What a CMD_RESPONSE or CMD_UNKNOWN means for the caller. */
import { ViciError } from './errors.ts';
import type { Message } from './message.ts';

/** The response, unless it is none (VICI_UNKNOWN_COMMAND) or says `success=no` (VICI_FAILED). */
export function successful(command: string, response: Message | undefined): Message {
  if (response === undefined) throw unknownToCharon('command', command);
  if (response['success'] !== 'no') return response;
  const { errmsg } = response;
  const said = typeof errmsg === 'string' || Buffer.isBuffer(errmsg) ? errmsg.toString() : 'no reason given';
  throw new ViciError('VICI_FAILED', `charon refused VICI command "${command}": ${said}`, { response });
}

export function unknownToCharon(kind: 'command' | 'event', name: string): ViciError {
  const way = 'its version is too old, or a plugin is not loaded';
  return new ViciError('VICI_UNKNOWN_COMMAND', `charon knows no VICI ${kind} "${name}": ${way}`);
}
