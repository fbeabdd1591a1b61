/**
 * The plugin error-notify: charon writes a record of fixed size for each failure to whoever listens on its
 * socket. It is how strongSwan before 6.0.3, which has the VICI event `alert`, tells of failures by itself.
 */
import { createConnection, type Socket } from 'node:net';
import { setTimer as systemTimer, type HealthLog, type SetTimer } from './seams.ts';

/** int32 type (big-endian), char str[384], name[64], id[256], ip[60] (error_notify_msg.h of 5.9). */
export const RECORD_BYTES = 768;

/** Type numbers of the plugin that have been the same since 2012, as the VICI event `alert` calls them. */
const TYPES: readonly string[] = [
  '',
  'radius-not-responding',
  'local-auth-failed',
  'peer-auth-failed',
  'parse-error-header',
  'parse-error-body',
  'retransmit-send-timeout',
  'half-open-timeout',
  'proposal-mismatch-ike',
  'proposal-mismatch-child',
  'ts-mismatch',
  'install-child-sa-failed',
  'install-child-policy-failed',
  'unique-replace',
  'unique-keep',
  'vip-failure',
  'authorization-failed',
];

/** Cuts the stream into records; the rest waits for more. Types that are not known are left out. */
export class RecordReader {
  #rest = Buffer.alloc(0);

  push(chunk: Buffer): string[] {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const types: string[] = [];
    let at = 0;
    for (; bytes.length - at >= RECORD_BYTES; at += RECORD_BYTES) {
      const type = TYPES[bytes.readInt32BE(at)] ?? '';
      if (type !== '') types.push(type);
    }
    this.#rest = bytes.subarray(at);
    return types;
  }
}

/** charon may start later than we do, and again at any time. */
const RETRY_MS = 5000;

/** Calls back with the type of each failure; connects again for ever. Returns how to stop. */
export function watchErrorNotify(
  path: string,
  onAlert: (type: string) => void,
  log: HealthLog,
  setTimer: SetTimer = systemTimer,
): () => void {
  let socket: Socket | undefined;
  let cancel: (() => void) | undefined;
  let told = false;
  const connect = (): void => {
    const reader = new RecordReader();
    socket = createConnection(path);
    socket.on('connect', () => {
      told = false;
    });
    socket.on('data', (chunk: Buffer) => {
      for (const type of reader.push(chunk)) onAlert(type);
    });
    socket.on('error', (error) => {
      if (!told) log.warn({ path, err: error }, 'no connection to the socket of error-notify; trying on');
      told = true;
    });
    socket.on('close', () => {
      cancel = setTimer(RETRY_MS, connect);
    });
  };
  connect();
  return () => {
    cancel?.();
    socket?.removeAllListeners('close');
    socket?.destroy();
  };
}
