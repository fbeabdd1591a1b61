/** What an error of VICI says about charon. Pure. */
import { StrongswanError } from './strongswan.ts';
import { ViciError, type ViciErrorCode } from './vici/errors.ts';

/**
 * Why there is no answer.
 *   gone      no socket, or nobody listens on it
 *   silent    it is accepted or waits in the backlog, and no answer comes
 *   denied    this user may not open it
 *   stranger  something answers that is not charon
 *   stopped   this side gave up
 */
export interface Down {
  readonly kind: 'gone' | 'silent' | 'denied' | 'stranger' | 'stopped';
  readonly detail: string;
}

export const STOPPED: Down = { kind: 'stopped', detail: 'the look was ended from outside' };

/**
 * A defect (any other error) is thrown on. `hungUp`: charon itself closed the last connection, which only its end
 * does; then it counts as gone also where this host can open no other one to look closer.
 */
export function downBy(error: unknown, hungUp = false): Down {
  if (hungUp && error instanceof ViciError && isOurLack(error)) {
    return {
      kind: 'gone',
      detail: `charon closed its connections, and none can be opened: ${error.message}`,
    };
  }
  if (error instanceof StrongswanError) return { kind: 'stranger', detail: error.message };
  if (error instanceof ViciError) return { kind: kindOf(error.code), detail: first(error).message };
  throw error;
}

/** Of several calls on one connection, the one that ended it says why; the others only that they waited. */
const first = (error: ViciError): ViciError =>
  error.cause instanceof ViciError ? first(error.cause) : error;

/** Out of descriptors or memory (connect(2), socket(2)): says nothing about charon. */
const isOurLack = ({ cause }: ViciError): boolean =>
  cause instanceof Error && 'code' in cause && OUR_LACKS.has(cause.code);

export const OUR_LACKS: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

export const isClosed = (error: unknown): boolean =>
  error instanceof ViciError && error.code === 'VICI_CLOSED';

function kindOf(code: ViciErrorCode): Down['kind'] {
  switch (code) {
    case 'VICI_ABSENT':
    case 'VICI_REFUSED':
      return 'gone';
    case 'VICI_DENIED':
      return 'denied';
    case 'VICI_BUSY':
    case 'VICI_TIMEOUT':
      return 'silent';
    case 'VICI_ABORTED':
      return 'stopped';
    case 'VICI_CLOSED':
    case 'VICI_PROTOCOL':
    case 'VICI_TOO_LARGE':
    case 'VICI_UNKNOWN_COMMAND':
    case 'VICI_FAILED':
    case 'VICI_NOT_ALLOWED':
      return 'stranger';
    default:
      return never(code);
  }
}

const never = (code: never): never => {
  throw new Error(`no such code: ${String(code)}`);
};
