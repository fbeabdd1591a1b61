/** The one error of the VICI client. The code says what to think of charon, the text what to do about it. */
import type { Message } from './message.ts';

export const VICI_ERROR_CODES = [
  /** No socket at that path. */
  'VICI_ABSENT',
  /** The socket file is there, nobody listens: charon is gone. */
  'VICI_REFUSED',
  /** This user may not open the socket. */
  'VICI_DENIED',
  /** It could not be opened just now (backlog full, out of descriptors): says nothing certain about charon. */
  'VICI_BUSY',
  /** charon closed or reset the connection. Never used for a close of our own. */
  'VICI_CLOSED',
  /** No answer within the deadline. */
  'VICI_TIMEOUT',
  /** This side gave up: an AbortSignal, or `close()`. */
  'VICI_ABORTED',
  /** What came is not VICI, or not what VICI allows here. */
  'VICI_PROTOCOL',
  /** What should be sent does not fit a VICI message. Nothing was sent. */
  'VICI_TOO_LARGE',
  /** charon knows no such command, or no such event to stream. */
  'VICI_UNKNOWN_COMMAND',
  /** charon answered `success=no`: see `response`. */
  'VICI_FAILED',
  /** The command is not on this client's list, or is not called the way it answers. Nothing was sent. */
  'VICI_NOT_ALLOWED',
] as const;
export type ViciErrorCode = (typeof VICI_ERROR_CODES)[number];

export interface ViciErrorOptions {
  readonly cause?: unknown;
  readonly response?: Message;
}

export class ViciError extends Error {
  override readonly name = 'ViciError';
  readonly code: ViciErrorCode;
  /** The whole answer, with VICI_FAILED. */
  readonly response: Message | undefined;

  constructor(code: ViciErrorCode, text: string, options: ViciErrorOptions = {}) {
    super(text, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.response = options.response;
  }
}

/** What a failed connect means, by errno (unix(7), connect(2)). */
export function connectError(path: string, cause: NodeJS.ErrnoException): ViciError {
  const [code, text] = connectMeaning(cause.code);
  return new ViciError(code, `VICI socket ${path} ${text} (${cause.code ?? cause.message})`, { cause });
}

function connectMeaning(errno: string | undefined): readonly [ViciErrorCode, string] {
  switch (errno) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ELOOP':
    case 'EINVAL':
    case 'ENAMETOOLONG':
      return [
        'VICI_ABSENT',
        'does not exist: start strongSwan, or give the path that `vici.socket` has in strongswan.conf',
      ];
    case 'ECONNREFUSED':
      return ['VICI_REFUSED', 'is there, but nobody listens on it: charon is not running'];
    case 'EACCES':
    case 'EPERM':
      return [
        'VICI_DENIED',
        'may not be opened by this user: set `group` for charon in strongswan.conf, or join the group of the socket',
      ];
    case 'EAGAIN':
      return [
        'VICI_BUSY',
        'takes no more connections, its backlog is full: charon hangs, or too many clients connect at once',
      ];
    case 'EPROTOTYPE':
    case 'ENOTSOCK':
      return ['VICI_PROTOCOL', 'is not a stream socket, so it is not the one of charon: check the path'];
    case 'ECONNRESET':
    case 'EPIPE':
      return ['VICI_CLOSED', 'was closed by charon while it was being opened'];
    default:
      // Out of descriptors or memory and the like: a fact about this host, none about charon.
      return ['VICI_BUSY', 'could not be opened'];
  }
}
